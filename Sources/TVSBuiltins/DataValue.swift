import TVSLanguage
import Transformers

/// A task, a mixture or a set of examples, as a value of the language.
final class DataValue: NativeValue, Sendable {
  /// What yields the batches.
  let data: any Dataset
  let provenance: Provenance?

  init(_ data: any Dataset, provenance: Provenance? = nil) {
    self.data = data
    self.provenance = provenance
  }

  var kind: String { "data" }

  var inline: String { "data \(data.name)" }

  func display(_ style: DisplayStyle) -> String {
    var rows = [("size", data.exampleCount.map { "\(NumberText.grouped($0)) examples" } ?? "generated")]
    for child in data.parts { rows.append(("example", child.exampleText)) }
    rows.append(("needs", "\(data.requiredVocabulary) tokens, a context of \(data.requiredContext)"))
    return GeometryText.block("data \(data.name)", rows)
  }

  var fieldNames: [String] { ["name", "parts", "size", "chance", "example", "vocabulary", "context"] }

  func field(_ name: String) throws -> Value? {
    switch name {
    case "name": .string(data.name)
    case "parts": .list(data.parts.map { .native(DataValue($0)) })
    case "size": data.exampleCount.map { .number(Double($0)) } ?? .nil
    case "chance": data.chance.map { .number($0) } ?? .nil
    case "example": .string(data.exampleText)
    case "vocabulary": .number(Double(data.requiredVocabulary))
    case "context": .number(Double(data.requiredContext))
    default: nil
    }
  }

  func stamped(_ provenance: Provenance) -> any NativeValue { DataValue(data, provenance: provenance) }
}
