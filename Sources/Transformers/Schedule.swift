import Foundation

/// How the learning rate changes over a training run, as a factor of its peak.
public enum Schedule: String, Sendable, Hashable, CaseIterable {
  /// The peak to the end.
  case constant
  /// Half a cosine from the peak to a tenth of it.
  case cosine
  /// A straight line from the peak to zero after the last step.
  case linear

  /// The schedule of a name.
  ///
  /// - Throws: ``TransformerError/unknownChoice(of:name:known:)``.
  public init(named name: String) throws(TransformerError) {
    guard let schedule = Schedule(rawValue: name) else {
      throw .unknownChoice(of: "schedule", name: name, known: Schedule.allCases.map(\.rawValue))
    }
    self = schedule
  }

  /// The factor at a step.
  ///
  /// - Parameters:
  ///   - step: counted from 0.
  ///   - warmup: steps over which the factor rises in equal parts to 1: step `warmup − 1` is the first at the peak.
  ///   - steps: steps of the whole run.
  public func factor(step: Int, warmup: Int, steps: Int) -> Double {
    if step < warmup { return Double(step + 1) / Double(warmup) }
    let done = Double(step - warmup) / Double(max(1, steps - warmup))
    switch self {
    case .constant: return 1
    case .cosine: return 0.1 + 0.9 * 0.5 * (1 + cos(Double.pi * done))
    case .linear: return 1 - done
    }
  }
}
