import Foundation
import Tensors

/// A JSON object of a file, asked for its fields one by one: every refusal names the file and the field.
struct ConfigurationFile {
  let path: String
  private let fields: [String: Any]
  /// Where the object lies inside the file, for messages, such as `rope_scaling.`.
  private let scope: String

  /// Reads a file.
  ///
  /// - Throws: `TensorError`.
  init(_ path: String) throws(TensorError) {
    let data = try FileAccess.read(path)
    // Configurations are a few KB; a tokenizer's JSON is not read here.
    guard data.count <= 16 << 20 else { throw .malformed(path: path, reason: "it is too large to be a configuration") }
    guard let fields = (try? JSONSerialization.jsonObject(with: data)) as? [String: Any] else {
      throw .malformed(path: path, reason: "it is not a JSON object")
    }
    self.init(path: path, fields: fields, scope: "")
  }

  private init(path: String, fields: [String: Any], scope: String) {
    self.path = path
    self.fields = fields
    self.scope = scope
  }

  /// The names of its fields.
  var names: [String] { fields.keys.sorted() }

  /// Whether a field is there and not null.
  func has(_ name: String) -> Bool { fields[name].map { !($0 is NSNull) } ?? false }

  /// A whole number, or nil when the field is absent or null.
  func integer(_ name: String) throws(TensorError) -> Int? {
    guard has(name) else { return nil }
    guard let number = number(name), let whole = Int(exactly: number) else { throw refusal(name, "a whole number") }
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
    guard let number = number(name) else { throw refusal(name, "a number") }
    return number
  }

  /// A truth value, or nil when the field is absent or null.
  func flag(_ name: String) throws(TensorError) -> Bool? {
    guard has(name) else { return nil }
    guard let number = fields[name] as? NSNumber, Self.isBoolean(number) else { throw refusal(name, "true or false") }
    return number.boolValue
  }

  /// Text, or nil when the field is absent or null.
  func string(_ name: String) throws(TensorError) -> String? {
    guard has(name) else { return nil }
    guard let text = fields[name] as? String else { throw refusal(name, "text") }
    return text
  }

  /// A list of text, or nil when the field is absent or null.
  func strings(_ name: String) throws(TensorError) -> [String]? {
    guard has(name) else { return nil }
    guard let list = fields[name] as? [String] else { throw refusal(name, "a list of text") }
    return list
  }

  /// An object inside, or nil when the field is absent or null.
  func object(_ name: String) throws(TensorError) -> ConfigurationFile? {
    guard has(name) else { return nil }
    guard let inner = fields[name] as? [String: Any] else { throw refusal(name, "an object") }
    return ConfigurationFile(path: path, fields: inner, scope: "\(scope)\(name).")
  }

  /// The refusal of a file that asks for something that is not built in.
  func unsupported(_ name: String, _ reason: String) -> TensorError {
    .malformed(path: path, reason: "\(scope)\(name) is \(fields[name].map { "\($0)" } ?? "absent"), \(reason)")
  }

  private func number(_ name: String) -> Double? {
    guard let number = fields[name] as? NSNumber, !Self.isBoolean(number) else { return nil }
    return number.doubleValue
  }

  private func refusal(_ name: String, _ kind: String) -> TensorError {
    .malformed(path: path, reason: "\(scope)\(name) is not \(kind)")
  }

  /// JSON's truth values come as numbers of one byte; its numbers never do.
  private static func isBoolean(_ number: NSNumber) -> Bool { String(cString: number.objCType) == "c" }
}
