import Foundation
import Tensors

@testable import Transformers

/// The numbers that scripts/references/decoder.py computed with PyTorch.
struct Reference: Decodable {
  let layers, width, heads, context, vocabulary, rows, length, steps, rank: Int
  let mlp, alpha, loss, loraLoss, loraProductNorm: Double
  let loraTargets: [String]
  let targetCounts: [Int]
  let losses: [String: [Double]]

  static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("References")

  static func load() throws -> Reference {
    try JSONDecoder().decode(
      Reference.self, from: Data(contentsOf: folder.appendingPathComponent("reference.json")))
  }

  static func numbers<Number>(_ name: String, as: Number.Type = Number.self) throws -> [Number] {
    let data = try Data(contentsOf: folder.appendingPathComponent(name))
    return data.withUnsafeBytes { Array($0.bindMemory(to: Number.self)) }
  }

  func model() throws -> Model {
    let configuration = try DecoderConfiguration(
      layers: layers, width: width, heads: heads, mlp: mlp, context: context, vocabulary: vocabulary)
    return try Model(
      architecture: PreNormDecoder(configuration), weights: FloatVector(Reference.numbers("weights.f32")), name: "tiny")
  }

  func adapted() throws -> Model {
    let model = try model().adapted(rank: rank, alpha: alpha, targets: loraTargets)
    return try model.with(freeWeights: FloatVector(Reference.numbers("lora-factors.f32")))
  }

  func batches() throws -> FixedBatches {
    let tokens: [Int32] = try Reference.numbers("tokens.i32")
    let positions: [Int32] = try Reference.numbers("positions.i32")
    let targets: [Int32] = try Reference.numbers("targets.i32")
    var first = 0
    let batches = try targetCounts.enumerated().map { index, count in
      defer { first += count }
      return try Batch(
        rows: rows, tokens: Array(tokens[index * rows * length..<(index + 1) * rows * length]),
        positions: Array(positions[first..<first + count]), targets: Array(targets[first..<first + count]))
    }
    return FixedBatches(batches: batches)
  }
}

/// Batches from a list, whatever the seed.
struct FixedBatches: Dataset {
  let batches: [Batch]
  let name = "fixed"
  let requiredVocabulary = 15
  let requiredContext = 9

  func examples(count: Int, seed: UInt64, index: Int) throws -> [Batch.Example] { [] }
  func batch(size: Int, seed: UInt64, index: Int) throws -> Batch { batches[index] }
  func text(of example: Batch.Example) -> String { "" }
}

/// The largest difference between two vectors, relative to the largest element of the second.
func relativeError(_ a: [Float], _ b: [Float]) -> Float {
  guard a.count == b.count else { return .infinity }
  let scale = b.map(abs).max() ?? 0
  return (zip(a, b).map { abs($0 - $1) }.max() ?? 0) / max(scale, .leastNormalMagnitude)
}
