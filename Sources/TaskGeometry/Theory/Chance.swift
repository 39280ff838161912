import Foundation

/// What a measurement would give if nothing but chance were at work, with the name of the model of chance.
public struct Chance: Sendable, Equatable, Codable {
  /// The share of squared length (energy) that chance gives.
  public var energy: Double
  /// The model of chance in words, such as `random walk of the same steps`.
  public var model: String

  /// Describes a model of chance.
  public init(energy: Double, model: String) {
    self.energy = energy
    self.model = model
  }

  /// The same as a ratio of lengths.
  public var norm: Double { max(energy, 0).squareRoot() }
}

extension Chance {
  /// A random r-dimensional subspace of D dimensions captures r/D of the energy of any fixed vector.
  public static func randomSubspace(dimension: Int, ambient: Int) -> Chance {
    Chance(energy: ambient > 0 ? min(1, Double(dimension) / Double(ambient)) : 0, model: "random subspace")
  }

  /// A walk of T equal steps in independent random directions: its first k steps hold k/T of its energy.
  public static func randomWalk(steps k: Int, of T: Int) -> Chance {
    Chance(energy: T > 0 ? min(1, Double(k) / Double(T)) : 0, model: "random walk")
  }

  /// A random walk whose steps have the lengths of a run's steps.
  ///
  /// The steps `held` span the subspace; the vector is the sum of the steps `summed`. Random directions in many
  /// dimensions are orthogonal, so the share of energy is Σ‖s_t‖² over the steps in both, over Σ‖s_t‖² of the summed
  /// ones; what the subspace does not hold it captures like any random subspace, r/D.
  public static func randomWalk(
    squaredLengths: [Double], held: Range<Int>, summed: Range<Int>, dimension: Int, ambient: Int
  ) -> Chance {
    let bounds = 0..<squaredLengths.count
    let summed = summed.clamped(to: bounds)
    let common = held.clamped(to: summed)
    let total = squaredLengths[summed].reduce(0, +)
    let background = randomSubspace(dimension: dimension, ambient: ambient)
    // A run sliced so that nothing is shared falls back to r/D: that is the null of a tail capture.
    guard total > 0, !common.isEmpty else { return background }
    let share = squaredLengths[common].reduce(0, +) / total
    return Chance(energy: share + (1 - share) * background.energy, model: "random walk of the same steps")
  }
}

/// Steps that are a constant drift plus independent noise: the model that tells "a straight line seen through minibatch
/// noise" from "a curved path".
public struct DriftNoise: Sendable, Equatable {
  /// a² = ‖mean step‖² / E‖noise‖² of one step.
  public var signalToNoise: Double
  /// How many steps the run has.
  public var steps: Int

  /// Describes a process.
  public init(signalToNoise: Double, steps: Int) {
    self.signalToNoise = signalToNoise
    self.steps = steps
  }

  /// The energy of the displacement that the first k steps capture: (k/T)(1+Ta²)/(1+ka²).
  public func energy(prefix k: Int) -> Double {
    guard steps > 0, k > 0 else { return 0 }
    let (k, T) = (Double(min(k, steps)), Double(steps))
    if signalToNoise.isInfinite { return 1 }
    return k / T * (1 + T * signalToNoise) / (1 + k * signalToNoise)
  }

  /// The process with the displacement and step lengths of a run.
  ///
  /// E‖Δ‖² = T²‖μ‖² + Tν² and E Σ‖s_t‖² = T‖μ‖² + Tν² give ‖μ‖² = (‖Δ‖² − Σ‖s_t‖²)/(T² − T). No capture enters, so its
  /// prediction can be compared with one. A path shorter than a random walk has no drift: a² = 0.
  public static func fitted(displacementSquared: Double, squaredLengths: [Double]) -> DriftNoise {
    let T = Double(squaredLengths.count)
    let total = squaredLengths.reduce(0, +)
    guard T > 1, total > 0 else { return DriftNoise(signalToNoise: 0, steps: squaredLengths.count) }
    let drift = max(0, (displacementSquared - total) / (T * T - T))
    let noise = total / T - drift
    return DriftNoise(signalToNoise: noise > 0 ? drift / noise : .infinity, steps: squaredLengths.count)
  }

  /// The process that explains one capture: a² = (ET − k)/(kT(1 − E)) for the energy E of the first k of T steps.
  public static func fitted(energy: Double, prefix k: Int, of T: Int) -> DriftNoise {
    let (k, total) = (Double(k), Double(T))
    guard energy < 1 else { return DriftNoise(signalToNoise: .infinity, steps: T) }
    return DriftNoise(signalToNoise: max(0, (energy * total - k) / (k * total * (1 - energy))), steps: T)
  }
}

/// How many directions an analysis of m gradients finds when there is nothing to find.
public enum EffectiveRankNull {
  /// The number of eigenvalues needed for `share` of the trace when all m are equal, ⌈share·m⌉: m gradients of pure
  /// noise in D ≫ m dimensions are nearly orthogonal and of one length.
  public static func noise(share: Double, gradients m: Int) -> Int {
    // The small subtraction keeps 0.9·10 = 9.000000000000002 from counting as ten.
    Swift.min(m, Swift.max(1, Int((share * Double(m) - 1e-9).rounded(.up))))
  }
}
