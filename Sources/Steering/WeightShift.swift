import TaskGeometry
import Tensors
import Transformers

/// The steering vector that a weight step amounts to: how far it moves activations on average over texts.
public struct WeightShift: Sendable {
  /// The mean of h(x; θ + δ) − h(x; θ) at each layer.
  public let vector: SteeringVector
  /// For each layer ‖mean shift‖²/mean ‖shift‖²: 1 when every text is moved alike, as a steering vector would, and about
  /// one in so many texts when each is moved its own way.
  public let consistency: [Double]
  /// How many texts there were.
  public let count: Int

  /// Reads a model before and after a step.
  ///
  /// - Parameters:
  ///   - displacement: of the model's free weights.
  ///   - texts: token sequences.
  ///   - position: at which token; `answer` makes no sense here and counts as `last`.
  /// - Throws: `GeometryError`, ``SteeringError``, `TransformerError`, `TensorError`, `Interrupted`.
  public init(
    _ model: Model, _ displacement: Displacement, texts: [[Int32]], layers: [Int], site: ActivationSite = .residPost,
    position: ReadingPosition = .last
  ) throws {
    let layers = Set(layers).sorted()
    let known = Array(0..<model.configuration.layers)
    if let absent = layers.first(where: { !known.contains($0) }) {
      throw SteeringError.noLayer(absent, known: known, of: model.name)
    }
    guard !layers.isEmpty, !texts.isEmpty else {
      throw SteeringError.degenerate(operation: "steering_of", reason: "there is no layer or no text")
    }
    let points = layers.map { ActivationPoint(layer: $0, site: site) }
    let rule = (position == .answer ? .last : position).rule(answers: [])
    let before = try model.activations(of: texts, at: points, positions: rule).matrices
    let after = try model.moved(by: displacement).activations(of: texts, at: points, positions: rule).matrices
    let width = model.configuration.width
    var found: [(SteeringVector.Layer, Double)] = []
    for (place, layer) in layers.enumerated() {
      var mean = [Double](repeating: 0, count: width)
      var squares = 0.0
      for (index, pair) in zip(after[place].floats, before[place].floats).enumerated() {
        let shift = Double(pair.0) - Double(pair.1)
        mean[index % width] += shift / Double(texts.count)
        squares += shift * shift / Double(texts.count)
      }
      let share = squares > 0 ? SteeringMatrix.dot(mean, mean) / squares : 0
      found.append((.init(index: layer, values: mean.map { Float($0) }), share))
    }
    vector = try SteeringVector(
      layers: found.map(\.0), site: site, origin: .init(model), positions: position.name, method: "shift")
    consistency = found.map(\.1)
    count = texts.count
  }
}
