import Checkpoints
import Tensors

/// The part of an operation that is left for the backward pass: what it kept, and how it passes gradients on.
protocol Operation {
  /// Adds this operation's share to the gradients of its inputs.
  ///
  /// - Parameters:
  ///   - gradient: the gradient of the loss with respect to the operation's result, of the result's shape.
  ///   - pass: gives access to the gradients of the inputs and to the kernels.
  func backward(from gradient: Storage, _ pass: BackwardPass) throws
}

/// The gradient of one variable, as far as the backward pass has come.
struct GradientSlot {
  /// Whether anybody needs it.
  var isNeeded: Bool
  /// Where it is, once some operation has written a share of it.
  var storage: Storage?
  /// Whether it is the caller's memory, to which shares are always added.
  var isCallers = false

  /// Takes the finished gradient out of the slot.
  mutating func take() -> Storage? {
    defer { storage = nil }
    return storage
  }

  /// Whether an operation may write into ``storage``: nobody else reads it.
  mutating func ownsStorage() -> Bool { isCallers || isKnownUniquelyReferenced(&storage) }
}

/// Where an operation writes its share of an input's gradient.
struct GradientTarget {
  let storage: Storage
  /// Whether the share is added to what is there; otherwise it is written over it.
  let accumulates: Bool
  var base: UnsafeMutablePointer<Float> { storage.base }
}

/// One walk from a loss back to the leaves.
struct BackwardPass {
  let tape: Tape
  var kernels: any Kernels { tape.kernels }

  /// Where to write a share of the gradient of `input`; nil when nobody needs it.
  func target(for input: Variable) throws -> GradientTarget? {
    guard tape.gradients[input.index].isNeeded else { return nil }
    if tape.gradients[input.index].storage == nil {
      let fresh = try Storage(count: input.count, arena: tape.arena)
      tape.gradients[input.index].storage = fresh
      return GradientTarget(storage: fresh, accumulates: false)
    }
    if !tape.gradients[input.index].ownsStorage(), let shared = tape.gradients[input.index].storage {
      // The other inputs of an addition were handed the same memory: they keep it.
      let copy = try Storage(count: input.count, arena: tape.arena)
      copy.base.update(from: shared.base, count: input.count)
      tape.gradients[input.index].storage = copy
    }
    return tape.gradients[input.index].storage.map { GradientTarget(storage: $0, accumulates: true) }
  }

  /// Hands a finished gradient to `input` as it is, without copying when it is the first share.
  func pass(_ gradient: Storage, to input: Variable) throws {
    guard tape.gradients[input.index].isNeeded else { return }
    if tape.gradients[input.index].storage == nil {
      tape.gradients[input.index].storage = gradient
      return
    }
    if let target = try target(for: input) {
      kernels.add(gradient.base, to: target.base, count: input.count)
    }
  }

  /// Working memory for the length of one operation.
  func scratch(_ count: Int) throws -> Storage { try Storage(count: count, arena: tape.arena) }
}
