import OrderedCollections
import TVSLanguage
import Workers

/// What a script can ask about the processes that run it.
enum WorkerBuiltins {
  static let all: [Builtin] = [workers, pmap]

  private static let workers = Builtin(
    "workers", topic: "core", summary: "How many processes run this script together: 1 unless MPI started it.",
    parameters: [], returns: "number",
    details: """
      mpirun -n 8 tvs search.tvs, or srun, starts eight; all of them run the whole script, and the long calls (search, \
      sidegain, ensemble, es_step, accuracy, loss, perplexity, gradient, plane, drift, erank, activations, contrast, \
      shift, train, recover) share their work out. Only the first one prints, draws and writes. The results have the \
      same bits on any number of workers of one kind of processor with the same TVS_THREADS. docs/scaling.md says how to \
      build it and how far it reaches.
      """,
    examples: [.init("workers()", shows: "1")], errors: ["E0601"], seeAlso: ["search", "train"]
  ) { _ in .number(Double(Team.current.count)) }

  private static let pmap = Builtin(
    "pmap", topic: "core", summary: "Applies a function to each element, shared out among workers.",
    parameters: [
      Parameter("x", help: "a list, or anything that for visits"),
      Parameter("f", "function", help: "of one argument; it gives numbers, strings, bools, nil, lists and records"),
    ],
    returns: "list",
    details: """
      Like map, and with one worker the same. With several each element is one worker's affair: what f calls is not shared \
      out again, what it prints is seen where the first worker prints it and nowhere else, files that it writes are written \
      by the worker that has the element, and names that it changes are changed there. So f should take what it needs and \
      give back what is wanted: seeds of an experiment, for example.
      """,
    examples: [.init("pmap([1, 2, 3], x -> x^2)", shows: "[1, 4, 9]")], errors: ["E0202", "E0601"],
    seeAlso: ["map", "workers"]
  ) { call in
    let elements = try call.elements("x")
    let function = try call.function("f")
    return .list(
      try Team.current.collect("pmap", count: elements.count) { index in
        try Plain(call.apply(function, elements[index]))
      }.map(\.value))
  }

  /// A value that can travel.
  private struct Plain: Portable {
    let value: Value

    init(_ value: Value) throws {
      try Plain.check(value)
      self.value = value
    }

    // What does not travel is refused by one worker too, so that a script does not stop when it gets more.
    private static func check(_ value: Value) throws {
      switch value {
      case .nil, .bool, .number, .string: return
      case .list(let items): for item in items { try check(item) }
      case .record(let fields): for field in fields.values { try check(field) }
      default:
        throw ErrorReport(
          .wrongKind, "\(value.article) does not travel between workers",
          help: "let f give numbers, strings, lists and records, such as x.value of a measure", argument: "f")
      }
    }

    func write(to sink: inout ByteSink) { Plain.write(value, to: &sink) }

    private static func write(_ value: Value, to sink: inout ByteSink) {
      switch value {
      case .bool(let bool):
        sink.write(UInt8(1))
        bool.write(to: &sink)
      case .number(let number):
        sink.write(UInt8(2))
        number.write(to: &sink)
      case .string(let text):
        sink.write(UInt8(3))
        text.write(to: &sink)
      case .list(let items):
        sink.write(UInt8(4))
        sink.write(UInt32(clamping: items.count))
        for item in items { write(item, to: &sink) }
      case .record(let fields):
        sink.write(UInt8(5))
        sink.write(UInt32(clamping: fields.count))
        for (name, field) in fields {
          name.write(to: &sink)
          write(field, to: &sink)
        }
      default: sink.write(UInt8(0))
      }
    }

    init(from source: inout ByteSource) throws(WorkerError) { value = try Plain.read(&source) }

    private static func read(_ source: inout ByteSource) throws(WorkerError) -> Value {
      switch try source.integer(UInt8.self) {
      case 0: return .nil
      case 1: return .bool(try Bool(from: &source))
      case 2: return .number(try Double(from: &source))
      case 3: return .string(try String(from: &source))
      case 4:
        var items: [Value] = []
        for _ in 0..<(try source.integer(UInt32.self)) { items.append(try read(&source)) }
        return .list(items)
      case 5:
        var fields: OrderedDictionary<String, Value> = [:]
        for _ in 0..<(try source.integer(UInt32.self)) {
          let name = try String(from: &source)
          fields[name] = try read(&source)
        }
        return .record(fields)
      default: throw .malformed
      }
    }
  }
}

extension ErrorReport {
  /// What the language says about a failure between processes.
  public init(_ error: WorkerError) {
    switch error {
    case .failed(let text):
      self.init(
        ErrorCode(named: text.code) ?? .unexpected, text.message, label: text.label, help: text.help,
        argument: text.argument)
    case .outOfStep(let rank, let asked, let first):
      self.init(
        .workers, "the workers no longer do the same",
        label: "worker \(rank) has come to \(asked) where worker 0 has \(first)",
        help: "a script must decide by what is the same everywhere: not by files that only some machines have")
    case .transport(let reason): self.init(.workers, "the workers cannot reach each other: \(reason)")
    case .malformed: self.init(.workers, "a message between workers cannot be read")
    }
  }
}

extension Library {
  /// An error in words, for workers on which it did not happen.
  @Sendable public static func describe(_ error: any Error) -> FailureText {
    let report =
      (error as? ErrorReport) ?? ErrorReport(unwrapping: error) ?? translate(error)
      ?? ErrorReport(.unexpected, "\(error)")
    return FailureText(
      code: report.code.description, message: report.message, label: report.label, help: report.help,
      argument: report.argument)
  }
}
