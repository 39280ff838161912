import Checkpoints
import Tensors
import Transformers

/// What training cost on each of several tasks.
public struct Damage: Sendable {
  /// One row a task.
  public let rows: [Row]

  /// Exact match on one task before and after.
  public struct Row: Sendable {
    /// The task's name.
    public let task: String
    /// Exact match before, with Wilson's interval, beside the probability of a blind match.
    public let before: Measure
    /// Exact match after.
    public let after: Measure
    /// before − after, with Newcombe's interval; positive when something was lost.
    public let drop: Measure
  }

  /// Scores two models on the same examples of each task.
  ///
  /// - Parameters:
  ///   - count: examples of each task.
  ///   - seed: which examples.
  /// - Throws: ``GeometryError/degenerate(operation:reason:)`` for no tasks, `TransformerError`, `TensorError`,
  ///   `Interrupted`.
  public init(before: Model, after: Model, tasks: [any Dataset], count: Int = 512, seed: UInt64 = 0) throws {
    if tasks.isEmpty { throw GeometryError.degenerate(operation: "damage", reason: "there are no tasks") }
    let activity = Activity("damage", total: tasks.count)
    defer { activity.finish() }
    var rows: [Row] = []
    for task in tasks {
      let first = try evaluate(before, on: task, count: count, seed: seed)
      let second = try evaluate(after, on: task, count: count, seed: seed)
      let interval = Proportion.differenceInterval(first.exactMatches, second.exactMatches, of: first.count)
      rows.append(
        Row(
          task: task.name, before: Damage.measure(first, task), after: Damage.measure(second, task),
          drop: Measure(
            first.accuracy - second.accuracy, low: interval.lowerBound, high: interval.upperBound)))
      try activity.advance()
    }
    self.rows = rows
  }

  private static func measure(_ evaluation: Evaluation, _ task: any Dataset) -> Measure {
    let interval = Proportion.interval(evaluation.exactMatches, of: evaluation.count)
    return Measure(evaluation.accuracy, low: interval.lowerBound, high: interval.upperBound, chance: task.chance)
  }
}
