import TVSLanguage
import TaskGeometry
import Tensors
import Transformers

extension GeometryBuiltins {
  static let trajectory = Builtin(
    "trajectory", topic: "geometry",
    summary: "Reads a run from the checkpoints or adapters that another trainer saved.",
    parameters: [
      Parameter("paths", "list", help: "files or folders that load reads, such as glob(\"out/checkpoint-*\")"),
      Parameter(
        "base", "model", presence: .optional("none"), byNameOnly: true,
        help: "where training began, or the model that the adapters sit on"),
      Parameter(
        "limit", "integer", presence: .optional("a quarter of the free memory"), byNameOnly: true,
        help: "bytes of steps that stay in memory; the others go to a temporary file"),
    ],
    returns: "run",
    details: """
      Paths that differ in their numbers only are taken in the order of the numbers, checkpoint-2 before checkpoint-10; \
      all others in the order given. T + 1 checkpoints make T steps, s_t = θ_(t+1) − θ_t. With base= in the space of the \
      checkpoints it is θ_0; the base of adapters is not in their space, and the first adapter is θ_0 then.
      Two checkpoints are in memory at a time. Steps past the limit are kept in a file without a name in TMPDIR (else \
      /var/tmp), which vanishes with the run; they are read again for each prefix and capture. It is a run like one of \
      recover, except that nobody knows its losses, seed and optimiser: loss and seed are nil. Steps between distant \
      checkpoints are sums of many steps of the optimiser, so that the path looks straighter than it was.
      """,
    examples: [
      .init(
        exampleRun + """
          ; for t in [0, 2, 10] { save(run[min(t, 8)], f"/tmp/tvs-checkpoint-{t}.safetensors") }
          t = trajectory(glob("/tmp/tvs-checkpoint-*.safetensors")); [len(t), t.loss]
          """, shows: "[2, nil]"),
      .init(
        exampleRun + """
          ; save(run[4], "/tmp/tvs-half.safetensors"); save(run.end, "/tmp/tvs-whole.safetensors")
          trajectory(["/tmp/tvs-half.safetensors", "/tmp/tvs-whole.safetensors"], base=m)
          """),
    ],
    errors: ["E0203", "E0301", "E0304", "E0503"], seeAlso: ["recover", "load", "glob", "prefix"]
  ) { call in
    guard case .list(let items) = call["paths"] else { return .nil }
    let paths = try items.map { item in
      guard case .string(let path) = item else {
        throw ErrorReport(
          .wrongKind, "a path is a string, not \(item.article)", help: "as in trajectory(glob(\"out/checkpoint-*\"))",
          argument: "paths")
      }
      return path
    }
    guard !paths.isEmpty else {
      throw ErrorReport(
        .degenerate, "there are no checkpoints", label: "the list is empty",
        help: "glob(\"out/*\") lists what is in the folder out", argument: "paths")
    }
    return .native(
      RunValue(
        try TaskGeometry.trajectory(
          paths, base: call.isGiven("base") ? call.model("base") : nil,
          limit: call.isGiven("limit") ? call.integer("limit") : nil
        ) { path in try checkpoint(path, call) }))
  }

  /// The model in a file or folder.
  private static func checkpoint(_ path: String, _ call: Call) throws -> Model {
    let value: Value
    do {
      value = try FileFormats.read(path, call)
    } catch var report as ErrorReport {
      report.argument = "paths"
      throw report
    }
    guard case .native(let native) = value, let model = (native as? ModelValue)?.model else {
      throw ErrorReport(
        .wrongKind, "\(path) holds \(value.article), not a model", help: "save(model, path) writes models",
        argument: "paths")
    }
    return model
  }
}
