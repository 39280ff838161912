import TaskGeometry
import Tensors
import Transformers

/// The rank-1 change of one linear map that reproduces a steering vector as well as such a change can.
///
/// W ← W + v·kᵀ, with k fitted to the activations that enter W (``RankOneEdit``). The result is a displacement of the model,
/// so that it adds, scales and projects like any other.
public struct WeightEdit: Sendable {
  /// v·kᵀ at the place of W, zero elsewhere.
  public let displacement: Displacement
  /// The fit, with its residuals.
  public let fit: RankOneEdit
  /// The weights that change, such as `blocks.5.mlp.down.weight`.
  public let target: String
  /// ‖Δ − v‖/‖v‖ for the mean Δ of what the edit does to the block's output, and cos(Δ, v), both measured by running the
  /// edited model on the held-out texts (on all where none are held out).
  public let error, cosine: Double

  /// The linear maps that write into the residual stream, by their place in a block.
  public static let maps = ["mlp.down", "attn.out"]

  /// Fits an edit.
  ///
  /// - Parameters:
  ///   - vector: with a direction for `layer`.
  ///   - texts: token sequences; every token of them is fitted.
  ///   - map: one of ``maps``.
  ///   - ridge: see ``RankOneEdit``.
  ///   - holdout: the share of texts on which the fit is only scored.
  /// - Throws: ``SteeringError``, `GeometryError`, `TransformerError`, `TensorError`, `Interrupted`.
  public init(
    _ model: Model, _ vector: SteeringVector, layer: Int, map: String = "mlp.down", texts: [[Int32]],
    ridge: Double = 0, holdout: Double = 0.25, seed: UInt64 = 0
  ) throws {
    try vector.require(model)
    let direction = try vector.restricted(to: [layer])
    guard model.adapter == nil else {
      throw SteeringError.degenerate(
        operation: "rank_one",
        reason: "the weights of \(model.name) below its adapter do not move; merge(model) frees them")
    }
    guard Self.maps.contains(map) else {
      throw SteeringError.invalidOption(
        what: "into", value: map, allowed: "one of \(Self.maps.joined(separator: ", "))")
    }
    target = "blocks.\(layer).\(map).weight"
    let segment = try model.layout.segment(target)
    let split = try ContrastSplit(prompts: texts.indices.map(String.init), fraction: holdout, seed: seed)
    let inputs = try model.inputs(of: "blocks.\(layer).\(map)", texts: texts)
    guard !inputs.isEmpty, inputs.allSatisfy({ $0.count % segment.columns == 0 }) else {
      throw SteeringError.degenerate(operation: "rank_one", reason: "nothing enters \(target)")
    }
    var rows: (train: [Int], held: [Int]) = ([], [])
    var place = 0
    let held = Set(split.heldOut)
    for (index, input) in inputs.enumerated() {
      let range = place..<place + input.count / segment.columns
      if held.contains(index) { rows.held += range } else { rows.train += range }
      place = range.upperBound
    }
    fit = try RankOneEdit(
      inputs.joined().map(Double.init), width: segment.columns, ridge: ridge, train: rows.train, heldOut: rows.held)
    let values = direction.layers[0].values
    let change = try Self.outerProduct(values, fit.key, at: segment, of: model.freeCount)
    displacement = try Displacement(space: model.parameterSpace, vector: change, origin: model)
    let shown = split.heldOut.isEmpty ? texts : split.heldOut.map { texts[$0] }
    let measured = try WeightShift(model, displacement, texts: shown, layers: [layer], positions: .mean).vector
    let plain = try SteeringVector(
      layers: [.init(index: layer, values: values)], site: .residPost, origin: measured.origin, method: "")
    error = try measured.adding(plain, scaled: -1).norm / plain.norm
    cosine = measured.norm > 0 ? try measured.cosine(plain) : 0
  }

  /// v·kᵀ in the place of a matrix, zero elsewhere.
  private static func outerProduct(
    _ values: [Float], _ key: [Double], at segment: Segment, of count: Int
  ) throws -> FloatVector {
    var result = try FloatVector(zeros: count)
    try result.withMutablePointer { out in
      for row in 0..<segment.rows {
        for column in 0..<segment.columns {
          out[segment.offset + row * segment.columns + column] = Float(Double(values[row]) * key[column])
        }
      }
    }
    return result
  }
}
