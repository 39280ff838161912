import JSON
import OrderedCollections
import TVSLanguage

/// Reads JSON into values.
enum JSONValues {
  /// The value of a text; of two fields with one name the last counts, as in Python.
  ///
  /// - Throws: ``ErrorReport`` with the place at which it is not JSON.
  static func read(_ text: String) throws -> Value {
    var limits = JSONDocument.Limits(depth: 500)
    limits.bytes = .max
    limits.nodes = .max
    limits.allowsNonFinite = true
    do throws(JSONFault) {
      return value(of: try JSONDocument(Array(text.utf8), limits: limits).root)
    } catch {
      throw ErrorReport(.fileFormat, error.message, argument: "text")
    }
  }

  private static func value(of node: JSONNode) -> Value {
    switch node.kind {
    case .null: return .nil
    case .no: return .bool(false)
    case .yes: return .bool(true)
    case .number: return .number(node.number ?? .nan)
    case .string: return .string(node.string ?? "")
    case .array: return .list(node.children.map(value))
    case .object:
      var fields: OrderedDictionary<String, Value> = [:]
      for (name, field) in node.fields { fields[name.string ?? ""] = value(of: field) }
      return .record(fields)
    }
  }
}

/// Writes values as JSON.
struct JSONWriter {
  /// Spaces for each level; nil for one line.
  let indent: Int?

  func text(_ value: Value) throws -> String {
    var text = ""
    try write(value, into: &text, depth: 0)
    return text
  }

  private func write(_ value: Value, into text: inout String, depth: Int) throws {
    guard depth < 500 else {
      throw ErrorReport(.invalidArgument, "the value is nested more than 500 levels deep", argument: "x")
    }
    switch value {
    case .nil: text += "null"
    case .bool(let flag): text += flag ? "true" : "false"
    case .string(let string): text += JSONText.quoted(string)
    case .list(let elements):
      try write(elements, "[", "]", into: &text, depth) { element, text in
        try write(element, into: &text, depth: depth + 1)
      }
    case .record(let fields):
      try write(Array(fields), "{", "}", into: &text, depth) { field, text in
        text += JSONText.quoted(field.key) + ": "
        try write(field.value, into: &text, depth: depth + 1)
      }
    default:
      if let number = value.numberValue {
        guard number.isFinite else {
          throw ErrorReport(.invalidArgument, "JSON has no \(NumberText.shortest(number))", argument: "x")
        }
        text += NumberText.shortest(number)
      } else if case .native(let native) = value, let elements = try native.elements() {
        try write(.list(elements), into: &text, depth: depth)
      } else {
        throw ErrorReport(.wrongKind, "JSON has no \(value.kind)", argument: "x")
      }
    }
  }

  private func write<T>(
    _ items: [T], _ open: String, _ close: String, into text: inout String, _ depth: Int,
    _ body: (T, inout String) throws -> Void
  ) throws {
    text += open
    for (index, item) in items.enumerated() {
      if index > 0 { text += indent == nil ? ", " : "," }
      if let indent { text += "\n" + String(repeating: " ", count: indent * (depth + 1)) }
      try body(item, &text)
    }
    if let indent, !items.isEmpty { text += "\n" + String(repeating: " ", count: indent * depth) }
    text += close
  }
}
