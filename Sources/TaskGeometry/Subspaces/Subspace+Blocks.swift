import Checkpoints
import Tensors
import Transformers

/// How two subspaces compare within one block of the weights.
public struct BlockOverlap: Sendable {
  /// The block, such as `blocks.2`.
  public let block: String
  /// The mean squared cosine between what the two span within the block, beside chance; nil when one of them has
  /// nothing there.
  public let overlap: Measure?
  /// The share of each basis's squared length that lies in the block; over all blocks they add up to 1.
  public let shares: (first: Double, second: Double)
  /// The dimensions of what the two span within the block, and of the block itself.
  public let dimensions: (first: Int, second: Int, ambient: Int)
}

extension Subspace {
  /// Compares two subspaces block by block: the bases are cut to each block in turn and made orthonormal again there.
  ///
  /// - Parameter paths: blocks or segments of the layout; nil for ``ParameterLayout/blocks``.
  /// - Throws: ``GeometryError/spaceMismatch(left:right:)``, `TransformerError.unknownSegment`, `TensorError`,
  ///   `Interrupted`.
  public func overlap(_ other: Subspace, blocks paths: [String]? = nil) throws -> [BlockOverlap] {
    try space.require(other.space)
    return try (paths ?? space.layout.blocks).map { path in
      try Cancellation.check()
      let range = try space.layout.range(under: path)
      let (first, second) = (try BlockBasis(self, range), try BlockBasis(other, range))
      var measure: Measure?
      if first.dimension > 0, second.dimension > 0 {
        let cross = SmallMatrix(
          rows: first.vectors.count, columns: second.vectors.count,
          values: try Gram.cross(first.vectors, second.vectors))
        let cosines = first.coefficients.transposed * cross * second.coefficients
        let smaller = min(first.dimension, second.dimension)
        measure = Measure(
          min(1, cosines.squaredNorm / Double(smaller)),
          chance: Chance.randomSubspace(
            dimension: max(first.dimension, second.dimension), ambient: range.count
          ).energy)
      }
      return BlockOverlap(
        block: path, overlap: measure, shares: (first.share, second.share),
        dimensions: (first.dimension, second.dimension, range.count))
    }
  }
}

/// An orthonormal basis of what a subspace spans within a stretch of the weights.
private struct BlockBasis {
  let vectors: [FloatVector]
  let coefficients: SmallMatrix
  let share: Double
  var dimension: Int { coefficients.columns }

  init(_ subspace: Subspace, _ range: Range<Int>) throws {
    vectors = try subspace.generators.map { generator in
      try generator.withPointer { source in
        try FloatVector(count: range.count) { $0.update(from: source + range.lowerBound, count: range.count) }
      }
    }
    let count = vectors.count
    let gram = SmallMatrix(rows: count, columns: count, values: try Gram.matrix(vectors))
    let cut = subspace.coefficients.transposed * gram * subspace.coefficients
    share = cut.diagonal.reduce(0, +) / Double(max(1, subspace.dimension))
    // Each direction counts by where it points within the block, not by how much of it lies there.
    let inverse = cut.diagonal.map { $0 > 1e-24 ? 1 / $0.squareRoot() : 0 }
    let (values, eigenvectors) = try cut.scalingRows(by: inverse).scalingColumns(by: inverse).symmetricEigen()
    let largest = values.first ?? 0
    let rank = largest > 0 ? values.prefix { $0 > largest * RankDecision.tolerance }.count : 0
    coefficients =
      subspace.coefficients
      * eigenvectors.selecting(columns: 0..<min(rank, range.count)).scalingRows(by: inverse)
      .scalingColumns(by: values.prefix(min(rank, range.count)).map { 1 / $0.squareRoot() })
  }
}
