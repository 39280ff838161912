import TVSLanguage
import Transformers

extension DataValue: SavableValue {
  func save(_ writer: inout SessionWriter) throws -> [(String, String)] {
    [("data", try DataValue.saved(data, &writer))]
  }

  static func restore(_ node: SavedNode, _ reader: SessionReader) throws -> any NativeValue {
    DataValue(try dataset(node.field("data"), depth: 0))
  }

  private static func saved(_ data: any Dataset, _ writer: inout SessionWriter) throws -> String {
    switch data {
    case let task as DigitTask:
      return Saved.object([
        ("task", Saved.text(task.kind.rawValue)), ("length", Saved.whole(task.length)),
        ("part", try Saved.code(task.part)),
      ])
    case let mixture as Mixture:
      return Saved.object([
        ("mixture", Saved.list(try mixture.children.map { try saved($0, &writer) })),
        ("shares", Saved.list(mixture.weights.map { Saved.number($0) })),
      ])
    case let prompts as PromptData:
      return Saved.object([
        ("prompts", Saved.text(prompts.name)), ("records", try Saved.code(prompts.records)),
        ("omitted", Saved.whole(prompts.omitted)),
      ])
    case let corpus as TextCorpus:
      return Saved.object([
        ("corpus", Saved.text(corpus.name)), ("length", Saved.whole(corpus.length)),
        ("pieces", try Saved.code(corpus.pieces)),
      ])
    default:
      throw SessionWriter.Refusal(reason: "data in a model's own tokens cannot be saved; save what it was made of")
    }
  }

  private static func dataset(_ node: SavedNode, depth: Int) throws -> any Dataset {
    if let task = node["task"] {
      let whole = try DigitTask(task.asText(), length: node.whole("length"))
      let part: InputPart = try node.code("part")
      return part == .all ? whole : try whole.restricted(to: part)
    }
    if let children = node["mixture"] {
      guard depth < 64 else { throw node.fault("a mixture is nested too deeply") }
      return try Mixture(
        restoring: children.asList().map { try dataset($0, depth: depth + 1) },
        shares: node.list("shares").map { try $0.asNumber() })
    }
    if let name = node["prompts"] {
      return try PromptData(name: name.asText(), records: node.code("records"), omitted: node.whole("omitted"))
    }
    let name = try node.text("corpus")
    let pieces: [TextCorpus.Piece] = try node.code("pieces")
    // Numbers are compared with their neighbours plus one.
    guard pieces.allSatisfy({ $0.number >= 0 && $0.number < 1 << 40 }) else {
      throw node.fault("a passage has no place")
    }
    return try TextCorpus(name: name, length: node.whole("length"), pieces: pieces)
  }
}
