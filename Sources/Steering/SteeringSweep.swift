import Checkpoints
import TaskGeometry
import Tensors
import Transformers

/// A model steered along a vector at several layers and scales, scored on the same examples throughout.
public struct SteeringSweep: Sendable {
  /// One layer and scale.
  public struct Row: Sendable {
    /// The block.
    public let layer: Int
    /// The factor of the vector.
    public let scale: Double
    /// Exact match on the target.
    public let target: Measure
    /// Exact match on each side task.
    public let sides: [Measure]
    /// Perplexity of the text, if there is one.
    public let perplexity: Measure?
    /// What random vectors of the same length reach on the target: mean and the range that holds 95 % of them.
    public let random: Measure?
    /// The share of random vectors that do at least as well, with the vector itself among them.
    public let exceeded: Double?
  }

  /// By layer, then by scale.
  public let rows: [Row]
  /// The model as it is.
  public let base: (target: Measure, sides: [Measure], perplexity: Measure?)

  /// What is scored, and how.
  public struct Options: Sendable {
    /// How the vector enters.
    public var kind: SteeringEdit.Kind
    /// At which tokens.
    public var positions: SteeringEdit.Positions
    /// Examples of each data set.
    public var count: Int
    /// Which examples, and which random vectors.
    public var seed: UInt64
    /// Random vectors for each layer and scale.
    public var random: Int

    /// The defaults are those of `steering_sweep`.
    public init(
      kind: SteeringEdit.Kind = .add, positions: SteeringEdit.Positions = .all, count: Int = 256, seed: UInt64 = 0,
      random: Int = 0
    ) {
      (self.kind, self.positions, self.count, self.seed, self.random) = (kind, positions, count, seed, random)
    }
  }

  /// Scores every layer with every scale.
  ///
  /// - Parameters:
  ///   - layers: of the vector; each is steered by itself.
  ///   - scales: of either sign.
  ///   - side: data on which nothing should change.
  ///   - text: windows whose perplexity should not rise.
  /// - Throws: ``SteeringError``, `TransformerError`, `TensorError`, `TokenizerError`, `Interrupted`.
  public init(
    _ model: Model, _ vector: SteeringVector, on data: any Dataset, layers: [Int], scales: [Double],
    side: [any Dataset] = [], text: TokenWindows? = nil, options: Options = Options()
  ) throws {
    try vector.require(model)
    guard !layers.isEmpty, !scales.isEmpty, scales.allSatisfy(\.isFinite) else {
      throw SteeringError.invalidOption(what: "scales", value: "\(scales)", allowed: "finite, and at least one")
    }
    guard (0...10_000).contains(options.random) else {
      throw SteeringError.invalidOption(what: "random", value: "\(options.random)", allowed: "from 0 to 10,000")
    }
    let judge = try Judge(model, data, side, text, options)
    base = try judge.all(model)
    let activity = Activity("steering sweep", total: layers.count * scales.count * (1 + options.random))
    defer { activity.finish() }
    var rows: [Row] = []
    for layer in layers {
      let single = try vector.restricted(to: [layer])
      let controls = try (0..<options.random).map { try single.randomised(seed: options.seed, index: $0) }
      for scale in scales {
        func steered(_ vector: SteeringVector) throws -> Model {
          try model.steered(by: vector, scale: scale, kind: options.kind, positions: options.positions)
        }
        let found = try judge.all(steered(single))
        try activity.advance()
        let random = try controls.map { control in
          let share = try judge.target(steered(control)).value
          try activity.advance()
          return share
        }
        rows.append(
          Row(
            layer: layer, scale: scale, target: found.target, sides: found.sides, perplexity: found.perplexity,
            random: Self.summary(random),
            exceeded: random.isEmpty
              ? nil : Double(1 + random.count { $0 >= found.target.value }) / Double(1 + random.count)))
      }
    }
    self.rows = rows
  }

  private static func summary(_ shares: [Double]) -> Measure? {
    guard !shares.isEmpty else { return nil }
    let sorted = shares.sorted()
    return Measure(
      shares.reduce(0, +) / Double(shares.count), low: Statistics.quantile(sorted: sorted, 0.025),
      high: Statistics.quantile(sorted: sorted, 0.975))
  }
}

/// The examples of a sweep, drawn once.
private struct Judge {
  private let data: ScoringSet
  private let sides: [ScoringSet]
  private let text: TokenWindows?

  init(
    _ model: Model, _ data: any Dataset, _ side: [any Dataset], _ text: TokenWindows?, _ options: SteeringSweep.Options
  ) throws {
    self.data = try ScoringSet(data, for: model, count: options.count, seed: options.seed)
    sides = try side.map { try ScoringSet($0, for: model, count: options.count, seed: options.seed) }
    self.text = text
  }

  func all(_ model: Model) throws -> (target: Measure, sides: [Measure], perplexity: Measure?) {
    (
      try target(model), try sides.map { try Self.accuracy(model, $0) },
      try text.map { try perplexity(model, of: $0) }
    )
  }

  func target(_ model: Model) throws -> Measure { try Self.accuracy(model, data) }

  private static func accuracy(_ model: Model, _ set: ScoringSet) throws -> Measure {
    let found = try set.scores(of: model).evaluation
    let interval = Proportion.interval(found.exactMatches, of: found.count)
    return Measure(
      found.accuracy, low: interval.lowerBound, high: interval.upperBound, chance: set.chance,
      chanceModel: "blind answer")
  }
}
