import CKernels
import Tensors

/// The mean loss over the scored positions of a batch.
///
/// - Throws: ``TransformerError``, `TensorError`, `Interrupted`.
public func loss(of model: Model, on batch: Batch) throws -> Double {
  try Workspace.withShared { try $0.loss(of: model, on: batch) }
}

/// The loss of a batch and its gradient with respect to the free weights.
///
/// - Returns: the mean loss over the scored positions and a vector in the layout of ``Model/freeLayout``.
/// - Throws: ``TransformerError/notFinite(what:step:)`` and other ``TransformerError``s, `TensorError`, `Interrupted`.
public func gradient(of model: Model, on batch: Batch) throws -> (loss: Double, gradient: FloatVector) {
  try Workspace.withShared { workspace in
    var loss = 0.0
    let gradient = try FloatVector(count: model.freeCount) {
      loss = try workspace.loss(of: model, on: batch, gradient: $0)
    }
    guard loss.isFinite else { throw TransformerError.notFinite(what: "loss", step: nil) }
    return (loss, gradient)
  }
}

/// The Euclidean norm, accumulated in double in an order that depends only on the number of threads.
func euclideanNorm(_ vector: UnsafePointer<Float>, _ count: Int) -> Double {
  nonisolated(unsafe) let vector = vector
  return Parallel.collect(count, grain: 1 << 15) { range in
    tvs_vector_dot(vector + range.lowerBound, vector + range.lowerBound, range.count)
  }.reduce(0, +).squareRoot()
}
