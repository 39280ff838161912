import Checkpoints
import Tensors
import Transformers

/// A linear subspace of one parameter space, with an orthonormal basis that is never written down.
///
/// The basis is `generators · coefficients`: the generators are the k long vectors it came from (the steps of a run,
/// shared with the run), and the coefficients a k×r matrix in double. Everything asked of the subspace is answered
/// from inner products with the generators and small matrices, so that a prefix of 100 steps of 534,528 weights costs
/// a 100×100 Gram matrix instead of an orthonormalisation of 534,528×100 numbers.
public struct Subspace: Sendable {
  /// The space in which it lies.
  public let space: ParameterSpace
  /// The k long vectors that span it.
  public let generators: [FloatVector]
  /// The k×r matrix C that makes `generators · C` orthonormal.
  public let coefficients: SmallMatrix
  /// How the dimension was decided.
  public let rank: RankDecision
  /// The model from which displacements are counted when a model is projected.
  public var origin: Model?
  /// What it was made from.
  public var lineage: Lineage
  /// The text of the expression that made it, for displays.
  public var source: String

  /// The dimension r.
  public var dimension: Int { coefficients.columns }
  /// The dimension D of the space around it.
  public var ambient: Int { space.count }

  init(
    space: ParameterSpace, generators: [FloatVector], coefficients: SmallMatrix, rank: RankDecision, origin: Model?,
    lineage: Lineage, source: String
  ) {
    self.space = space
    self.generators = generators
    self.coefficients = coefficients
    self.rank = rank
    self.origin = origin
    self.lineage = lineage
    self.source = source
  }

  /// What a subspace was made from: it decides what chance would give.
  public enum Lineage: Sendable {
    /// Steps of a run.
    case path(RunPath)
    /// The top directions of the gradients of a data set, which hold `share` of their second moment.
    case plane(data: String, share: Double)
    /// Random directions.
    case random
    /// The Krylov space of a gradient under the Hessian.
    case krylov(data: String)
    /// Anything else.
    case other
  }
}

/// How a dimension was decided: which directions of the generators were kept, and how clear the decision was.
public struct RankDecision: Sendable, Equatable, Codable {
  /// How many generators there were.
  public var generators: Int
  /// How many directions were kept.
  public var rank: Int
  /// The smallest singular value that was kept, over the largest; of generators scaled to unit length.
  public var smallestKept: Double
  /// The largest singular value that was dropped, over the largest; nil when none was.
  public var largestDropped: Double?

  /// Singular values below this share of the largest count as zero. Generators are float32 vectors, whose rounding
  /// alone makes dependent ones look independent at 6e-8; the Gram matrix in double resolves down to 1e-7.
  public static let tolerance = 1e-6
}

extension RankDecision: CustomStringConvertible {
  /// Such as `rank 10 of 10 generators, smallest singular value ratio 3e-3`.
  public var description: String {
    "rank \(rank) of \(generators) generator\(generators == 1 ? "" : "s"), smallest singular value ratio "
      + RankDecision.brief(smallestKept)
  }

  /// One significant digit is enough to see how clear a decision was.
  private static func brief(_ ratio: Double) -> String {
    guard ratio > 0, ratio < 0.1 else { return "\((ratio * 100).rounded() / 100)" }
    var exponent = 0
    var mantissa = ratio
    while mantissa < 1 {
      mantissa *= 10
      exponent -= 1
    }
    var digit = Int(mantissa.rounded())
    if digit == 10 { (digit, exponent) = (1, exponent + 1) }
    return "\(digit)e\(exponent)"
  }
}

// MARK: - Building

extension Subspace {
  /// The span of vectors.
  ///
  /// The vectors are scaled to unit length, so that a short last step counts as much as a long first one, and the
  /// eigenvectors of their Gram matrix give the basis: `C = diag(1/‖g‖)·V·Λ^(−1/2)`, the strongest direction first.
  ///
  /// - Parameters:
  ///   - generators: vectors of the space; they are kept, not copied. Zero vectors add nothing.
  ///   - gram: their inner products, if they are known already.
  /// - Throws: ``GeometryError/degenerate(operation:reason:)`` when nothing but zeros is given or a vector is not
  ///   finite, `TensorError`, `Interrupted`.
  public static func spanning(
    _ generators: [FloatVector], of space: ParameterSpace, gram: SmallMatrix? = nil, origin: Model? = nil,
    lineage: Lineage = .other, source: String = ""
  ) throws -> Subspace {
    for generator in generators where generator.count != space.count {
      throw GeometryError.degenerate(
        operation: "span", reason: "a vector of \(generator.count) elements in a space of \(space.count)")
    }
    let count = generators.count
    let gram = try gram ?? SmallMatrix(rows: count, columns: count, values: Gram.matrix(generators))
    let lengths = gram.diagonal.map { $0.squareRoot() }
    guard lengths.allSatisfy(\.isFinite) else {
      throw GeometryError.degenerate(operation: "span", reason: "a vector has an element that is not a finite number")
    }
    let inverse = lengths.map { $0 > 0 ? 1 / $0 : 0 }
    let (values, vectors) = try gram.scalingRows(by: inverse).scalingColumns(by: inverse).symmetricEigen()
    guard let largest = values.first, largest > 0 else {
      throw GeometryError.degenerate(operation: "span", reason: "all the vectors are zero")
    }
    let ratios = values.map { max($0 / largest, 0).squareRoot() }
    let rank = ratios.prefix { $0 > RankDecision.tolerance }.count
    let decision = RankDecision(
      generators: count, rank: rank, smallestKept: ratios[rank - 1],
      largestDropped: rank < ratios.count ? ratios[rank] : nil)
    let coefficients = vectors.selecting(columns: 0..<rank).scalingRows(by: inverse)
      .scalingColumns(by: values.prefix(rank).map { 1 / $0.squareRoot() })
    let subspace = Subspace(
      space: space, generators: generators, coefficients: coefficients, rank: decision, origin: origin,
      lineage: lineage, source: source)
    return decision.smallestKept < Subspace.refinementThreshold ? try subspace.refined() : subspace
  }

  /// Below this ratio the rounding of the Gram matrix, about 1e-16 over its square, would show in the basis.
  private static let refinementThreshold = 1e-3

  /// The r directions in which vectors vary most: the top eigenvectors of Σ x xᵀ, which is not centred, at the vectors'
  /// own lengths. The task plane (arXiv 2606.10929) of gradients that are there already.
  ///
  /// - Parameters:
  ///   - vectors: vectors of the space; they are kept, not copied.
  ///   - dimension: r, from 1 to the number of vectors.
  /// - Throws: ``GeometryError/outOfRange(what:value:allowed:)``,
  ///   ``GeometryError/degenerate(operation:reason:)`` when the vectors span fewer than r directions or one is not
  ///   finite, `TensorError`, `Interrupted`.
  public static func leading(
    _ vectors: [FloatVector], of space: ParameterSpace, dimension: Int, origin: Model? = nil, source: String = ""
  ) throws -> Subspace {
    guard dimension >= 1, dimension <= vectors.count else {
      throw GeometryError.outOfRange(what: "r", value: dimension, allowed: 1...max(1, vectors.count))
    }
    let gram = try SmallMatrix(rows: vectors.count, columns: vectors.count, values: Gram.matrix(vectors))
    guard gram.diagonal.allSatisfy(\.isFinite) else {
      throw GeometryError.degenerate(operation: "span", reason: "a vector has an element that is not a finite number")
    }
    let (values, eigenvectors) = try gram.symmetricEigen()
    let ratios = values.map { (max($0, 0) / max(values[0], .leastNormalMagnitude)).squareRoot() }
    let rank = ratios.prefix { $0 > RankDecision.tolerance }.count
    guard dimension <= rank else {
      throw GeometryError.degenerate(
        operation: "span", reason: "\(dimension) directions of vectors that span \(rank)")
    }
    let subspace = Subspace(
      space: space, generators: vectors,
      coefficients: eigenvectors.selecting(columns: 0..<dimension)
        .scalingColumns(by: values.prefix(dimension).map { 1 / $0.squareRoot() }),
      rank: RankDecision(
        generators: vectors.count, rank: dimension, smallestKept: ratios[dimension - 1],
        largestDropped: dimension < ratios.count ? ratios[dimension] : nil),
      origin: origin, lineage: .other, source: source
    )
    return ratios[dimension - 1] < Subspace.refinementThreshold ? try subspace.refined() : subspace
  }

  /// The same subspace with a basis that is orthonormal to the last digits, however close to dependent its generators
  /// are: the second half of CholeskyQR2 (Yamamoto, Nakatsukasa, Yanagisawa and Fukaya, ETNA 44, 2015).
  func refined() throws -> Subspace {
    let gram = try BasisTiles(self).gram()
    let (values, vectors) = try gram.symmetricEigen()
    guard let smallest = values.last, smallest > 0.1 else {
      throw GeometryError.degenerate(operation: "span", reason: "the vectors are too close to dependent")
    }
    // The symmetric inverse square root moves every basis vector as little as possible.
    let correction = vectors.scalingColumns(by: values.map { 1 / $0.squareRoot() }) * vectors.transposed
    return Subspace(
      space: space, generators: generators, coefficients: coefficients * correction, rank: rank, origin: origin,
      lineage: lineage, source: source)
  }

  /// r random directions: Gaussian vectors, each from its own stream of the seed.
  ///
  /// - Parameters:
  ///   - dimension: r, from 1 to D.
  ///   - seed: with (seed, `subspace`, column) every column is the same whatever r is.
  /// - Throws: ``GeometryError/outOfRange(what:value:allowed:)``, `TensorError`, `Interrupted`.
  public static func random(
    in space: ParameterSpace, dimension: Int, seed: UInt64, origin: Model? = nil, source: String = ""
  ) throws -> Subspace {
    guard dimension >= 1, dimension <= space.count else {
      throw GeometryError.outOfRange(what: "r", value: dimension, allowed: 1...max(1, space.count))
    }
    let (bytes, overflow) = dimension.multipliedReportingOverflow(by: space.count * MemoryLayout<Float>.stride)
    if overflow {
      throw TensorError.tooLarge(bytes: Double(dimension) * Double(space.count) * 4, available: MemoryBudget.available)
    }
    try MemoryBudget.check(bytes: bytes)
    var columns: [FloatVector] = []
    for column in 0..<dimension {
      try Cancellation.check()
      let stream = RandomStream(seed: seed, purpose: "subspace", name: String(column))
      columns.append(try FloatVector(count: space.count) { stream.fillGaussian($0, count: space.count) })
    }
    return try spanning(columns, of: space, origin: origin, lineage: .random, source: source)
  }

  /// Basis vector number `index`, written out.
  ///
  /// - Throws: ``GeometryError/outOfRange(what:value:allowed:)``, `TensorError`, `Interrupted`.
  public func direction(_ index: Int) throws -> Displacement {
    guard index >= 0, index < dimension else {
      throw GeometryError.outOfRange(what: "index", value: index, allowed: 0...max(0, dimension - 1))
    }
    let column = (0..<coefficients.rows).map { coefficients[$0, index] }
    return try Displacement(
      space: space, vector: Gram.combination(generators, coefficients: column), origin: origin)
  }

  /// The sine below which an angle with this subspace counts as zero: of float32 vectors combined with large
  /// coefficients only so much is known.
  public var resolution: Double { max(1e-5, 1e-7 / max(rank.smallestKept, 1e-6)) }
}
