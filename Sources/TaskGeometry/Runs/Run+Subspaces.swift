import Foundation
import Tensors

extension Run {
  /// The span of the first k steps, s_0 … s_{k−1}.
  ///
  /// - Throws: ``GeometryError/outOfRange(what:value:allowed:)``, ``GeometryError/degenerate(operation:reason:)`` when
  ///   the steps are zero, `TensorError`, `Interrupted`.
  public func prefix(_ k: Int) throws -> Subspace { try span(0..<k, k, "prefix") }

  /// The span of the last k steps.
  ///
  /// - Throws: as ``prefix(_:)``.
  public func suffix(_ k: Int) throws -> Subspace { try span(count - min(k, count)..<count, k, "suffix") }

  private func span(_ part: Range<Int>, _ k: Int, _ name: String) throws -> Subspace {
    guard k >= 1, k <= count else { throw GeometryError.outOfRange(what: "k", value: k, allowed: 1...count) }
    let global = range.lowerBound + part.lowerBound..<range.lowerBound + part.upperBound
    return try Subspace.spanning(
      Array(steps[part]), of: space, gram: record.gram(of: global, in: self), origin: start,
      lineage: .path(RunPath(record: record, steps: global)), source: "\(name)(run, \(k))")
  }

  /// ‖Δ‖/Σ‖s_t‖: 1 for a straight line. Chance is that of a random walk with the same step lengths,
  /// √(Σ‖s_t‖²)/Σ‖s_t‖, which is 1/√T for equal steps.
  ///
  /// - Throws: `TensorError`.
  public func straightness() throws -> Measure {
    let lengths = squaredLengths.map { $0.squareRoot() }
    let total = lengths.reduce(0, +)
    guard total > 0 else { throw GeometryError.degenerate(operation: "straightness", reason: "no step moved") }
    let walk = squaredLengths.reduce(0, +).squareRoot() / total
    return Measure(
      min(1, try displacement().norm / total), chance: walk, chanceModel: "random walk of the same steps")
  }

  /// How much of the rest of the run, θ_T − θ_k, the first k steps already span: the part of a prefix capture that is
  /// not the prefix itself. Chance is r/D.
  ///
  /// - Throws: ``GeometryError/outOfRange(what:value:allowed:)`` unless 1 ≤ k < T, `TensorError`, `Interrupted`.
  public func tailCapture(_ k: Int, kind: CaptureKind = .norm) throws -> Measure {
    guard k >= 1, k < count else {
      throw GeometryError.outOfRange(what: "k", value: k, allowed: 1...max(1, count - 1))
    }
    return try prefix(k).capture(of: slice(k..<count).displacement(), kind: kind)
  }

  /// The constant drift and independent noise that give a displacement and step lengths like this run's.
  ///
  /// - Throws: `TensorError`.
  public func driftNoise() throws -> DriftNoise {
    .fitted(displacementSquared: try displacement().squaredNorm, squaredLengths: squaredLengths)
  }
}
