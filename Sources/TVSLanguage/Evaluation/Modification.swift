import OrderedCollections

/// One step of an assignment's target after its name, evaluated: `[i]` or `.field`.
struct ResolvedStep {
  let kind: Kind
  /// What an error marks.
  let range: SourceRange

  enum Kind {
    case index([Subscript])
    case field(String)
  }
}

/// Changing values inside of values.
///
/// Every level is taken out of its place while the level inside is changed, so that it has one owner and is changed
/// where it lies: a loop over `x[i] = …` is linear. It is put back on the way out, also when an error is thrown.
enum Modification {
  typealias Change = (inout Value) throws -> Void

  /// Applies `change` to what the steps lead to.
  ///
  /// - Parameter isNew: whether the last step may name a field that does not exist yet.
  static func modify(_ value: inout Value, _ steps: ArraySlice<ResolvedStep>, isNew: Bool, _ change: Change) throws {
    guard let step = steps.first else { return try change(&value) }
    let rest = steps.dropFirst()
    do {
      switch step.kind {
      case .index(let subscripts): try modify(&value, at: subscripts, rest, isNew, change)
      case .field(let name): try modify(&value, field: name, rest, isNew, change)
      }
    } catch let report as ErrorReport {
      throw RuntimeFailure(report, at: step.range)
    }
  }

  private static func modify(
    _ value: inout Value, at subscripts: [Subscript], _ rest: ArraySlice<ResolvedStep>, _ isNew: Bool, _ change: Change
  ) throws {
    switch value.structure {
    case .list:
      switch try Indexing.single(subscripts, of: value) {
      case .value(let index):
        let position = try Indexing.position(index, count: value.listCount, in: value)
        var elements = value.takeList()
        defer { value = .list(elements) }
        try modify(&elements[position], rest, isNew: isNew, change)
      case .slice(let from, let to, let step):
        let slice = try Slice(from, to, step, count: value.listCount)
        var part = try Indexing.element(of: value, at: subscripts)
        try modify(&part, rest, isNew: isNew, change)
        guard case .list(let replacement) = part else {
          throw ErrorReport(.wrongKind, "a slice of a list is replaced by a list, not \(part.article)")
        }
        var elements = value.takeList()
        defer { value = .list(elements) }
        if slice.step == 1 {
          elements.replaceSubrange(slice.start..<max(slice.start, slice.end), with: replacement)
        } else {
          let positions = Array(slice.positions)
          guard positions.count == replacement.count else {
            throw ErrorReport(
              .invalidArgument, "the slice has \(positions.count) elements and the list \(replacement.count)")
          }
          for (position, element) in zip(positions, replacement) { elements[position] = element }
        }
      }
    case .record:
      guard case .value(let key) = try Indexing.single(subscripts, of: value), case .string(let name) = key else {
        throw ErrorReport(.wrongKind, "the keys of a record are strings")
      }
      if !isNew || !rest.isEmpty { try requireKey(value, name, .indexOutOfRange, "subscripts") }
      try modifyRecord(&value, name, rest, isNew, change)
    case .native:
      var part = Value.nil
      if !isNew || !rest.isEmpty { part = try Indexing.element(of: value, at: subscripts) }
      try modify(&part, rest, isNew: isNew, change)
      guard let replaced = try replace(&value, { try $0.replacing(at: subscripts, with: part, isUnique: $1) }) else {
        throw ErrorReport(.notSupported, "the elements of \(value.article) cannot be assigned")
      }
      value = .native(replaced)
    case .string:
      throw ErrorReport(
        .notSupported, "the characters of a string cannot be assigned",
        help: "make a new string, as with replace(text, old, new)")
    case .module, .plain: throw Indexing.notIndexed(value)
    }
  }

  private static func modify(
    _ value: inout Value, field name: String, _ rest: ArraySlice<ResolvedStep>, _ isNew: Bool, _ change: Change
  ) throws {
    switch value.structure {
    case .record:
      if !isNew || !rest.isEmpty { try requireKey(value, name, .unknownField, "name") }
      try modifyRecord(&value, name, rest, isNew, change)
    case .native:
      var part = Value.nil
      if !isNew || !rest.isEmpty {
        guard let field = try Indexing.field(of: value, name) else { throw unknownField(value, name) }
        part = field
      }
      try modify(&part, rest, isNew: isNew, change)
      guard let replaced = try replace(&value, { native, _ in try native.replacing(field: name, with: part) }) else {
        guard Indexing.fieldNames(of: value).contains(name) else { throw unknownField(value, name) }
        throw ErrorReport(.notSupported, "the field \(name) of \(value.article) cannot be assigned")
      }
      value = .native(replaced)
    case .module:
      throw ErrorReport(.notSupported, "the names of a module cannot be assigned", help: "assign in its file")
    case .list, .string, .plain:
      throw ErrorReport(.notSupported, "\(value.article) has no fields", argument: "name")
    }
  }

  private static func unknownField(_ value: Value, _ name: String) -> ErrorReport {
    ErrorReport(
      .unknownField, "\(value.article) has no field \(name)",
      help: Spelling.suggestion(for: name, among: Indexing.fieldNames(of: value)), argument: "name")
  }

  /// Kept apart so that its copy of the record is gone when the record is changed.
  private static func requireKey(_ value: Value, _ name: String, _ code: ErrorCode, _ argument: String) throws {
    guard case .record(let fields) = value, fields[name] == nil else { return }
    throw Indexing.missingKey(name, Array(fields.keys), code, argument)
  }

  private static func modifyRecord(
    _ value: inout Value, _ name: String, _ rest: ArraySlice<ResolvedStep>, _ isNew: Bool, _ change: Change
  ) throws {
    var fields = value.takeRecord()
    defer { value = .record(fields) }
    if fields[name] == nil {
      var fresh = Value.nil
      try modify(&fresh, rest, isNew: isNew, change)
      fields[name] = fresh
    } else {
      try modify(&fields[name, default: .nil], rest, isNew: isNew, change)
    }
  }

  /// Calls `body` with the native value and whether nobody else holds it.
  private static func replace(
    _ value: inout Value, _ body: (any NativeValue, Bool) throws -> (any NativeValue)?
  ) throws -> (any NativeValue)? {
    guard var native = value.takeNative() else { return nil }
    defer { value = .native(native) }
    func isUnique<T: NativeValue>(_ object: inout T) -> Bool { isKnownUniquelyReferenced(&object) }
    let unique = isUnique(&native)
    return try body(native, unique)
  }
}

/// Taking the content out of a value leaves nil behind, so that the content has one owner and can grow or change in
/// place. A pattern that binds the content in place would keep a second owner alive.
extension Value {
  fileprivate var listCount: Int { if case .list(let elements) = self { elements.count } else { 0 } }

  mutating func takeList() -> [Value] {
    guard case .list(let elements) = self else { return [] }
    self = .nil
    return elements
  }

  mutating func takeString() -> String {
    guard case .string(let text) = self else { return "" }
    self = .nil
    return text
  }

  fileprivate mutating func takeRecord() -> OrderedDictionary<String, Value> {
    guard case .record(let fields) = self else { return [:] }
    self = .nil
    return fields
  }

  fileprivate mutating func takeNative() -> (any NativeValue)? {
    guard case .native(let native) = self else { return nil }
    self = .nil
    return native
  }

  /// What a value is made of. A switch over the value itself would hold a copy of its content while the content is
  /// changed, which would then be copied every time.
  fileprivate enum Structure {
    case list, record, native, string, module, plain
  }

  fileprivate var structure: Structure {
    switch self {
    case .list: .list
    case .record: .record
    case .native: .native
    case .string: .string
    case .module: .module
    case .nil, .bool, .number, .function: .plain
    }
  }

  var isList: Bool { if case .list = self { true } else { false } }
  var isString: Bool { if case .string = self { true } else { false } }
}
