import Checkpoints
import Tensors
import Transformers

/// How contrast vectors are fitted.
public struct ContrastOptions: Sendable {
  /// How a direction is found.
  public var method: ContrastMethod
  /// Where in a block.
  public var site: ActivationSite
  /// At which token.
  public var position: ReadingPosition
  /// The share of prompts that is held out.
  public var holdout: Double
  /// Fits to shuffled labels.
  public var shuffles: Int
  /// λ of the logistic loss.
  public var penalty: Double
  /// Which prompts are held out and which sides a shuffle exchanges.
  public var seed: UInt64

  /// The defaults are those of `contrast`.
  public init(
    method: ContrastMethod = .mean, site: ActivationSite = .residPost, position: ReadingPosition = .answer,
    holdout: Double = 0.25, shuffles: Int = 20, penalty: Double = 1, seed: UInt64 = 0
  ) {
    (self.method, self.site, self.position, self.holdout) = (method, site, position, holdout)
    (self.shuffles, self.penalty, self.seed) = (shuffles, penalty, seed)
  }
}

/// Contrast vectors of a model at some of its layers, all read in one pass over the pairs.
///
/// - Parameters:
///   - model: the model; a steered one is read as it computes.
///   - data: prompts with two answers each.
///   - layers: blocks, from 0.
/// - Throws: ``SteeringError``, `TransformerError`, `TokenizerError`, `TensorError`, `Interrupted`.
public func contrast(
  _ model: Model, _ data: any Dataset, layers: [Int], options: ContrastOptions = ContrastOptions()
) throws -> SteeringVector {
  let texts = try ContrastTexts(data, for: model)
  let split = try ContrastSplit(
    prompts: texts.prompts, answers: texts.answers, fraction: options.holdout, seed: options.seed)
  let read = try contrastPairs(model, texts, layers: layers, site: options.site, position: options.position)
  let activity = Activity("contrast", total: read.count)
  defer { activity.finish() }
  let found = try read.map { layer, pairs in
    let scored = try ScoredContrast(
      pairs, split: split, method: options.method, shuffles: options.shuffles, seed: options.seed,
      penalty: options.penalty)
    try activity.advance()
    return SteeringVector.Layer(
      index: layer, values: scored.fit.direction.map { Float($0) }, score: scored.score,
      threshold: scored.fit.threshold)
  }
  return try SteeringVector(
    layers: found, site: options.site, origin: .init(model), positions: options.position.name,
    method: options.method.rawValue)
}

/// Activations of pairs at several layers, in the order of the layers.
func contrastPairs(
  _ model: Model, _ texts: ContrastTexts, layers: [Int], site: ActivationSite, position: ReadingPosition
) throws -> [(layer: Int, pairs: ContrastPairs)] {
  let layers = Set(layers).sorted()
  guard !layers.isEmpty else { throw SteeringError.degenerate(operation: "contrast", reason: "there is no layer") }
  let known = Array(0..<model.configuration.layers)
  if let absent = layers.first(where: { !known.contains($0) }) {
    throw SteeringError.noLayer(absent, known: known, of: model.name)
  }
  let points = layers.map { ActivationPoint(layer: $0, site: site) }
  func read(_ side: [[Int32]], _ answers: [Range<Int>]) throws -> [Tensor] {
    try model.activations(of: side, at: points, positions: position.rule(answers: answers)).matrices
  }
  let positive = try read(texts.positive, texts.positiveAnswers)
  let negative = try read(texts.negative, texts.negativeAnswers)
  return try layers.indices.map { place in
    let pairs = try ContrastPairs(
      positive: positive[place].floats, negative: negative[place].floats, count: texts.prompts.count,
      width: model.configuration.width)
    return (layers[place], pairs)
  }
}

/// How well the directions of a vector tell the sides of other pairs apart, layer by layer.
///
/// A direction that was fitted to pairs keeps its threshold; another one gets the middle between the sides of these pairs.
/// Chance is what random directions, each with the middle as its threshold and the better sign, reach on average.
///
/// - Throws: as ``contrast(_:_:layers:options:)``.
public func probe(
  _ vector: SteeringVector, _ model: Model, _ data: any Dataset, position: ReadingPosition, random: Int = 20,
  seed: UInt64 = 0
) throws -> [(layer: Int, score: ProbeScore)] {
  try vector.require(model)
  guard (0...10_000).contains(random) else {
    throw SteeringError.invalidOption(what: "random", value: "\(random)", allowed: "from 0 to 10,000")
  }
  let texts = try ContrastTexts(data, for: model)
  let read = try contrastPairs(model, texts, layers: vector.indices, site: vector.site, position: position)
  return try zip(vector.layers, read).map { layer, item in
    let rows = Array(0..<item.pairs.count)
    let fit = ContrastFit(
      direction: layer.values.map(Double.init), threshold: layer.threshold, middleOf: item.pairs)
    let shares = try (0..<random).map { index in
      try Cancellation.check()
      let drawn = RandomStream(seed: seed, purpose: "random probe", name: "\(layer.index)")
        .substream(UInt64(index)).gaussians(count: item.pairs.width)
      let control = ContrastFit(direction: drawn, threshold: nil, middleOf: item.pairs)
      let share = Double(control.hits(item.pairs, rows: rows).reduce(0, +)) / Double(2 * rows.count)
      return max(share, 1 - share)
    }
    var score = ProbeScore(fit, item.pairs, rows: rows, fitted: layer.score?.fitted ?? 0, shuffled: shares)
    score.accuracy.chanceModel = random > 0 ? "random directions" : ProbeScore.guessing
    return (layer.index, score)
  }
}
