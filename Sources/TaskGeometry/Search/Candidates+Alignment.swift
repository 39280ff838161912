import Checkpoints
import Tensors
import Transformers

extension Candidates {
  /// cos(δ, x) of every candidate with a displacement. One candidate is in memory at a time.
  ///
  /// - Throws: ``GeometryError/spaceMismatch(left:right:)``, ``GeometryError/degenerate(operation:reason:)`` for a zero
  ///   vector, `TensorError`, `Interrupted`.
  public func cosines(with x: Displacement) throws -> [Double] {
    try perturbations.space.require(x.space)
    let length = x.norm
    guard length > 0 else { throw GeometryError.degenerate(operation: "alignment", reason: "the displacement is zero") }
    return try eachDirection { delta, sign in
      let size = delta.norm
      return size > 0 ? max(-1, min(1, sign * (try delta.dot(x.vector)) / (size * length))) : 0
    }
  }

  /// ‖P_U δ‖²/‖δ‖² of every candidate: its overlap with a subspace. Of a random direction it is r/D.
  ///
  /// - Throws: as ``cosines(with:)``.
  public func overlaps(with subspace: Subspace) throws -> [Double] {
    try perturbations.space.require(subspace.space)
    return try eachDirection { delta, _ in
      let size = delta.norm
      let inside = try subspace.coordinates(of: delta).reduce(0) { $0 + $1 * $1 }
      return size > 0 ? min(1, inside / (size * size)) : 0
    }
  }

  private func eachDirection(_ measure: (FloatVector, Double) throws -> Double) throws -> [Double] {
    let activity = Activity("alignment", total: count)
    defer { activity.finish() }
    var delta = try FloatVector(zeros: perturbations.space.count)
    var last: Int?
    return try gains.indices.map { index in
      let (number, sign) = perturbations.direction(of: index)
      if number != last {
        try perturbations.fill(&delta, direction: number)
        last = number
      }
      let value = try measure(delta, sign)
      try activity.advance()
      return value
    }
  }

  /// Pearson's correlation of the gains with a number for each candidate. The interval holds 95 % of resamples of
  /// candidates, pairs of mirror images together; candidates without a finite loss are left out.
  ///
  /// - Throws: ``GeometryError/degenerate(operation:reason:)`` when one side does not vary or there are fewer than three
  ///   candidates, `Interrupted`.
  public func correlation(with values: [Double], seed: UInt64 = 0) throws -> Measure {
    let usable = units.map { $0.filter { gains[$0].isFinite && values.indices.contains($0) && values[$0].isFinite } }
      .filter { !$0.isEmpty }
    func pairs(_ places: some Sequence<Int>) -> ([Double], [Double]) {
      let chosen = places.flatMap { usable[$0] }
      return (chosen.map { gains[$0] }, chosen.map { values[$0] })
    }
    let (x, y) = pairs(usable.indices)
    guard var measure = Statistics.correlation(x, y) else {
      throw GeometryError.degenerate(
        operation: "gain_correlation", reason: "a correlation needs three candidates that differ on both sides")
    }
    let interval = try Bootstrap.places(usable.count, seed: seed) { places in
      let (x, y) = pairs(places)
      return Statistics.correlation(x, y)?.value
    }
    measure.low = interval?.lowerBound
    measure.high = interval?.upperBound
    return measure
  }
}
