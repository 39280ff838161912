import Tensors
import Transformers

// Values as session files bring them back: their parts, checked against each other and put together as they were.

extension GeometryError {
  /// Parts of a file that do not belong together.
  static func restoring(_ what: String, _ reason: String) -> GeometryError {
    .degenerate(operation: "load", reason: "\(what): \(reason)")
  }
}

extension Run {
  /// A run as it was, or a slice of one.
  ///
  /// - Throws: ``GeometryError`` for parts that do not belong together.
  public init(
    restoring record: RunRecord, range: Range<Int>, start: Model, end: Model, steps: [FloatVector], losses: [Double],
    every: Int, seed: UInt64?, optimizer: String, data: String, files: [String]
  ) throws(GeometryError) {
    try start.parameterSpace.require(end.parameterSpace)
    guard !steps.isEmpty, range.count == steps.count, range.lowerBound >= 0,
      range.upperBound <= record.squaredLengths.count, steps.allSatisfy({ $0.count == start.freeCount }),
      (1...(1 << 30)).contains(every), losses.isEmpty || losses.count <= steps.count * every,
      files.isEmpty || files.count == steps.count + 1
    else { throw .restoring("run", "its parts do not belong together") }
    self.start = start
    self.end = end
    self.steps = steps
    self.losses = losses
    self.every = every
    self.seed = seed
    self.optimizer = optimizer
    self.data = data
    self.files = files
    self.record = record
    self.range = range
  }
}

extension RunPath {
  /// Steps of a recording as they were.
  ///
  /// - Throws: ``GeometryError`` for steps that the recording does not have.
  public init(restoring record: RunRecord, steps: Range<Int>, scale: Double) throws(GeometryError) {
    guard steps.lowerBound >= 0, steps.upperBound <= record.squaredLengths.count else {
      throw .restoring("path", "it names steps that its run does not have")
    }
    self.init(record: record, steps: steps, scale: scale)
  }
}

extension Subspace {
  /// A subspace as it was.
  ///
  /// - Throws: ``GeometryError`` for parts that do not belong together.
  public init(
    restoring space: ParameterSpace, generators: [FloatVector], coefficients: SmallMatrix, rank: RankDecision,
    origin: Model?, lineage: Lineage, source: String
  ) throws(GeometryError) {
    guard coefficients.rows == generators.count, coefficients.columns >= 1, coefficients.columns <= coefficients.rows,
      generators.allSatisfy({ $0.count == space.count }), coefficients.values.allSatisfy(\.isFinite)
    else { throw .restoring("subspace", "its parts do not belong together") }
    self.init(
      space: space, generators: generators, coefficients: coefficients, rank: rank, origin: origin, lineage: lineage,
      source: source)
  }
}

extension GradientSketch {
  /// A sketch as it was.
  ///
  /// - Throws: ``GeometryError`` for parts that do not belong together.
  public init(
    restoring space: ParameterSpace, data: String, map: SketchMap, sketches: [FloatVector], norms: [Double],
    seed: UInt64
  ) throws(GeometryError) {
    guard !sketches.isEmpty, sketches.count == norms.count, map.ambient == space.count,
      sketches.allSatisfy({ $0.count == map.size })
    else { throw .restoring("sketch", "its parts do not belong together") }
    self.init(space: space, data: data, map: map, sketches: sketches, norms: norms, seed: seed)
  }
}

extension Projection {
  /// A projection as it was.
  ///
  /// - Throws: ``GeometryError`` for parts of different spaces.
  public init(
    restoring inside: Displacement, outside: Displacement, coordinates: [Double], squaredNorm: Double, chance: Chance,
    driftNoise: Double?
  ) throws(GeometryError) {
    try inside.space.require(outside.space)
    self.init(
      inside: inside, outside: outside, coordinates: coordinates, squaredNorm: squaredNorm, chance: chance,
      driftNoise: driftNoise)
  }
}

extension Candidates.Source {
  /// What a search was made of, as it was.
  ///
  /// - Throws: ``GeometryError`` for parts that do not belong together.
  public init(
    restoring model: Model, selection: ScoringSet, fresh: ScoringSet, freshBase: ScoringSet.Scores,
    freshWinner: ScoringSet.Scores
  ) throws(GeometryError) {
    guard selection.fits(model), fresh.fits(model), freshBase.losses.count == fresh.count,
      freshWinner.losses.count == fresh.count, freshBase.isWhole, freshWinner.isWhole
    else { throw .restoring("candidates", "their examples do not belong together") }
    self.init(
      model: model, selection: selection, fresh: fresh, freshBase: freshBase, freshWinner: freshWinner)
  }
}
