import TVSLanguage

/// The values of all names at one moment. Values share their storage, so that this costs a word or two a name.
struct NamedValues {
  fileprivate var values: [String: Value] = [:]

  init(_ globals: Globals) {
    for name in globals.names where !Session.isShownValue(name) { values[name] = globals.value(of: name) }
  }

  /// Gives every name its value of that moment, and takes the value of those away that had none.
  func restore(_ globals: Globals) {
    for name in globals.names where !Session.isShownValue(name) && values[name] == nil { globals.remove(name) }
    for (name, value) in values { globals.set(name, value) }
  }
}

/// What names held before their last change: one value a name, and which names the last change touched.
struct ChangedNames {
  /// Nil for a name that did not exist.
  private(set) var earlier: [String: Value?] = [:]
  private(set) var last: [String] = []

  /// Compares the names with what they were.
  mutating func note(_ before: NamedValues, _ globals: Globals) {
    let names = globals.names.filter { !Session.isShownValue($0) }
    let changed = names.filter { name in
      guard let old = before.values[name], let new = globals.value(of: name) else { return true }
      return !old.isUntouched(new)
    }
    if changed.isEmpty { return }
    for name in changed { earlier[name] = .some(before.values[name]) }
    last = changed
  }

  /// Exchanges a name's value with the earlier one, so that a second `:undo` takes the first one back.
  mutating func exchange(_ name: String, _ globals: Globals) {
    guard let old = earlier[name] else { return }
    earlier[name] = .some(globals.value(of: name))
    if let old { globals.set(name, old) } else { globals.remove(name) }
  }
}

extension Value {
  /// Whether a value is the very one it was, told without looking at all of it: lists, records and values of other rooms
  /// by their storage, which cannot have been reused while the earlier value holds it.
  fileprivate func isUntouched(_ other: Value) -> Bool {
    switch (self, other) {
    case (.nil, .nil): true
    case (.bool(let a), .bool(let b)): a == b
    case (.number(let a), .number(let b)): a.bitPattern == b.bitPattern
    case (.string(let a), .string(let b)): a == b
    case (.list(let a), .list(let b)):
      a.count == b.count
        && a.withUnsafeBufferPointer { a in b.withUnsafeBufferPointer { a.baseAddress == $0.baseAddress } }
    case (.record(let a), .record(let b)):
      a.keys == b.keys
        && a.values.withUnsafeBufferPointer { a in
          b.values.withUnsafeBufferPointer { a.baseAddress == $0.baseAddress }
        }
    case (.function(let a), .function(let b)): a === b
    case (.module(let a), .module(let b)): a === b
    case (.native(let a), .native(let b)): a === b
    default: false
    }
  }
}

extension Session {
  /// Gives a name, or the names of the last change, their earlier values.
  func undo(_ name: String) -> Outcome {
    let names = name.isEmpty ? changes.last : [name]
    guard !names.isEmpty else {
      return refuse(
        Diagnostic(.unknownName, "no name has changed yet", range: nil, help: ":undo takes an assignment back"))
    }
    if let unknown = names.first(where: { changes.earlier[$0] == nil }) {
      let near = Spelling.nearest(to: unknown, among: changes.earlier.keys.sorted()).map { "did you mean \($0)?" }
      return refuse(Diagnostic(.unknownName, "\(unknown) has no earlier value", range: nil, help: near))
    }
    for name in names {
      changes.exchange(name, interpreter.globals)
      let value = interpreter.globals.value(of: name)
      let text = value.map { "\(name) = \($0.summary(limit: max(20, width - name.count - 3)))" }
      output.write(Columns.cut(text ?? "\(name) has no value", to: width) + "\n")
    }
    return .ready
  }
}
