import JSON

/// A JSON file of a tokenizer, whose faults name it.
struct TokenizerDocument {
  /// The largest known files have 35 MB.
  static let longest = 64 << 20

  let root: JSONNode
  /// The file, for messages.
  let source: String

  init(_ bytes: [UInt8], source: String) throws(TokenizerError) {
    do throws(JSONFault) { root = try JSONDocument(bytes).root } catch {
      throw .malformed(source: source, reason: error.message)
    }
    self.source = source
  }
}
