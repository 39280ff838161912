import TaskGeometry
import Tensors
import Transformers

/// The steering vector that a weight step amounts to: how far it moves activations on average over texts.
public struct WeightShift: Sendable {
  /// The mean of h(x; θ + δ) − h(x; θ) at each layer.
  public let vector: SteeringVector
  /// For each layer the length of the mean shift over the root mean square of the texts' shifts: 1 when every text is moved
  /// alike, as a steering vector would, and about one over the root of their number when each is moved its own way.
  public let agreement: [Double]
  /// How many texts there were.
  public let count: Int

  /// Reads a model before and after a step.
  ///
  /// - Parameters:
  ///   - displacement: of the model's free weights.
  ///   - texts: token sequences.
  ///   - layers: blocks, from 0.
  ///   - positions: at which tokens; the shift is the mean over all rows that this gives.
  ///   - reading: what the vector remembers of that, such as `last`.
  /// - Throws: `GeometryError`, ``SteeringError``, `TransformerError`, `TensorError`, `Interrupted`.
  public init(
    _ model: Model, _ displacement: Displacement, texts: [[Int32]], layers: [Int], site: ActivationSite = .residPost,
    positions: PositionRule = .last, reading: String = "last"
  ) throws {
    let layers = Set(layers).sorted()
    let (shifts, agreement) = try ActivationShift.finite(
      of: displacement, on: model, texts: texts, at: layers.map { ActivationPoint(layer: $0, site: site) },
      positions: positions)
    vector = try SteeringVector(
      layers: zip(layers, shifts).map { .init(index: $0, values: $1.elements) }, site: site, origin: .init(model),
      positions: reading, method: "shift")
    self.agreement = agreement
    count = texts.count
  }
}
