import Foundation
import JSON
import TVSLanguage
import Tensors

/// The text of a session file in the making: JSON, put together in order.
enum Saved {
  static func text(_ text: String) -> String { JSONText.quoted(text) }
  static func optional(_ text: String?) -> String { text.map(Saved.text) ?? "null" }
  static func whole(_ number: Int) -> String { String(number) }
  static func list(_ items: [String]) -> String { "[\(items.joined(separator: ","))]" }

  static func object(_ fields: [(String, String)]) -> String {
    "{\(fields.map { "\(JSONText.quoted($0)):\($1)" }.joined(separator: ","))}"
  }

  /// A number with every bit: what JSON cannot write as a number is an object.
  static func number(_ number: Double) -> String {
    if number.isFinite, number != 0 || number.sign == .plus { return number.description }
    return object([("bits", text(String(number.bitPattern, radix: 16)))])
  }

  static func number(_ number: Double?) -> String { number.map { Saved.number($0) } ?? "null" }

  /// Sizes and the like, whose fields the type itself lists.
  static func code(_ value: some Encodable) throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    encoder.nonConformingFloatEncodingStrategy = .convertToString(
      positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
    return String(decoding: try encoder.encode(value), as: UTF8.self)
  }
}

/// A piece of the text that is read back; every question about it can fail.
struct SavedNode {
  let node: JSONNode
  let path: String

  func fault(_ reason: String) -> TensorError { .malformed(path: path, reason: reason) }

  /// The field of an object; nil when it is absent or null.
  subscript(key: String) -> SavedNode? { node[key].map { SavedNode(node: $0, path: path) } }

  func field(_ key: String) throws(TensorError) -> SavedNode {
    guard let field = self[key] else { throw fault("an entry lacks its \(key)") }
    return field
  }

  func text(_ key: String) throws(TensorError) -> String { try field(key).asText() }

  func asText() throws(TensorError) -> String {
    guard let text = node.string else { throw fault("a text is no text") }
    return text
  }

  func whole(_ key: String) throws(TensorError) -> Int { try field(key).asWhole() }

  func asWhole() throws(TensorError) -> Int {
    guard let whole = node.int else { throw fault("a whole number is none") }
    return whole
  }

  func number(_ key: String) throws(TensorError) -> Double { try field(key).asNumber() }

  func asNumber() throws(TensorError) -> Double {
    if let number = node.double { return number }
    guard let bits = node["bits"]?.string.flatMap({ UInt64($0, radix: 16) }) else { throw fault("a number is none") }
    return Double(bitPattern: bits)
  }

  func seed(_ key: String) throws(TensorError) -> UInt64 {
    guard let seed = UInt64(try text(key)) else { throw fault("a seed is no whole number") }
    return seed
  }

  func flag(_ key: String) throws(TensorError) -> Bool {
    guard let flag = try field(key).node.bool else { throw fault("\(key) is not true or false") }
    return flag
  }

  func list(_ key: String) throws(TensorError) -> [SavedNode] { try field(key).asList() }

  func asList() throws(TensorError) -> [SavedNode] {
    guard node.kind == .array else { throw fault("a list is none") }
    return node.children.map { SavedNode(node: $0, path: path) }
  }

  func range(_ key: String) throws(TensorError) -> Range<Int> {
    let ends = try list(key)
    guard ends.count == 2 else { throw fault("a range has not two ends") }
    let (lower, upper) = (try ends[0].asWhole(), try ends[1].asWhole())
    guard lower >= 0, lower <= upper else { throw fault("a range is none") }
    return lower..<upper
  }

  /// What ``Saved/code(_:)`` wrote.
  func code<T: Decodable>(_ key: String, as type: T.Type = T.self) throws(TensorError) -> T {
    let field = try field(key).node
    let text =
      switch field.kind {
      case .object: "{\(field.text)}"
      case .array: "[\(field.text)]"
      case .string: "\"\(field.text)\""
      default: field.text
      }
    let decoder = JSONDecoder()
    decoder.nonConformingFloatDecodingStrategy = .convertFromString(
      positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
    do { return try decoder.decode(T.self, from: Data(text.utf8)) } catch {
      throw fault("its \(key) cannot be read")
    }
  }
}
