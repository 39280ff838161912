import TVSLanguage

/// All builtins, topic by topic. A topic is an enum with a list of records in files of its own; adding a builtin is
/// adding a record there.
public enum Library {
  /// Every record.
  public static let all: [Builtin] =
    CoreBuiltins.all + WorkerBuiltins.all + TableBuiltins.all + TensorBuiltins.all + StatisticsBuiltins.all
    + ModelBuiltins.all
    + TextBuiltins.all + DataBuiltins.all + TextDataBuiltins.all
    + TrainingBuiltins.all + GeometryBuiltins.all + SearchBuiltins.all + ActivationBuiltins.all
    + SteeringBuiltins.all + PlotBuiltins.all
}
