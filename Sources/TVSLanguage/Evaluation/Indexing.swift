/// Reading `x[…]` and `x.name`. Errors say with `argument` which part to mark: `subscripts` or `name`.
enum Indexing {
  static func element(of value: Value, at subscripts: [Subscript]) throws -> Value {
    switch value {
    case .list(let elements):
      switch try single(subscripts, of: value) {
      case .value(let index): return elements[try position(index, count: elements.count, in: value)]
      case .slice(let from, let to, let step):
        let range = try Slice(from, to, step, count: elements.count)
        if range.step == 1 { return .list(Array(elements[range.start..<max(range.start, range.end)])) }
        return .list(range.positions.map { elements[$0] })
      }
    case .string(let text):
      switch try single(subscripts, of: value) {
      case .value(let index):
        let position = try position(index, count: text.count, in: value)
        return .string(String(text[text.index(text.startIndex, offsetBy: position)]))
      case .slice(let from, let to, let step):
        let characters = Array(text)
        return .string(String(try Slice(from, to, step, count: characters.count).positions.map { characters[$0] }))
      }
    case .record(let fields):
      guard case .value(let key) = try single(subscripts, of: value) else {
        throw ErrorReport(
          .notSupported, "a record has no slices", help: "its fields are r.name or r[\"name\"]", argument: "subscripts")
      }
      guard case .string(let name) = key else {
        throw ErrorReport(.wrongKind, "the keys of a record are strings, not \(key.article)", argument: "subscripts")
      }
      guard let field = fields[name] else { throw missingKey(name, Array(fields.keys), .indexOutOfRange, "subscripts") }
      return field
    case .native(let native):
      if let element = try native.element(at: subscripts) { return element }
    default: break
    }
    throw notIndexed(value)
  }

  static func notIndexed(_ value: Value) -> ErrorReport {
    var help: String?
    if case .function(let function) = value { help = "a function is called: \(function.name ?? "f")(…)" }
    return ErrorReport(.notSupported, "\(value.article) has no elements to index", help: help)
  }

  static func missingKey(_ name: String, _ names: [String], _ code: ErrorCode, _ argument: String) -> ErrorReport {
    let nearest = Spelling.suggestion(for: name, among: names)
    let known = names.isEmpty ? "the record is empty" : "its fields are " + names.prefix(12).joined(separator: ", ")
    return ErrorReport(
      code, "the record has no field \(name)", help: nearest ?? known + (names.count > 12 ? ", …" : ""),
      argument: argument)
  }

  static func single(_ subscripts: [Subscript], of value: Value) throws -> Subscript {
    guard subscripts.count == 1, let first = subscripts.first else {
      throw ErrorReport(
        .notSupported, "\(value.article) takes one index, not \(subscripts.count)",
        help: "write x[0][1], or make a tensor of it",
        argument: "subscripts")
    }
    return first
  }

  /// The offset that an index means; negative ones count from the end.
  static func position(_ index: Value, count: Int, in value: Value) throws -> Int {
    guard let whole = index.wholeNumber else {
      let message: String
      if let number = index.numberValue {
        message = "\(NumberText.shortest(number)) is not a whole number and cannot be an index"
      } else {
        message = "an index is a whole number, not \(index.article)"
      }
      throw ErrorReport(.wrongKind, message, argument: "subscripts")
    }
    let position = whole < 0 ? whole + count : whole
    guard position >= 0, position < count else {
      let what = if case .string = value { "character" } else { "element" }
      throw ErrorReport(
        .indexOutOfRange,
        "index \(whole) is outside of \(value.article) with \(NumberText.grouped(count)) \(what)\(count == 1 ? "" : "s")",
        label: count == 0 ? "it is empty" : "indices go from 0 to \(count - 1), or from -\(count) to -1",
        help: count == 0 ? "test len(x) first" : "x[-1] is the last one, and len(x) counts them", argument: "subscripts"
      )
    }
    return position
  }

  /// `x.name`.
  static func field(of value: Value, _ name: String) throws -> Value? {
    switch value {
    case .record(let fields): return fields[name]
    case .module(let module): return module.member(name)
    case .native(let native): return try native.field(name)
    default: return nil
    }
  }

  static func fieldNames(of value: Value) -> [String] {
    switch value {
    case .record(let fields): Array(fields.keys)
    case .module(let module): module.memberNames
    case .native(let native): native.fieldNames
    default: []
    }
  }
}

/// The positions of a slice, by Python's rules.
struct Slice {
  let start: Int
  let end: Int
  let step: Int

  init(_ from: Int?, _ to: Int?, _ step: Int?, count: Int) throws {
    let step = step ?? 1
    guard step != 0 else {
      throw ErrorReport(.invalidArgument, "the step of a slice is not 0", argument: "subscripts")
    }
    func bound(_ value: Int?, _ standard: Int) -> Int {
      guard let value else { return standard }
      let position = value < 0 ? (value < -count ? -1 : value + count) : value
      return step > 0 ? min(max(position, 0), count) : min(max(position, -1), count - 1)
    }
    self.step = step
    start = bound(from, step > 0 ? 0 : count - 1)
    end = bound(to, step > 0 ? count : -1)
  }

  var positions: StrideTo<Int> { stride(from: start, to: end, by: step) }
}
