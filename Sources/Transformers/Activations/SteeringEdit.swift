import Tensors

/// A change of a model's activations while it computes: at one place, along one vector, at some tokens.
public struct SteeringEdit: Sendable {
  /// What is done with the vector v.
  public enum Kind: String, Sendable, Hashable, CaseIterable {
    /// h + scale·v (contrastive activation addition, Rimsky et al., arXiv 2312.06681).
    case add
    /// h − scale·(h·u)·u with u = v/‖v‖: at scale 1 the direction is gone (directional ablation, Arditi et al.,
    /// arXiv 2406.11717).
    case ablate
    /// h + scale·v, brought back to the length of h: a turn towards v that keeps the norm.
    case rotate

    /// The kind of a name.
    ///
    /// - Throws: ``TransformerError/unknownChoice(of:name:known:)``.
    public init(named name: String) throws(TransformerError) {
      guard let kind = Self(rawValue: name) else {
        throw .unknownChoice(of: "kind", name: name, known: Self.allCases.map(\.rawValue))
      }
      self = kind
    }
  }

  /// Which tokens are changed.
  ///
  /// The prompt is what a continuation follows: all that was given to `generate`; of an example that is scored, the tokens up to
  /// the one that predicts the first token of the answer; without an answer, the whole sequence. Where a sequence
  /// ends does not depend on how much of it a cache holds, so that every rule gives the same numbers with and without one.
  public enum Positions: Sendable, Hashable, Codable {
    /// All tokens.
    case all
    /// The last token of the prompt and everything after it.
    case afterPrompt
    /// The last token of the prompt.
    case last
    /// The tokens of these numbers, from 0.
    case range(Range<Int>)
  }

  /// Where.
  public let point: ActivationPoint
  /// v, of the model's width.
  public let vector: FloatVector
  /// What is done with it.
  public let kind: Kind
  /// How much of it; 0 leaves every bit as it is.
  public let scale: Double
  /// At which tokens.
  public let positions: Positions

  /// An edit.
  ///
  /// - Throws: ``TransformerError/invalidOption(field:value:reason:)`` for numbers that are not finite in float32, a
  ///   direction to ablate that is zero, or a range that is empty or begins below 0.
  public init(
    point: ActivationPoint, vector: FloatVector, kind: Kind = .add, scale: Double = 1, positions: Positions = .all
  ) throws(TransformerError) {
    guard Float(scale).isFinite else {
      throw .invalidOption(field: "scale", value: "\(scale)", reason: "must be a finite number")
    }
    // A sum of squares in double is finite exactly when all elements are.
    let norm = vector.norm
    guard norm.isFinite, Float(norm * abs(scale)).isFinite else {
      throw .invalidOption(field: "vector", value: "of norm \(norm)", reason: "must have finite numbers")
    }
    if kind == .ablate, norm == 0 {
      throw .invalidOption(field: "vector", value: "zero", reason: "must have a direction, which is what is ablated")
    }
    if case .range(let range) = positions, range.lowerBound < 0 || range.isEmpty {
      throw .invalidOption(
        field: "positions", value: "\(range)",
        reason: "must hold a token, counted from 0: where a text will end is not known")
    }
    self.point = point
    self.vector = vector
    self.kind = kind
    self.scale = scale
    self.positions = positions
  }

  /// Whether it changes anything.
  var isActive: Bool { scale != 0 }

  func add(to hash: inout Digest) {
    hash.add("steer \(point) \(kind) \(scale) \(positions)")
    hash.add(vector)
  }
}

extension SteeringEdit: CustomStringConvertible {
  /// Such as `add 4.0 at blocks.5.resid_post, all tokens`.
  public var description: String {
    let places =
      switch positions {
      case .all: "all tokens"
      case .afterPrompt: "from the end of the prompt"
      case .last: "the last token of the prompt"
      case .range(let range): "tokens \(range.lowerBound)..\(range.upperBound - 1)"
      }
    return "\(kind.rawValue) \(scale) at \(point), \(places)"
  }
}

extension Model {
  /// A copy whose activations are changed as it computes, after the changes that it makes already.
  ///
  /// It works wherever a model does. The weights are the same, so that displacements of both live in one space; the digest
  /// is not.
  ///
  /// - Throws: ``TransformerError`` for a vector of another width or a block that the model does not have.
  public func steered(by edits: [SteeringEdit]) throws(TransformerError) -> Model {
    for edit in edits {
      try check(edit.point)
      guard edit.vector.count == configuration.width else {
        throw .layoutMismatch(
          operation: "steering", left: "\(name) (width \(configuration.width))",
          right: "a vector of \(edit.vector.count) numbers")
      }
    }
    return with(steering: steering + edits)
  }

  /// The same model without steering.
  public var unsteered: Model { with(steering: []) }

  private func with(steering edits: [SteeringEdit]) -> Model {
    var copy = self
    copy.steering = edits
    return copy
  }

  /// Tells steering apart.
  var steeringDigest: String {
    var hash = Digest()
    for edit in steering { edit.add(to: &hash) }
    return hash.hex
  }

  /// - Throws: ``TransformerError/steered(model:)`` for a model whose steering a file of weights would lose.
  public func requireUnsteered() throws(TransformerError) {
    if !steering.isEmpty { throw .steered(model: name) }
  }
}
