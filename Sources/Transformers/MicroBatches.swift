import Checkpoints
import Tensors
import Workers

/// The gradient of a minibatch, taken in parts of so many sequences and added up in their order.
///
/// Where it is cut depends on what the caller asks for and never on who computes, so that one process and many workers,
/// who share the parts out, get the same bits. In one process it bounds the memory of activations.
struct MicroBatches {
  /// Sequences in a part; nil for a batch in one piece, which every worker computes alike.
  let size: Int?

  /// The mean loss over the scored positions of a batch, and its gradient.
  ///
  /// - Throws: as `Workspace.loss`; what one worker throws all of them do.
  func loss(
    _ workspace: Workspace, of model: Model, free: UnsafePointer<Float>, on batch: Batch,
    gradient: UnsafeMutablePointer<Float>
  ) throws -> Double {
    let rows = size ?? batch.rows
    if rows >= batch.rows { return try workspace.loss(of: model, free: free, on: batch, gradient: gradient) }
    let parts = stride(from: 0, to: batch.rows, by: rows).map { batch.rows($0..<min($0 + rows, batch.rows)) }
      .filter { !$0.targets.isEmpty }
    let scored = Double(max(1, parts.reduce(0) { $0 + $1.targets.count }))
    let weights = parts.map { Double($0.targets.count) / scored }
    let count = model.freeCount
    gradient.update(repeating: 0, count: count)
    let team = Team.current
    guard team.isSharing else {
      var part = try FloatVector(zeros: count)
      var total = 0.0
      for (batch, weight) in zip(parts, weights) {
        try Cancellation.check()
        total += try part.withMutablePointer { part in
          let loss = try workspace.loss(of: model, free: free, on: batch, gradient: part)
          Self.add(gradient, part, count, weight)
          return weight * loss
        }
      }
      return total
    }
    func numbers(_ rank: Int) -> Range<Int> { rank * parts.count / team.count..<(rank + 1) * parts.count / team.count }
    var own: [FloatVector] = []
    let losses = try team.gathered("step") {
      try numbers(team.rank).map { number in
        var loss = 0.0
        own.append(
          try FloatVector(count: count) {
            loss = try workspace.loss(of: model, free: free, on: parts[number], gradient: $0)
          })
        return loss
      }
    }.flatMap { $0 }
    try Self.withPointers(own[...]) {
      try team.sum(
        $0, counts: (0..<team.count).map { numbers($0).count }, weights: weights, length: count, into: gradient,
        add: Self.add)
    }
    return zip(losses, weights).reduce(0) { $0 + $1.1 * $1.0 }
  }

  /// target += weight·source, each element by itself.
  private static func add(
    _ target: UnsafeMutablePointer<Float>, _ source: UnsafePointer<Float>, _ count: Int, _ weight: Double
  ) {
    nonisolated(unsafe) let (target, source) = (target, source)
    let factor = Float(weight)
    Parallel.ranges(count, grain: 1 << 15) { range in
      for index in range { target[index] += factor * source[index] }
    }
  }

  private static func withPointers(
    _ vectors: ArraySlice<FloatVector>, _ held: [UnsafePointer<Float>] = [],
    _ body: ([UnsafePointer<Float>]) throws -> Void
  ) throws {
    guard let first = vectors.first else { return try body(held) }
    try first.withPointer { try withPointers(vectors.dropFirst(), held + [$0], body) }
  }
}
