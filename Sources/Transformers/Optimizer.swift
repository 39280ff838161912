import CKernels
import Tensors

/// A rule that turns gradients into steps.
public protocol Optimizer: Sendable {
  /// The name by which a call chooses it, such as `adamw`.
  var name: String { get }
  /// The learning rate when a call gives none.
  var defaultLearningRate: Double { get }
  /// Fresh state for so many weights.
  ///
  /// - Throws: `TensorError` when it does not fit into memory.
  func makeState(count: Int) throws -> any OptimizerState
}

/// What an optimiser carries from step to step.
public protocol OptimizerState: AnyObject {
  /// Moves the weights by one step.
  ///
  /// - Parameters:
  ///   - weights: changed in place.
  ///   - gradient: of the same length.
  ///   - factor: multiplies the gradient first; clipping uses it.
  ///   - learningRate: of this step.
  /// - Throws: `TensorError` when the state cannot be written.
  func step(
    _ weights: UnsafeMutablePointer<Float>, gradient: UnsafePointer<Float>, factor: Double, learningRate: Double
  ) throws
}

/// The optimisers that calls may name.
public enum Optimizers {
  /// Names of all optimisers.
  public static let names = ["adamw", "sgd"]

  /// The optimiser of a name, with its default settings.
  ///
  /// - Throws: ``TransformerError/unknownChoice(of:name:known:)``.
  public static func named(_ name: String) throws(TransformerError) -> any Optimizer {
    switch name {
    case "adamw": AdamW()
    case "sgd": SGD()
    default: throw .unknownChoice(of: "optimizer", name: name, known: names)
    }
  }
}

/// Weights below which one thread is faster than two.
private let grain = 1 << 15

/// Adam with decoupled weight decay (Loshchilov and Hutter, arXiv 1711.05101), with the defaults of
/// `torch.optim.AdamW`: decay 0.01 on every weight, gains and biases included.
public struct AdamW: Optimizer {
  /// Decay of the first moment.
  public var beta1: Double
  /// Decay of the second moment.
  public var beta2: Double
  /// Added to the root of the second moment.
  public var epsilon: Double
  /// Each step shrinks the weights by learning rate × this.
  public var weightDecay: Double

  /// What calls and tables say.
  public var name: String { "adamw" }
  /// The learning rate when a call gives none.
  public var defaultLearningRate: Double { 1e-3 }

  /// AdamW.
  public init(beta1: Double = 0.9, beta2: Double = 0.999, epsilon: Double = 1e-8, weightDecay: Double = 0.01) {
    self.beta1 = beta1
    self.beta2 = beta2
    self.epsilon = epsilon
    self.weightDecay = weightDecay
  }

  /// Fresh state for so many weights.
  public func makeState(count: Int) throws -> any OptimizerState {
    State(self, try FloatVector(zeros: count), try FloatVector(zeros: count))
  }

  private final class State: OptimizerState {
    private let rule: AdamW
    private var first: FloatVector
    private var second: FloatVector
    private var steps = 0

    init(_ rule: AdamW, _ first: FloatVector, _ second: FloatVector) {
      self.rule = rule
      self.first = first
      self.second = second
    }

    func step(
      _ weights: UnsafeMutablePointer<Float>, gradient: UnsafePointer<Float>, factor: Double, learningRate: Double
    ) throws {
      steps += 1
      let correction1 = 1 - rule.beta1.power(steps)
      let correction2 = 1 - rule.beta2.power(steps)
      let constants = tvs_adamw_constants(
        gradient_factor: Float(factor), beta1: Float(rule.beta1), beta2: Float(rule.beta2),
        epsilon: Float(rule.epsilon), decay: Float(1 - learningRate * rule.weightDecay),
        rate: Float(learningRate / correction1), root_correction2: Float(correction2.squareRoot()))
      let count = first.count
      try first.withMutablePointer { m in
        try second.withMutablePointer { v in
          nonisolated(unsafe) let (m, v, weights, gradient) = (m, v, weights, gradient)
          Parallel.ranges(count, grain: grain) { range in
            let start = range.lowerBound
            tvs_adamw(weights + start, gradient + start, m + start, v + start, range.count, constants)
          }
        }
      }
    }
  }
}

/// Gradient descent with momentum, as `torch.optim.SGD`: the buffer is momentum · buffer + gradient, and weights move
/// by −rate · buffer. No weight decay.
public struct SGD: Optimizer {
  /// How much of the last step's buffer is kept.
  public var momentum: Double

  /// What calls and tables say.
  public var name: String { "sgd" }
  /// The learning rate when a call gives none.
  public var defaultLearningRate: Double { 0.1 }

  /// SGD.
  public init(momentum: Double = 0) { self.momentum = momentum }

  /// Fresh state for so many weights.
  public func makeState(count: Int) throws -> any OptimizerState {
    State(momentum, try FloatVector(zeros: momentum == 0 ? 0 : count), count)
  }

  private final class State: OptimizerState {
    private let momentum: Double
    private var buffer: FloatVector
    private let count: Int

    init(_ momentum: Double, _ buffer: FloatVector, _ count: Int) {
      self.momentum = momentum
      self.buffer = buffer
      self.count = count
    }

    func step(
      _ weights: UnsafeMutablePointer<Float>, gradient: UnsafePointer<Float>, factor: Double, learningRate: Double
    ) throws {
      let (momentum, factor, rate) = (Float(momentum), Float(factor), Float(learningRate))
      try buffer.withMutablePointer { buffer in
        nonisolated(unsafe) let (buffer, weights, gradient) = (buffer, weights, gradient)
        Parallel.ranges(count, grain: grain) { range in
          let start = range.lowerBound
          let buffer = momentum == 0 ? nil : buffer + start
          tvs_sgd(weights + start, gradient + start, buffer, range.count, factor, momentum, rate)
        }
      }
    }
  }
}

extension Double {
  /// Repeated multiplication by squaring: the same bits on every machine.
  fileprivate func power(_ exponent: Int) -> Double {
    var (result, base, rest) = (1.0, self, exponent)
    while rest > 0 {
      if rest & 1 == 1 { result *= base }
      base *= base
      rest >>= 1
    }
    return result
  }
}
