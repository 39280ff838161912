import Checkpoints
import Foundation
import Tensors
import Transformers

/// How far apart the two points of a central difference are, and how that was decided.
public struct DifferenceStep: Sendable, Equatable {
  /// ‖εv‖: half the distance between the two points.
  public var length: Double
  /// How much the difference changed, relative to its length, when the step became so long from the next shorter one:
  /// about its relative error. Nil when the length was given.
  public var error: Double?
  /// All that were tried, in order.
  public var trials: [Trial]

  /// One length that was tried.
  public struct Trial: Sendable, Equatable {
    /// ‖εv‖.
    public var length: Double
    /// The change from the trial before, relative to the length of the result; nil for the first.
    public var change: Double?
  }

  /// A length without a decision.
  public init(length: Double, error: Double? = nil, trials: [Trial] = []) {
    self.length = length
    self.error = error
    self.trials = trials
  }
}

extension DifferenceStep {
  /// Lengths of the sweep over ‖θ‖: half decades from 10⁻⁵ to 10⁻¹.
  private static let lengths = stride(from: -5.0, through: -1, by: 0.5).map { pow(10, $0) }

  /// Chooses the step by trying lengths: the one at which the difference changes least from its predecessor. Trying ends
  /// when the errors of long steps begin to show.
  ///
  /// - Parameters:
  ///   - pointNorm: ‖θ‖, of which the lengths are multiples.
  ///   - operation: what fails, in errors.
  ///   - what: what there is none of then.
  ///   - difference: the central difference over ‖εv‖, divided by 2ε.
  /// - Throws: ``GeometryError/degenerate(operation:reason:)`` when no length gives a finite difference, and what
  ///   `difference` throws.
  static func sweep(
    pointNorm: Double, operation: String, what: String, _ difference: (_ length: Double) throws -> FloatVector
  ) throws -> (step: DifferenceStep, image: FloatVector) {
    let activity = Activity("epsilon sweep", total: lengths.count)
    defer { activity.finish() }
    var trials: [Trial] = []
    var previous: FloatVector?
    var best: (length: Double, change: Double, image: FloatVector)?
    for relative in lengths {
      let length = relative * (pointNorm > 0 ? pointNorm : 1)
      let image: FloatVector
      do {
        image = try difference(length)
      } catch TransformerError.notFinite where best != nil {
        break
      }
      let norm = image.norm
      guard norm.isFinite else { break }
      var change: Double?
      if let previous {
        let difference = try image.subtracting(previous).norm
        change = norm > 0 ? difference / norm : (difference > 0 ? .infinity : 0)
      }
      trials.append(Trial(length: length, change: change))
      previous = image
      try activity.advance()
      guard let change else { continue }
      // On equal terms the longer step has the smaller rounding.
      if change <= best?.change ?? .infinity {
        best = (length, change, image)
      } else if let best, best.change < 0.1, change > 10 * best.change {
        break
      }
    }
    guard let best else {
      throw GeometryError.degenerate(operation: operation, reason: "no length of step gives a finite \(what)")
    }
    return (DifferenceStep(length: best.length, error: best.change, trials: trials), best.image)
  }
}
