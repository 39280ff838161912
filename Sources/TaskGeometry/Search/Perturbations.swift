import Checkpoints
import Tensors
import Transformers
import Workers

/// The candidates of a random search, each a function of the seed and its number.
///
/// Element j of a segment is element j of the stream (seed, `search`, name of the segment) under the candidate's number;
/// in a subspace the coordinates are the stream (seed, `search`, `subspace`). Nothing depends on the other candidates, on
/// the order in which they are made or on the number of threads, so that none has to be kept.
public struct Perturbations: Sendable {
  /// How long a perturbation is.
  public enum Length: Sendable, Equatable, Codable {
    /// Each coordinate has this standard deviation: σ. The norm grows with the dimension.
    case deviation(Double)
    /// Several deviations in turn: direction j has number j modulo their count.
    case deviations([Double])
    /// Every perturbation has this norm: ρ.
    case norm(Double)

    /// The deviation of a coordinate of direction number `number`; nil where the norm is fixed.
    func deviation(of number: Int) -> Double? {
      switch self {
      case .deviation(let value): value
      case .deviations(let values): values[number % values.count]
      case .norm: nil
      }
    }
  }

  /// Where the perturbations live.
  public let space: ParameterSpace
  /// The subspace that they stay in; nil for all directions.
  public let subspace: Subspace?
  /// How long they are.
  public let length: Length
  /// Which ones they are.
  public let seed: UInt64
  /// Whether they come in pairs (δ, −δ): candidate 2i + 1 is the mirror image of candidate 2i.
  public let isAntithetic: Bool
  private let pieces: [Piece]

  /// A stretch of a segment, long enough to be worth a call and short enough to be shared out.
  private struct Piece: Sendable {
    let stream: RandomStream
    let offset: Int
    let start: Int
    let count: Int
    static let limit = 1 << 14
  }

  /// Describes the candidates of a search.
  ///
  /// - Throws: ``GeometryError/invalidOption(what:value:allowed:)`` for a length that is not positive,
  ///   ``GeometryError/spaceMismatch(left:right:)`` for a subspace of another space.
  public init(
    in space: ParameterSpace, within subspace: Subspace? = nil, length: Length, seed: UInt64,
    isAntithetic: Bool = false
  ) throws(GeometryError) {
    switch length {
    case .deviation(let value): try Perturbations.check("sigma", value)
    case .deviations(let values):
      guard !values.isEmpty else { throw .degenerate(operation: "search", reason: "the list of deviations is empty") }
      for value in values { try Perturbations.check("sigma", value) }
    case .norm(let value): try Perturbations.check("norm", value)
    }
    if let subspace { try subspace.space.require(space) }
    self.space = space
    self.subspace = subspace
    self.length = length
    self.seed = seed
    self.isAntithetic = isAntithetic
    var pieces: [Piece] = []
    for segment in space.layout.segments {
      let stream = RandomStream(seed: seed, purpose: "search", name: segment.name)
      for offset in stride(from: 0, to: segment.count, by: Piece.limit) {
        pieces.append(
          Piece(
            stream: stream, offset: offset, start: segment.offset + offset,
            count: min(Piece.limit, segment.count - offset)))
      }
    }
    self.pieces = pieces
  }

  private static func check(_ what: String, _ value: Double) throws(GeometryError) {
    guard value > 0, Float(value).isNormal else {
      throw .invalidOption(what: what, value: value, allowed: "above 0, and within the range of float32")
    }
  }

  /// The dimension of what is searched.
  public var dimension: Int { subspace?.dimension ?? space.count }

  /// Which direction a candidate takes, and with which sign.
  func direction(of index: Int) -> (number: Int, sign: Double) {
    isAntithetic ? (index / 2, index % 2 == 0 ? 1 : -1) : (index, 1)
  }

  /// The deviation of a coordinate of a candidate; nil where the norm is fixed.
  public func deviation(of index: Int) -> Double? { length.deviation(of: direction(of: index).number) }

  /// Candidate number `index`.
  ///
  /// - Throws: ``GeometryError/outOfRange(what:value:allowed:)`` for a number below 0, `TensorError`, `Interrupted`.
  public func displacement(_ index: Int, origin: Model? = nil) throws -> Displacement {
    guard index >= 0 else { throw GeometryError.outOfRange(what: "index", value: index, allowed: 0...Int.max) }
    let (number, sign) = direction(of: index)
    var vector = try FloatVector(zeros: space.count)
    try fill(&vector, direction: number)
    return try Displacement(space: space, vector: sign < 0 ? vector.scaled(by: -1) : vector, origin: origin)
  }

  /// Writes direction number `number` over a vector.
  func fill(_ vector: inout FloatVector, direction number: Int) throws {
    if let subspace {
      vector = try subspace.vector(at: coordinates(of: number, subspace.dimension))
      return
    }
    try vector.withMutablePointer { draw(pieces.indices, of: number, into: $0) }
    guard case .norm(let norm) = length else { return }
    // Summed piece by piece and not thread by thread, so that the length has the same bits on any number of threads.
    let drawn = vector
    var squares = [Double](repeating: 0, count: pieces.count)
    squares.withUnsafeMutableBufferPointer { squares in
      nonisolated(unsafe) let squares = squares
      Parallel.ranges(pieces.count, grain: 2) { range in
        for index in range {
          squares[index] = drawn.squaredNorm(in: pieces[index].start..<pieces[index].start + pieces[index].count)
        }
      }
    }
    let factor = norm / squares.reduce(0, +).squareRoot()
    vector = try drawn.scaled(by: factor)
  }

  /// Writes some pieces of direction number `number`, of deviation 1 where the norm is fixed.
  ///
  /// - Parameter out: where the first of the pieces begins.
  private func draw(_ range: Range<Int>, of number: Int, into out: UnsafeMutablePointer<Float>) {
    guard let start = pieces[range].first?.start else { return }
    let deviation = Float(length.deviation(of: number) ?? 1)
    let pieces = pieces[range]
    nonisolated(unsafe) let out = out
    Parallel.ranges(pieces.count, grain: 2) { part in
      for piece in pieces[(pieces.startIndex + part.lowerBound)..<(pieces.startIndex + part.upperBound)] {
        piece.stream.substream(UInt64(number)).fillGaussian(
          out + (piece.start - start), count: piece.count, from: UInt64(piece.offset), scale: deviation)
      }
    }
  }

  /// Σ weight·direction over the directions from number 0, with the bits of adding whole vectors up in their order, where
  /// directions are given by deviations in all of the space.
  ///
  /// Each worker draws and adds a stretch of every direction and tells the others, once: nobody draws all of them.
  ///
  /// - Throws: `TensorError`, `Interrupted`, `WorkerError`.
  func sum(_ weights: [Double]) throws -> FloatVector {
    let team = Team.current
    func stretch(_ rank: Int) -> (pieces: Range<Int>, elements: Range<Int>) {
      let range = rank * pieces.count / team.count..<(rank + 1) * pieces.count / team.count
      func start(_ piece: Int) -> Int { piece < pieces.count ? pieces[piece].start : space.count }
      return (range, start(range.lowerBound)..<start(range.upperBound))
    }
    let own = stretch(team.rank)
    var part = try FloatVector(zeros: own.elements.count)
    // A worker that cannot go on tells the others, who would wait for its stretch.
    _ = try team.gathered("sum of \(weights.count) directions") {
      var drawn = try FloatVector(zeros: own.elements.count)
      for (number, weight) in weights.enumerated() {
        try Cancellation.check()
        try drawn.withMutablePointer { draw(own.pieces, of: number, into: $0) }
        try part.add(drawn, scaled: weight)
      }
      return true
    }
    return try FloatVector(count: space.count) { out in
      part.withPointer { (out + own.elements.lowerBound).update(from: $0, count: own.elements.count) }
      for rank in 0..<team.count {
        let range = stretch(rank).elements
        let bytes = UnsafeMutableRawBufferPointer(
          start: out + range.lowerBound, count: range.count * MemoryLayout<Float>.stride)
        try team.share(bytes, from: rank)
      }
    }
  }

  /// The coordinates of direction number `number` in the orthonormal basis of the subspace.
  private func coordinates(of number: Int, _ count: Int) -> [Double] {
    let normal = RandomStream(seed: seed, purpose: "search", name: "subspace").substream(UInt64(number))
      .gaussians(count: count)
    switch length {
    case .deviation, .deviations: return normal.map { (length.deviation(of: number) ?? 1) * $0 }
    case .norm(let norm):
      let factor = norm / normal.reduce(0) { $0 + $1 * $1 }.squareRoot()
      return normal.map { factor * $0 }
    }
  }
}

/// Visits the points θ + δ one at a time, in memory for one. The base is never written, so that nothing has to be undone.
struct PerturbedPoint {
  private let perturbations: Perturbations
  private let base: FloatVector
  private var delta: FloatVector
  private var number: Int?
  private(set) var point: FloatVector

  init(_ perturbations: Perturbations, around base: FloatVector) throws {
    guard base.count == perturbations.space.count else {
      throw GeometryError.degenerate(
        operation: "search", reason: "a point of \(base.count) elements in a space of \(perturbations.space.count)")
    }
    self.perturbations = perturbations
    self.base = base
    delta = try FloatVector(zeros: base.count)
    point = try FloatVector(zeros: base.count)
  }

  /// Direction number `number`, of which the last one is kept for its mirror image.
  mutating func direction(_ number: Int) throws -> FloatVector {
    if self.number != number {
      try perturbations.fill(&delta, direction: number)
      self.number = number
    }
    return delta
  }

  /// Goes to `base + sign·direction`, computed as model + displacement is: in double, rounded once.
  mutating func move(along number: Int, sign: Double) throws {
    let delta = try direction(number)
    let base = base
    try point.withMutablePointer { out in
      base.withPointer { out.update(from: $0, count: base.count) }
    }
    try point.add(delta, scaled: sign)
  }

  /// Goes to candidate number `index`.
  mutating func move(to index: Int) throws {
    let (number, sign) = perturbations.direction(of: index)
    try move(along: number, sign: sign)
  }
}
