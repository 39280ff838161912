import Synchronization
import Tensors
import Tokenizers

/// An architecture and its weights, with an adapter if there is one. A value: training makes another one.
///
/// Weights share storage until they are written, so that ten models of one base cost ten adapters.
public struct Model: Sendable {
  /// Which weights there are and how they act.
  public let architecture: any Architecture
  /// All weights of the architecture, in its layout. Frozen while there is an adapter.
  public private(set) var weights: FloatVector { didSet { weightsDigest = CachedDigest() } }
  private var weightsDigest = CachedDigest()
  /// The low-rank adapter, if the model has one.
  public internal(set) var adapter: Adapter?
  /// What is done to activations while the model computes, in this order where two meet at one place.
  public internal(set) var steering: [SteeringEdit] = []
  /// What the user calls it, such as `decoder-4x128`.
  public var name: String
  /// Turns text into the model's tokens; nil for a model that only reads token ids.
  public var tokenizer: Tokenizer?

  /// A model from its parts.
  ///
  /// - Throws: ``TransformerError/layoutMismatch(operation:left:right:)`` when the counts disagree.
  public init(
    architecture: any Architecture, weights: FloatVector, adapter: Adapter? = nil, name: String,
    tokenizer: Tokenizer? = nil
  ) throws(TransformerError) {
    guard weights.count == architecture.layout.count else {
      throw .layoutMismatch(
        operation: "model", left: "\(architecture.layout.count) weights", right: "\(weights.count) numbers")
    }
    self.architecture = architecture
    self.weights = weights
    self.adapter = adapter
    self.name = name
    self.tokenizer = tokenizer
  }

  /// The sizes.
  public var configuration: DecoderConfiguration { architecture.configuration }
  /// The layout of all weights.
  public var layout: ParameterLayout { architecture.layout }
  /// How many weights there are, the adapter's factors included.
  public var parameterCount: Int { weights.count + (adapter?.factors.count ?? 0) }

  // MARK: - Free weights

  /// The weights that are free to move: the adapter's factors, or all weights without one.
  public var freeWeights: FloatVector { adapter?.factors ?? weights }
  /// The layout of the free weights.
  public var freeLayout: ParameterLayout { adapter?.shape.layout ?? architecture.layout }
  /// How many weights are free to move.
  public var freeCount: Int { freeWeights.count }

  /// A copy with other free weights.
  ///
  /// - Throws: ``TransformerError/layoutMismatch(operation:left:right:)`` when the counts disagree.
  public func with(freeWeights values: FloatVector, name: String? = nil) throws(TransformerError) -> Model {
    guard values.count == freeCount else {
      throw .layoutMismatch(
        operation: "free weights", left: "\(self.name) (\(freeCount))", right: "\(values.count) numbers")
    }
    var copy = self
    if copy.adapter == nil { copy.weights = values } else { copy.adapter?.factors = values }
    if let name { copy.name = name }
    return copy
  }

  // MARK: - Identity

  /// Sixteen hexadecimal digits over the architecture, all weights, the adapter and the steering.
  public var digest: String {
    if adapter == nil, steering.isEmpty { return baseDigest }
    var hash = Digest()
    hash.add(baseDigest)
    adapter?.add(to: &hash)
    if !steering.isEmpty { hash.add(steeringDigest) }
    return hash.hex
  }

  /// Sixteen hexadecimal digits over the architecture and all weights except the adapter's.
  public var baseDigest: String {
    adapter?.shape.baseDigest
      ?? weightsDigest.value {
        var hash = Digest()
        hash.add(family)
        hash.add(weights)
        return hash.hex
      }
  }

  /// Identifies the space in which the free weights live: two models can be subtracted exactly when this agrees.
  ///
  /// Without an adapter that is the architecture; with one it is the adapter's shape and scale on the same frozen
  /// weights, since equal factors mean something else on another base.
  public var freeSpaceDigest: String {
    var hash = Digest()
    hash.add(family)
    if let adapter {
      hash.add(adapter.shape.baseDigest)
      hash.add(adapter.shape.layout.digest)
      hash.add("\(adapter.shape.scale)")
    }
    return hash.hex
  }

  private var family: String { "\(architecture.family) \(architecture.configuration) \(architecture.layout.digest)" }
}

/// The digest of weights, once somebody has asked for it. Hashing a model of a billion weights takes a second.
private final class CachedDigest: Sendable {
  private let known = Mutex<String?>(nil)

  func value(_ compute: () -> String) -> String {
    known.withLock { known in
      if let known { return known }
      let digest = compute()
      known = digest
      return digest
    }
  }
}

// MARK: - Fresh models

extension Model {
  /// A decoder with freshly drawn weights: matrices and tables from N(0, 0.02²), gains one, biases zero.
  ///
  /// Every segment draws from a stream of its own, keyed by its name.
  ///
  /// - Throws: `TensorError` when the weights do not fit into memory.
  public init(_ architecture: any Architecture, seed: UInt64, name: String? = nil) throws {
    let configuration = architecture.configuration
    let layout = architecture.layout
    let weights = try FloatVector(count: layout.count) { base in
      for segment in layout.segments {
        let place = base + segment.offset
        switch segment.role {
        case .bias, .up: place.update(repeating: 0, count: segment.count)
        case .gain: place.update(repeating: 1, count: segment.count)
        case .embedding, .linear, .down:
          RandomStream(seed: seed, purpose: "initialise", name: segment.name)
            .fillGaussian(place, count: segment.count, scale: Float(architecture.initialDeviation))
        }
      }
    }
    try self.init(
      architecture: architecture, weights: weights,
      name: name ?? "decoder-\(configuration.layers)x\(configuration.width)")
  }
}
