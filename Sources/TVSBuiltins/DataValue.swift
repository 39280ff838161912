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
    var rows = [("size", size)]
    for child in data.parts { rows.append(("example", Self.excerpt(child.exampleText))) }
    if let questions = data as? PromptData, questions.omitted > 0 {
      rows.append(("left out", "\(questions.omitted) without an answer"))
    }
    rows.append(
      (
        "needs",
        data.needsTokenizer
          ? "a model with a tokenizer" : "\(data.requiredVocabulary) tokens, a context of \(data.requiredContext)"
      ))
    return GeometryText.block("data \(data.name)", rows)
  }

  private var size: String {
    if let corpus = data as? TextCorpus {
      let documents = corpus.documentCount > 1 ? " in \(NumberText.grouped(corpus.documentCount)) documents" : ""
      return "\(NumberText.grouped(corpus.byteCount)) bytes\(documents), in windows of \(corpus.length) tokens"
    }
    return data.exampleCount.map { "\(NumberText.grouped($0)) examples" } ?? "generated"
  }

  /// A text on one line, without its middle where it is long.
  private static func excerpt(_ text: String) -> String {
    let line = text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline).joined(separator: "⏎")
    return line.count <= 100 ? line : "\(line.prefix(60)) … \(line.suffix(36))"
  }

  var fieldNames: [String] {
    let own = (data as? PromptData).map { $0.isPairs ? ["records", "pairs"] : ["records"] } ?? []
    return ["name", "parts", "size", "chance", "example", "vocabulary", "context"] + own
  }

  func field(_ name: String) throws -> Value? {
    switch name {
    case "name": .string(data.name)
    case "parts": .list(data.parts.map { .native(DataValue($0)) })
    case "size": data.exampleCount.map { .number(Double($0)) } ?? .nil
    case "chance": data.chance.map { .number($0) } ?? .nil
    case "example": .string(data.exampleText)
    case "vocabulary": .number(Double(data.requiredVocabulary))
    case "context": .number(Double(data.requiredContext))
    case "records": (data as? PromptData).map(Self.records)
    case "pairs": (data as? PromptData).flatMap { $0.isPairs ? Self.pairs($0) : nil }
    default: nil
    }
  }

  private static func records(_ data: PromptData) -> Value {
    .native(
      TableValue(
        names: ["prompt", "answer", "others"],
        rows: data.records.map {
          [.string($0.prompt), .string($0.answer), .list($0.alternatives.map { .string($0) })]
        }))
  }

  private static func pairs(_ data: PromptData) -> Value {
    .native(
      TableValue(
        names: ["prompt", "positive", "negative"],
        rows: data.records.map { [.string($0.prompt), .string($0.answer)] + $0.alternatives.map { .string($0) } }))
  }

  func stamped(_ provenance: Provenance) -> any NativeValue { DataValue(data, provenance: provenance) }
}
