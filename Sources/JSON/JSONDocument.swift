/// A JSON text (RFC 8259), read once into a flat list of nodes.
///
/// Foundation's reader keys its dictionaries by `String`, for which two spellings of `é` are the same key (a vocabulary
/// has both), loses the order of fields and hides duplicates. This one keeps bytes and order, bounds its depth and its
/// memory, and uses no recursion, so that nesting costs no stack.
public final class JSONDocument: Sendable {
  /// The kinds of value.
  public enum Kind: UInt8, Sendable {
    /// `null`, `false`, `true` and the rest.
    case null, no, yes, number, string, array, object
  }

  struct Node: Sendable {
    var kind: Kind
    /// The text between the quotation marks, brackets or ends of a number.
    var start: Int32
    var end: Int32
    /// The index of the first node that is no part of this one.
    var next: Int32
    var escaped = false
  }

  /// What a reader puts up with.
  public struct Limits: Sendable {
    /// How many arrays and objects may enclose a value.
    public var depth: Int
    /// Bytes. The largest tokenizers have 35 MB.
    public var bytes = 128 << 20
    /// Values and keys, sixteen bytes of memory each.
    public var nodes = 1 << 22
    /// Whether `NaN`, `Infinity` and `-Infinity` are numbers, as Python writes them.
    public var allowsNonFinite = false

    /// Limits for a file of a known form.
    public init(depth: Int = 128) { self.depth = depth }

    /// For headers and indices of weights: as many values as a hundred thousand arrays need, in 32 MB.
    public static let headers: Limits = {
      var limits = Limits(depth: 32)
      limits.nodes = 1 << 21
      return limits
    }()
  }

  let bytes: [UInt8]
  let nodes: [Node]

  /// Reads a whole text.
  ///
  /// - Throws: ``JSONFault`` that says where it stops being JSON.
  public init(_ bytes: [UInt8], limits: Limits = Limits()) throws(JSONFault) {
    guard bytes.count <= limits.bytes else {
      throw JSONFault(bytes, 0, "\(bytes.count) bytes are too many; at most \(limits.bytes) are read")
    }
    guard (try? UTF8Span(validating: bytes.span)) != nil else { throw JSONFault(bytes, 0, "it is no UTF-8") }
    var reader = JSONReader(bytes, limits)
    try reader.read()
    self.bytes = bytes
    nodes = reader.nodes
  }

  /// The value that the text is.
  public var root: JSONNode { JSONNode(document: self, index: 0) }
}

/// Where a text is not JSON, and why.
public struct JSONFault: Error, Sendable, Equatable {
  /// Bytes before the fault.
  public let offset: Int
  /// Counted from 1.
  public let line: Int
  /// Bytes of the line, counted from 1.
  public let column: Int
  /// What is wrong, such as `a key in quotes is expected`.
  public let reason: String

  init(_ bytes: [UInt8], _ offset: Int, _ reason: String) {
    let before = bytes.prefix(offset)
    self.offset = offset
    line = before.count { $0 == 0x0A } + 1
    column = offset - (before.lastIndex(of: 0x0A).map { $0 + 1 } ?? 0) + 1
    self.reason = reason
  }

  /// The fault in words: `this is not JSON: a : is expected at line 2, column 7`.
  public var message: String { "this is not JSON: \(reason) at line \(line), column \(column)" }
}

/// One value of a document.
public struct JSONNode: Sendable {
  let document: JSONDocument
  let index: Int

  private var node: JSONDocument.Node { document.nodes[index] }
  /// What it is.
  public var kind: JSONDocument.Kind { node.kind }
  /// Whether it is `null`.
  public var isNull: Bool { kind == .null }
  /// A truth value; nil for another kind.
  public var bool: Bool? { kind == .yes ? true : kind == .no ? false : nil }
  /// A number, infinite where it is too large; nil for another kind.
  public var number: Double? { kind == .number ? Double(text) : nil }
  /// A finite number; nil for another kind.
  public var double: Double? { number.flatMap { $0.isFinite ? $0 : nil } }
  /// A whole number written without a point; nil for another kind, and where it does not fit.
  public var int: Int? { kind == .number ? Int(text) : nil }
  /// The value as the document has it, quotation marks and brackets left out.
  public var text: String { String(decoding: document.bytes[Int(node.start)..<Int(node.end)], as: UTF8.self) }

  /// A string's bytes with its escapes resolved; nil for another kind.
  public var utf8: [UInt8]? {
    guard kind == .string else { return nil }
    let slice = document.bytes[Int(node.start)..<Int(node.end)]
    return node.escaped ? JSONReader.unescape(slice) : Array(slice)
  }
  /// A string; nil for another kind.
  public var string: String? { utf8.map { String(decoding: $0, as: UTF8.self) } }

  /// The values of an array; keys and values in turn of an object; nothing of another kind.
  public var children: Children { Children(document: document, index: index + 1, end: Int(node.next)) }

  /// Values in the order of the document.
  public struct Children: Sequence, IteratorProtocol {
    let document: JSONDocument
    var index: Int
    let end: Int

    /// The next value.
    public mutating func next() -> JSONNode? {
      guard index < end else { return nil }
      defer { index = Int(document.nodes[index].next) }
      return JSONNode(document: document, index: index)
    }
  }

  /// The field of an object; nil when it is absent or null.
  public subscript(key: String) -> JSONNode? {
    let key = Array(key.utf8)
    var rest = fields
    while let field = rest.next() {
      if field.name.utf8 == key { return field.value.isNull ? nil : field.value }
    }
    return nil
  }

  /// The fields of an object, in order, duplicates included; none of another kind.
  public var fields: Fields {
    Fields(rest: kind == .object ? children : Children(document: document, index: 0, end: 0))
  }

  /// Names and values in the order of the document.
  public struct Fields: Sequence, IteratorProtocol {
    var rest: Children

    /// The next field.
    public mutating func next() -> (name: JSONNode, value: JSONNode)? {
      guard let name = rest.next(), let value = rest.next() else { return nil }
      return (name, value)
    }
  }

  /// The names of an object's fields, in order.
  public var keys: [String] { fields.map { $0.name.string ?? "" } }
}
