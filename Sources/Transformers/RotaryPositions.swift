import Autograd
import Foundation

/// Rotary positions of a model (Su et al., arXiv 2104.09864): the base of the frequencies, and how they are stretched
/// for contexts longer than those of the first training.
public struct RotaryPositions: Hashable, Sendable, Codable {
  /// Pair i of a head of width d turns by base^(−2i/d) a position.
  public var base: Double
  /// What is done to the frequencies.
  public var scaling: Scaling

  /// Ways to stretch the frequencies.
  public enum Scaling: Hashable, Sendable, Codable {
    /// None.
    case none
    /// All are divided by a factor (Chen et al., arXiv 2306.15595).
    case linear(factor: Double)
    /// Llama 3.1: wavelengths beyond `original / low` are stretched by the factor, those below `original / high` stay,
    /// and those between are interpolated. `original` is the context of the first training, in tokens.
    case llama3(factor: Double, low: Double, high: Double, original: Double)
  }

  /// Rotary positions; by default those of the first Llama.
  public init(base: Double = 10_000, scaling: Scaling = .none) {
    self.base = base
    self.scaling = scaling
  }

  /// Radians a position for each pair of columns of a head, `headWidth / 2` of them.
  public func frequencies(headWidth: Int) -> [Double] {
    let pairs = headWidth / 2
    let plain = (0..<pairs).map { pow(base, -Double($0) / Double(pairs)) }
    switch scaling {
    case .none: return plain
    case .linear(let factor): return plain.map { $0 / factor }
    case .llama3(let factor, let low, let high, let original):
      return plain.map { frequency in
        let turns = original * frequency / (2 * Double.pi)
        if turns < low { return frequency / factor }
        if turns > high { return frequency }
        let smooth = (turns - low) / (high - low)
        return (1 - smooth) * frequency / factor + smooth * frequency
      }
    }
  }

  /// The rotation of the heads of one model.
  func spec(headWidth: Int) -> RotarySpec { RotarySpec(base: base, frequencies: frequencies(headWidth: headWidth)) }

  func check() throws(TransformerError) {
    func require(_ field: String, _ value: Double, above bound: Double = 0) throws(TransformerError) {
      guard value.isFinite, value > bound else {
        throw .invalidConfiguration(field: field, value: "\(value)", reason: "must be a number above \(bound)")
      }
    }
    try require("rope_theta", base)
    switch scaling {
    case .none: break
    case .linear(let factor): try require("rope_scaling.factor", factor)
    case .llama3(let factor, let low, let high, let original):
      try require("rope_scaling.factor", factor)
      try require("rope_scaling.low_freq_factor", low)
      try require("rope_scaling.high_freq_factor", high, above: low)
      try require("rope_scaling.original_max_position_embeddings", original)
    }
  }
}
