import Checkpoints
import Tensors
import Transformers

/// The order in which several tasks are trained.
public enum TaskOrder: String, Sendable, CaseIterable {
  /// All at once: the sum of their gradients.
  case sum
  /// One step of each in turn.
  case alternate
  /// All at once, without what conflicts: see ``PCGrad``.
  case pcgrad
  /// One after the other, in the order of the list, each for its part of the steps.
  case sequence

  /// The task whose turn a step is; nil when all take part.
  ///
  /// In a sequence the steps are divided evenly, and what is left over goes to the first tasks.
  public func turn(step: Int, of steps: Int, tasks: Int) -> Int? {
    guard tasks > 0 else { return nil }
    switch self {
    case .sum, .pcgrad: return nil
    case .alternate: return step % tasks
    case .sequence:
      let (share, rest) = steps.quotientAndRemainder(dividingBy: tasks)
      let longer = rest * (share + 1)
      return step < longer ? step / (share + 1) : rest + (step - longer) / max(1, share)
    }
  }
}

/// Trains a model on several tasks in a given order and records where it went.
///
/// Whatever the order, a step reads `options.batch` sequences and makes one step of one optimiser, whose state lives
/// through the whole run: all orders cost the same. Where all tasks take part, the sequences are divided evenly.
///
/// - Parameters:
///   - model: θ_0; it does not change.
///   - tasks: what to learn, in this order.
///   - every: how many steps of the optimiser one recorded step holds.
/// - Returns: the run, and for ``TaskOrder/pcgrad`` how many projections each step took; otherwise zeros.
/// - Throws: ``GeometryError``, `TransformerError`, `TensorError`, `Interrupted`.
public func multitask(
  _ model: Model, on tasks: [any Dataset], order: TaskOrder, options: TrainingOptions, every: Int = 1
) throws -> (run: Run, conflicts: [Int]) {
  let count = tasks.count
  guard count >= 2 else {
    throw GeometryError.degenerate(operation: "multitask", reason: "an order needs two tasks, and there are \(count)")
  }
  let data = try tasks.map { try model.reading($0) }
  let isTogether = order == .sum || order == .pcgrad
  if isTogether, options.batch < count {
    throw GeometryError.outOfRange(what: "batch", value: options.batch, allowed: count...(1 << 20))
  }
  if order == .sequence, options.steps < count {
    throw GeometryError.outOfRange(what: "steps", value: options.steps, allowed: count...1_000_000_000)
  }
  var recorder = try StepRecorder(model, every: every, steps: options.steps)
  if isTogether {
    let (bytes, overflow) = count.multipliedReportingOverflow(by: model.freeCount * MemoryLayout<Float>.stride)
    try MemoryBudget.check(bytes: overflow ? Int.max : bytes)
  }
  var parts = try (0..<(isTogether ? count : 0)).map { _ in try FloatVector(zeros: model.freeCount) }
  var conflicts: [Int] = []
  // Twins of one name must not read the same examples.
  let seeds = data.indices.map { index in
    options.seed &+ UInt64(data[..<index].count { $0.name == data[index].name }) &* 0x9E37_79B9_7F4A_7C15
  }
  let result = try train(
    model, options: options, activity: "multitask", observe: { try recorder.record($0) },
    objective: { workspace, step, weights, gradient in
      if let turn = order.turn(step: step, of: options.steps, tasks: count) {
        conflicts.append(0)
        let batch = try data[turn].batch(size: options.batch, seed: seeds[turn], index: step)
        return try workspace.loss(of: model, free: weights, on: batch, gradient: gradient)
      }
      var loss = 0.0
      for task in 0..<count {
        try Cancellation.check()
        let size = options.batch / count + (task < options.batch % count ? 1 : 0)
        let batch = try data[task].batch(size: size, seed: seeds[task], index: step)
        loss += try parts[task].withMutablePointer {
          try workspace.loss(of: model, free: weights, on: batch, gradient: $0)
        }
      }
      let (coefficients, projections): ([Double], Int) =
        order == .sum
        ? (Array(repeating: 1, count: count), 0)
        : PCGrad.combination(
          gram: SmallMatrix(rows: count, columns: count, values: try Gram.matrix(parts)),
          orders: PCGrad.orders(count: count, seed: options.seed, step: step))
      conflicts.append(projections)
      let sum = try Gram.combination(parts, coefficients: coefficients)
      sum.withPointer { gradient.update(from: $0, count: model.freeCount) }
      return loss / Double(count)
    })
  let name = "\(order.rawValue) of " + tasks.map(\.name).joined(separator: ", ")
  return (try recorder.run(of: model, result, options, data: name), conflicts)
}
