import Tensors

/// How a captured share is counted.
public enum CaptureKind: String, Sendable, CaseIterable {
  /// ‖P_U x‖/‖x‖, a ratio of lengths.
  case norm
  /// ‖P_U x‖²/‖x‖², a share of squared length: these add up over orthogonal subspaces.
  case energy
}

extension Subspace {
  /// The share of a vector that this subspace captures, beside what chance would give.
  ///
  /// - Throws: ``GeometryError/spaceMismatch(left:right:)``, `TensorError`, `Interrupted`.
  public func capture(of x: Displacement, kind: CaptureKind = .norm) throws -> Measure {
    let coordinates = try coordinates(of: x)
    let squaredNorm = x.squaredNorm
    let energy = squaredNorm > 0 ? min(1, coordinates.reduce(0) { $0 + $1 * $1 } / squaredNorm) : 0
    return Subspace.measure(energy: energy, chance: chance(for: x), kind: kind)
  }

  static func measure(energy: Double, chance: Chance, kind: CaptureKind) -> Measure {
    switch kind {
    case .norm: Measure(energy.squareRoot(), chance: chance.norm, chanceModel: chance.model)
    case .energy: Measure(energy, chance: chance.energy, chanceModel: chance.model)
    }
  }

  /// What chance would give for the share of a vector that is captured.
  ///
  /// The first steps of a run contain part of their own sum: against that the null is a random walk with the same step
  /// lengths. Against anything else it is a random subspace, r/D.
  public func chance(for x: Displacement) -> Chance {
    if case .path(let held) = lineage, let summed = held.path(of: x) {
      return .randomWalk(
        squaredLengths: held.record.squaredLengths, held: held.steps, summed: summed, dimension: dimension,
        ambient: ambient)
    }
    return .randomSubspace(dimension: dimension, ambient: ambient)
  }

  /// The energy that drift plus noise predicts for the first steps of a run; nil for everything else.
  func driftNoiseEnergy(for x: Displacement) -> Double? {
    guard case .path(let held) = lineage, let path = x.path, path.record === held.record,
      held.steps.lowerBound == path.steps.lowerBound, held.steps.upperBound <= path.steps.upperBound, path.scale != 0
    else { return nil }
    let lengths = Array(path.record.squaredLengths[path.steps])
    return DriftNoise.fitted(displacementSquared: x.squaredNorm / (path.scale * path.scale), squaredLengths: lengths)
      .energy(prefix: held.steps.count)
  }
}
