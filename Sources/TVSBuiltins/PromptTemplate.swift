import OrderedCollections
import TVSLanguage

/// Text with `{field}` in it, filled from the fields of a record. `{{` and `}}` are braces.
struct PromptTemplate {
  /// The fields of a record of a file.
  typealias Fields = OrderedDictionary<String, Value>

  private enum Piece {
    case text(String)
    case field(String)
  }

  private let pieces: [Piece]
  private let argument: String

  /// Reads a template.
  ///
  /// - Parameter argument: what errors mark.
  /// - Throws: ``ErrorReport`` for a brace that is not closed.
  init(_ text: String, argument: String) throws(ErrorReport) {
    var pieces: [Piece] = []
    var plain = ""
    var rest = text[...]
    while let character = rest.popFirst() {
      switch character {
      case "{" where rest.first == "{", "}" where rest.first == "}":
        rest.removeFirst()
        plain.append(character)
      case "{":
        guard let end = rest.firstIndex(of: "}") else {
          throw ErrorReport(
            .invalidArgument, "the \(argument) has a { without its }", help: "a brace itself is written {{",
            argument: argument)
        }
        if !plain.isEmpty { pieces.append(.text(plain)) }
        plain = ""
        pieces.append(.field(String(rest[..<end])))
        rest = rest[end...].dropFirst()
      default: plain.append(character)
      }
    }
    if !plain.isEmpty { pieces.append(.text(plain)) }
    self.pieces = pieces
    self.argument = argument
  }

  /// The text for a record.
  ///
  /// - Parameter place: what errors call the record.
  /// - Throws: ``ErrorReport`` with code E0206 for a field that the record does not have.
  func text(_ fields: Fields, place: String) throws(ErrorReport) -> String {
    var text = ""
    for piece in pieces {
      switch piece {
      case .text(let plain): text += plain
      case .field(let name): text += Self.text(of: try value(name, fields, place))
      }
    }
    return text
  }

  /// A value as text: nothing for nil, which is what an empty cell of a table is.
  static func text(of value: Value) -> String {
    if case .nil = value { return "" }
    return value.plainText
  }

  /// `{answer}`, or `{target.str}` for a field of a field.
  private func value(_ name: String, _ fields: Fields, _ place: String) throws(ErrorReport) -> Value {
    if let value = fields[name] { return value }
    var fields = fields
    var names = name.split(separator: ".", omittingEmptySubsequences: false)[...]
    while let part = names.popFirst() {
      guard let value = fields[String(part)] else {
        throw ErrorReport(
          .unknownField, "\(place) has no field \(name)",
          help: Spelling.suggestion(for: String(part), among: fields.keys)
            ?? "its fields are \(fields.keys.joined(separator: ", "))", argument: argument)
      }
      if names.isEmpty { return value }
      guard case .record(let inner) = value else { break }
      fields = inner
    }
    throw ErrorReport(.unknownField, "\(place) has no field \(name)", argument: argument)
  }
}
