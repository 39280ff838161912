import TVSLanguage

/// The builtins that need no engine: numbers, text, lists, functions, output and files.
public enum CoreBuiltins {
  /// Every record of the topic, and those that lists and numbers share with tensors.
  public static let all: [Builtin] =
    output + reflection + lists + functional + reductions + elementwise + pairings + strings + files + control
}

extension Value {
  /// A whole number as a value.
  init(_ count: Int) { self = .number(Double(count)) }
}
