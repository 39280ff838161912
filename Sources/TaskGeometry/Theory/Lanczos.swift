import Checkpoints
import Tensors
import Transformers

/// Eigenvalues at an end of the Hessian's spectrum, with their vectors.
public struct HessianSpectrum: Sendable {
  /// The eigenvalues that were asked for, the outermost first.
  public let values: [Double]
  /// ‖Hv − λv‖ of each, measured: an eigenvalue of H is no farther from λ than this and the error of the differences.
  public let residuals: [Double]
  /// The span of their vectors; direction i belongs to value i up to sign.
  public let subspace: Subspace
  /// How many vectors the search took.
  public let steps: Int
  /// ‖g‖ at the point.
  public let gradientNorm: Double
  /// ĝᵀHĝ, the curvature along the gradient; nil where the gradient is zero.
  public let gradientCurvature: Double?
  /// The share of ‖g‖² in the span; nil where the gradient is zero. Chance is k/D.
  public let gradientEnergy: Measure?
  /// The step of the differences.
  public let step: DifferenceStep

  /// Which eigenvalues.
  public enum End: String, Sendable, CaseIterable {
    /// The largest ones.
    case largest
    /// The smallest ones: the most negative, if there are any.
    case smallest
    /// Those of largest magnitude.
    case magnitude
  }

  /// Lanczos' method with full re-orthogonalisation, from a random start.
  ///
  /// - Parameters:
  ///   - k: how many eigenpairs.
  ///   - end: which.
  ///   - steps: vectors at most, D floats each; max(3k, k + 20) if it is nil. It stops earlier when the k outermost
  ///     values have residuals below 10⁻⁴ of the largest magnitude.
  ///   - seed: of the start.
  ///   - length: ‖εv‖ of the differences; a sweep along the gradient chooses it if it is nil.
  /// - Throws: ``GeometryError``, `TransformerError`, `TensorError`, `Interrupted`.
  public init(
    of objective: any Objective, count k: Int, end: End = .largest, steps: Int? = nil, seed: UInt64,
    length: Double? = nil
  ) throws {
    let D = objective.space.count
    let bound = max(1, min(D, 1024))
    guard k >= 1, k <= bound else { throw GeometryError.outOfRange(what: "k", value: k, allowed: 1...bound) }
    let limit = steps ?? min(bound, max(3 * k, k + 20))
    guard limit >= k, limit <= min(D, 4096) else {
      throw GeometryError.outOfRange(what: "steps", value: limit, allowed: k...max(k, min(D, 4096)))
    }
    let (bytes, overflow) = (limit + 4).multipliedReportingOverflow(by: D * MemoryLayout<Float>.stride)
    if overflow {
      throw TensorError.tooLarge(bytes: Double(limit) * Double(D) * 4, available: MemoryBudget.available)
    }
    try MemoryBudget.check(bytes: bytes)
    let activity = Activity("curvature", total: limit + k)
    defer { activity.finish() }

    let gradient = try objective.gradient(at: objective.point)
    let gradientNorm = gradient.norm
    let start = RandomStream(seed: seed, purpose: "lanczos")
    let along = gradientNorm > 0 ? gradient : try HessianSpectrum.random(start, 0, D)
    let product: HessianProduct
    let image: FloatVector
    if let length {
      product = try HessianProduct(objective, step: DifferenceStep(length: length))
      image = try product.times(along)
    } else {
      (product, image) = try HessianProduct.sweeping(objective, along: along)
    }

    var search = LanczosSearch(product: product, start: start, dimension: D)
    var ritz = SmallMatrix(rows: 0, columns: 0)
    var chosen: [(value: Double, column: Int)] = []
    while search.basis.count < limit {
      guard try search.extend() else { break }
      try activity.advance()
      let size = search.basis.count
      guard size >= k else { continue }
      let (values, vectors) = try search.projected.symmetricEigen()
      chosen = Array(end.ordered(values).prefix(k))
      ritz = vectors
      let scale = values.reduce(0) { max($0, abs($1)) }
      let worst = chosen.reduce(0) { max($0, abs(search.next * vectors[size - 1, $1.column])) }
      if worst <= 1e-4 * scale, size >= min(limit, k + 2) { break }
    }
    guard chosen.count == k else {
      throw GeometryError.degenerate(
        operation: "curvature", reason: "the search found only \(search.basis.count) of \(k) directions")
    }
    self.steps = search.basis.count
    // Taken out of the search first: whoever holds a vector alone may write over it.
    var directions: [FloatVector] = []
    swap(&directions, &search.basis)
    var coefficients = SmallMatrix(rows: ritz.rows, columns: k)
    for row in 0..<ritz.rows {
      for (column, pair) in chosen.enumerated() { coefficients[row, column] = ritz[row, pair.column] }
    }
    try Combinations.replace(&directions, by: coefficients)
    values = chosen.map(\.value)
    var residuals: [Double] = []
    for (direction, value) in zip(directions, values) {
      var rest = try product.times(direction)
      try rest.add(direction, scaled: -value)
      residuals.append(rest.norm / direction.norm)
      try activity.advance()
    }
    self.residuals = residuals
    subspace = try Subspace(
      space: objective.space, generators: directions, coefficients: .identity(k),
      rank: RankDecision(generators: self.steps, rank: k, smallestKept: 1, largestDropped: nil),
      origin: objective.origin, lineage: .other,
      source: "curvature of \(objective.name), \(k) \(end.rawValue) eigenvalues"
    ).refined()
    self.gradientNorm = gradientNorm
    gradientCurvature = gradientNorm > 0 ? try HessianProduct.rayleigh(gradient, image) : nil
    gradientEnergy =
      gradientNorm > 0
      ? try subspace.capture(of: Displacement(space: objective.space, vector: gradient), kind: .energy) : nil
    step = product.step
  }

  fileprivate static func random(_ stream: RandomStream, _ index: Int, _ count: Int) throws -> FloatVector {
    try FloatVector(count: count) { stream.substream(UInt64(index)).fillGaussian($0, count: count) }
  }
}

extension HessianSpectrum.End {
  /// Eigenvalues with their places, the outermost first.
  fileprivate func ordered(_ values: [Double]) -> [(value: Double, column: Int)] {
    values.enumerated().map { (value: $1, column: $0) }.sorted { a, b in
      switch self {
      case .largest: a.value > b.value
      case .smallest: a.value < b.value
      case .magnitude: abs(a.value) > abs(b.value)
      }
    }
  }
}

/// The three-term recurrence and its basis.
private struct LanczosSearch {
  let product: HessianProduct
  let start: RandomStream
  let dimension: Int
  var basis: [FloatVector] = []
  private var diagonal: [Double] = []
  private var offDiagonal: [Double] = []
  private var following: FloatVector?
  /// The length of what the last product had outside of the basis.
  private(set) var next = 0.0

  init(product: HessianProduct, start: RandomStream, dimension: Int) {
    self.product = product
    self.start = start
    self.dimension = dimension
  }

  /// Takes one more vector into the basis. False when there is none left.
  mutating func extend() throws -> Bool {
    if let following {
      basis.append(following)
      offDiagonal.append(next)
    } else {
      // The space is invariant: go on in what is orthogonal to it.
      var fresh = try HessianSpectrum.random(start, basis.count + 1, dimension)
      try Krylov.orthogonalise(&fresh, against: basis)
      let norm = fresh.norm
      guard basis.count < dimension, norm > 1e-4 else { return false }
      if !basis.isEmpty { offDiagonal.append(0) }
      basis.append(try fresh.scaled(by: 1 / norm))
    }
    let last = basis[basis.count - 1]
    var image = try product.times(last)
    let length = image.norm
    diagonal.append(try last.dot(image))
    try Krylov.orthogonalise(&image, against: basis)
    let rest = image.norm
    let scale = max(length, diagonal.reduce(0) { max($0, abs($1)) })
    if rest > max(1e-5, 3 * (product.step.error ?? 0)) * scale {
      following = try image.scaled(by: 1 / rest)
      next = rest
    } else {
      following = nil
      next = 0
    }
    return true
  }

  /// VᵀHV: the tridiagonal matrix.
  var projected: SmallMatrix {
    var matrix = SmallMatrix(rows: diagonal.count, columns: diagonal.count)
    for (index, value) in diagonal.enumerated() {
      matrix[index, index] = value
      if index + 1 < diagonal.count {
        matrix[index, index + 1] = offDiagonal[index]
        matrix[index + 1, index] = offDiagonal[index]
      }
    }
    return matrix
  }
}
