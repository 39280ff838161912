import Foundation
import Tensors
import Transformers

/// Directions in the activations of a model, for one layer or several: what contrast pairs, a weight step or a file gave.
///
/// It knows which weights it was measured on, so that two of different models are never added.
public struct SteeringVector: Sendable {
  /// One layer's direction.
  public struct Layer: Sendable, Equatable {
    /// Which block, from 0.
    public let index: Int
    /// As many numbers as the model is wide.
    public let values: [Float]
    /// How the direction does as a probe on pairs that were held out; nil when that was not asked.
    public var score: ProbeScore?
    /// Where a probe along this direction draws the line; nil when it was not fitted to pairs.
    public var threshold: Double?

    /// A direction.
    public init(index: Int, values: [Float], score: ProbeScore? = nil, threshold: Double? = nil) {
      (self.index, self.values, self.score, self.threshold) = (index, values, score, threshold)
    }

    /// ‖v‖.
    public var norm: Double { values.reduce(0) { $0 + Double($1) * Double($1) }.squareRoot() }
  }

  /// What a vector was measured on.
  public struct Origin: Sendable, Hashable {
    /// The model's name, such as `smollm2`.
    public var name: String
    /// The digest of the model's weights, an adapter's left out; nil when it came from a file that does not say.
    public var digest: String?
    /// The family by the name that transformers and llama.cpp have for it, such as `llama` or `gpt2`: the hint of control
    /// vector files.
    public var family: String

    /// Describes a model.
    public init(name: String, digest: String?, family: String) {
      (self.name, self.digest, self.family) = (name, digest, family)
    }

    /// A model.
    public init(_ model: Model) {
      self.init(name: model.name, digest: model.baseDigest, family: Self.family(model.architecture.family))
    }

    private static func family(_ name: String) -> String { name == PreNormDecoder.familyName ? "gpt2" : name }

    /// The families that models here have.
    static let families = ArchitectureFamily.names.map(family)
  }

  /// The directions, by ascending layer; at least one.
  public let layers: [Layer]
  /// Where in a block they live.
  public let site: ActivationSite
  /// The model.
  public let origin: Origin
  /// At which tokens activations were read, such as `answer`; empty when nobody read any.
  public var positions: String
  /// How the directions were found, such as `mean`.
  public var method: String
  /// The expression that made it.
  public var source: String

  /// Puts a vector together.
  ///
  /// - Throws: ``SteeringError`` when there is no layer, a layer comes twice, widths differ or a number is not finite.
  public init(
    layers: [Layer], site: ActivationSite, origin: Origin, positions: String = "", method: String, source: String = ""
  ) throws(SteeringError) {
    let layers = layers.sorted { $0.index < $1.index }
    func refuse(_ reason: String) -> SteeringError { .degenerate(operation: "steering", reason: reason) }
    guard let first = layers.first, first.index >= 0, !first.values.isEmpty else {
      throw refuse("there is no direction")
    }
    for (one, next) in zip(layers, layers.dropFirst()) where one.index == next.index {
      throw refuse("layer \(one.index) comes twice")
    }
    for layer in layers {
      guard layer.values.count == first.values.count else {
        throw refuse(
          "layer \(layer.index) has \(layer.values.count) numbers and layer \(first.index) \(first.values.count)")
      }
      guard layer.values.allSatisfy(\.isFinite) else {
        throw refuse("the direction of layer \(layer.index) has a number that is not finite")
      }
    }
    (self.layers, self.site, self.origin) = (layers, site, origin)
    (self.positions, self.method, self.source) = (positions, method, source)
  }

  /// The width of the model.
  public var width: Int { layers.first?.values.count ?? 0 }
  /// The layers by number.
  public var indices: [Int] { layers.map(\.index) }
  /// Where the directions live.
  public var points: [ActivationPoint] { layers.map { ActivationPoint(layer: $0.index, site: site) } }

  /// The same vector for some of its layers.
  ///
  /// - Throws: ``SteeringError/noLayer(_:known:of:)``.
  public func restricted(to wanted: [Int]) throws(SteeringError) -> SteeringVector {
    var found: [Layer] = []
    for index in wanted {
      guard let layer = layers.first(where: { $0.index == index }) else {
        throw .noLayer(index, known: indices, of: "this vector")
      }
      found.append(layer)
    }
    return try replacing(found)
  }

  /// The same vector with other directions.
  func replacing(_ layers: [Layer], method: String? = nil) throws(SteeringError) -> SteeringVector {
    try SteeringVector(
      layers: layers, site: site, origin: origin, positions: positions, method: method ?? self.method, source: source)
  }

  /// A vector of an unknown model, such as one from another program's file, taken to be one of this model.
  ///
  /// - Throws: as ``require(_:)``.
  public func bound(to model: Model) throws(SteeringError) -> SteeringVector {
    try require(model)
    return try SteeringVector(
      layers: layers, site: site, origin: Origin(model), positions: positions, method: method, source: source)
  }

  /// Stops when a model is not the one the vector was measured on.
  ///
  /// A vector that does not know its model has to fit in width and layers, and its family must be the model's if it is one
  /// that is known here.
  ///
  /// - Throws: ``SteeringError/mismatch(what:left:right:)``, ``SteeringError/noLayer(_:known:of:)``.
  public func require(_ model: Model) throws(SteeringError) {
    let sizes = model.configuration
    let other = Origin(model)
    if let digest = origin.digest {
      guard digest == other.digest else { throw .mismatch(what: "model", left: "\(origin)", right: "\(other)") }
    } else if Origin.families.contains(origin.family), origin.family != other.family {
      throw .mismatch(what: "family", left: origin.family, right: "\(other.family) (\(model.name))")
    }
    guard width == sizes.width else {
      throw .mismatch(what: "width", left: "\(width)", right: "\(sizes.width) (\(model.name))")
    }
    for index in indices where index >= sizes.layers {
      throw .noLayer(index, known: Array(0..<sizes.layers), of: model.name)
    }
  }
}

extension SteeringVector.Origin: CustomStringConvertible {
  /// Such as `smollm2 1f0a77c2`.
  public var description: String {
    digest.map { "\(name) \($0.prefix(8))" } ?? (name.isEmpty ? "an unknown model" : "an unknown model (\(name))")
  }
}

// MARK: - Arithmetic

extension SteeringVector {
  /// The sum, layer by layer.
  ///
  /// - Throws: ``SteeringError/mismatch(what:left:right:)`` for vectors of other models, sites or layers.
  public func adding(_ other: SteeringVector, scaled scale: Double = 1) throws(SteeringError) -> SteeringVector {
    try require(other)
    let sums = zip(layers, other.layers).map { left, right in
      Layer(
        index: left.index, values: zip(left.values, right.values).map { Float(Double($0) + scale * Double($1)) })
    }
    return try SteeringVector(
      layers: sums, site: site, origin: origin, positions: positions == other.positions ? positions : "",
      method: method == other.method ? method : "\(method), \(other.method)")
  }

  /// `factor` times the vector. A positive multiple is the same probe, and keeps its score.
  ///
  /// - Throws: ``SteeringError/degenerate(operation:reason:)`` when that overflows.
  public func scaled(by factor: Double) throws(SteeringError) -> SteeringVector {
    try replacing(
      layers.map { layer in
        Layer(
          index: layer.index, values: layer.values.map { Float(factor * Double($0)) },
          score: factor > 0 ? layer.score : nil, threshold: factor > 0 ? layer.threshold.map { $0 * factor } : nil)
      })
  }

  /// Stops when another vector does not live where this one does.
  ///
  /// - Throws: ``SteeringError/mismatch(what:left:right:)``.
  public func require(_ other: SteeringVector) throws(SteeringError) {
    guard origin.digest == other.origin.digest, origin.digest != nil || origin == other.origin else {
      throw .mismatch(what: "model", left: "\(origin)", right: "\(other.origin)")
    }
    guard site == other.site else { throw .mismatch(what: "site", left: site.rawValue, right: other.site.rawValue) }
    guard indices == other.indices else {
      throw .mismatch(what: "layers", left: Self.text(indices), right: Self.text(other.indices))
    }
    guard width == other.width else { throw .mismatch(what: "width", left: "\(width)", right: "\(other.width)") }
  }

  /// Layers in words: `5`, `3, 7`, `0 to 29`.
  public static func text(_ indices: [Int]) -> String {
    guard let first = indices.first, let last = indices.last else { return "none" }
    if indices.count > 2, indices == Array(first...max(first, last)) { return "\(first) to \(last)" }
    return indices.map(String.init).joined(separator: ", ")
  }

  /// ⟨v, w⟩, over all layers.
  ///
  /// - Throws: as ``require(_:)``.
  public func dot(_ other: SteeringVector) throws(SteeringError) -> Double {
    try require(other)
    var sum = 0.0
    for (left, right) in zip(layers, other.layers) {
      for (a, b) in zip(left.values, right.values) { sum += Double(a) * Double(b) }
    }
    return sum
  }

  /// ‖v‖, over all layers.
  public var norm: Double { layers.reduce(0) { $0 + $1.norm * $1.norm }.squareRoot() }

  /// The cosine of the angle between two vectors. In d dimensions random ones have about ±1/√d, but activations are not
  /// spread evenly: compare it with that of a random weight step's shift.
  ///
  /// - Throws: as ``require(_:)``, and ``SteeringError/degenerate(operation:reason:)`` for a zero vector.
  public func cosine(_ other: SteeringVector) throws(SteeringError) -> Double {
    let product = try dot(other)
    let lengths = norm * other.norm
    guard lengths > 0 else { throw .degenerate(operation: "cos", reason: "one of the vectors is zero") }
    return max(-1, min(1, product / lengths))
  }

  /// Random directions of the same layers and lengths: what steering is compared with.
  ///
  /// - Throws: ``SteeringError``.
  public func randomised(seed: UInt64, index: Int) throws(SteeringError) -> SteeringVector {
    let drawn = layers.map { layer in
      let numbers = RandomStream(seed: seed, purpose: "random steering", name: "\(layer.index)")
        .substream(UInt64(max(0, index))).gaussians(count: width)
      let length = SteeringMatrix.norm(numbers)
      return Layer(index: layer.index, values: numbers.map { Float($0 / length * layer.norm) })
    }
    return try replacing(drawn, method: "random")
  }
}

extension SteeringVector {
  /// Whether two vectors agree in every bit and in all they know.
  public func isIdentical(to other: SteeringVector) -> Bool {
    site == other.site && origin == other.origin && positions == other.positions && method == other.method
      && source == other.source && indices == other.indices
      && zip(layers, other.layers).allSatisfy { left, right in
        left.score == right.score && left.threshold == right.threshold
          && left.values.map(\.bitPattern) == right.values.map(\.bitPattern)
      }
  }
}
