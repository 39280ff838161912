import JSON
import Tensors

/// A JSON object of a file, asked for its fields one by one: every refusal names the file and the field.
struct ConfigurationFile {
  let path: String
  private let root: JSONNode
  /// Where the object lies inside the file, for messages, such as `rope_scaling.`.
  private let scope: String

  /// Reads a file.
  ///
  /// - Throws: `TensorError`.
  init(_ path: String) throws(TensorError) {
    let data = try FileAccess.read(path)
    var limits = JSONDocument.Limits(depth: 32)
    // Configurations are a few KB; a tokenizer's JSON is not read here.
    limits.bytes = 1 << 20
    do throws(JSONFault) {
      root = try JSONDocument(Array(data), limits: limits).root
    } catch { throw .malformed(path: path, reason: error.message) }
    guard root.kind == .object else { throw .malformed(path: path, reason: "it is not a JSON object") }
    self.path = path
    scope = ""
    let names = root.keys
    if let twice = Dictionary(grouping: names, by: { $0 }).first(where: { $0.value.count > 1 })?.key {
      throw .malformed(path: path, reason: "it says \(twice) twice")
    }
  }

  private init(path: String, root: JSONNode, scope: String) {
    self.path = path
    self.root = root
    self.scope = scope
  }

  /// The names of its fields.
  var names: [String] { root.keys.sorted() }

  /// Whether a field is there and not null.
  func has(_ name: String) -> Bool { root[name] != nil }

  /// A whole number, or nil when the field is absent or null.
  func integer(_ name: String) throws(TensorError) -> Int? {
    guard has(name) else { return nil }
    guard let whole = root[name]?.double.flatMap({ Int(exactly: $0) }) else { throw refusal(name, "a whole number") }
    return whole
  }

  /// A whole number that must be there.
  func requiredInteger(_ name: String) throws(TensorError) -> Int {
    guard let value = try integer(name) else { throw .malformed(path: path, reason: "\(scope)\(name) is missing") }
    return value
  }

  /// A number, or nil when the field is absent or null.
  func double(_ name: String) throws(TensorError) -> Double? {
    guard has(name) else { return nil }
    guard let number = root[name]?.double else { throw refusal(name, "a number") }
    return number
  }

  /// A truth value, or nil when the field is absent or null.
  func flag(_ name: String) throws(TensorError) -> Bool? {
    guard has(name) else { return nil }
    guard let flag = root[name]?.bool else { throw refusal(name, "true or false") }
    return flag
  }

  /// Text, or nil when the field is absent or null.
  func string(_ name: String) throws(TensorError) -> String? {
    guard has(name) else { return nil }
    guard let text = root[name]?.string else { throw refusal(name, "text") }
    return text
  }

  /// A list of text, or nil when the field is absent or null.
  func strings(_ name: String) throws(TensorError) -> [String]? {
    guard has(name) else { return nil }
    guard let list = root[name], list.kind == .array else { throw refusal(name, "a list of text") }
    let texts = list.children.compactMap(\.string)
    guard texts.count == list.children.reduce(0, { count, _ in count + 1 }) else {
      throw refusal(name, "a list of text")
    }
    return texts
  }

  /// An object inside, or nil when the field is absent or null.
  func object(_ name: String) throws(TensorError) -> ConfigurationFile? {
    guard has(name) else { return nil }
    guard let inner = root[name], inner.kind == .object else { throw refusal(name, "an object") }
    return ConfigurationFile(path: path, root: inner, scope: "\(scope)\(name).")
  }

  /// The refusal of a file that asks for something that is not built in.
  func unsupported(_ name: String, _ reason: String) -> TensorError {
    .malformed(path: path, reason: "\(scope)\(name) is \(root[name]?.text.prefix(80) ?? "absent"), \(reason)")
  }

  private func refusal(_ name: String, _ kind: String) -> TensorError {
    .malformed(path: path, reason: "\(scope)\(name) is not \(kind)")
  }
}
