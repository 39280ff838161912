import Tensors
import Transformers

/// A loss over a space of weights, at a point: all that curvature, Krylov spaces and linear windows are about.
///
/// A model on fixed minibatches is one (``ModelObjective``), a formula is another (``FunctionObjective``), so that the same
/// code is tried on quadratics whose answers are known.
public protocol Objective {
  /// What it is called in the sources of subspaces, such as the name of the data.
  var name: String { get }
  /// Where it is defined.
  var space: ParameterSpace { get }
  /// θ: where derivatives are taken.
  var point: FloatVector { get }
  /// The model at θ, if there is one.
  var origin: Model? { get }
  /// L(weights). It may be infinite or not a number far from θ.
  ///
  /// - Throws: `TransformerError`, `TensorError`, `Interrupted`.
  func loss(at weights: FloatVector) throws -> Double
  /// ∇L(weights).
  ///
  /// - Throws: `TransformerError`, `TensorError`, `Interrupted`.
  func gradient(at weights: FloatVector) throws -> FloatVector
}

/// The mean loss of a model on minibatches that stay the same wherever it is asked.
public struct ModelObjective: Objective {
  /// The model at θ.
  public let model: Model
  /// The name of the data.
  public let name: String
  private let batches: [Batch]

  /// Draws the minibatches: numbers 0 ..< `batches` of the stream, which are those of ``GradientSample``.
  ///
  /// - Parameters:
  ///   - batches: how many minibatches; the loss is the mean of their mean losses.
  ///   - batch: sequences in each.
  ///   - seed: begins the stream of minibatches.
  /// - Throws: ``GeometryError/outOfRange(what:value:allowed:)``, `TransformerError`, `TensorError`.
  public init(_ model: Model, on data: any Dataset, batches: Int = 1, batch: Int, seed: UInt64) throws {
    guard batches >= 1, batches <= 1 << 12 else {
      throw GeometryError.outOfRange(what: "batches", value: batches, allowed: 1...(1 << 12))
    }
    guard batch >= 1, batch <= 1 << 20 else {
      throw GeometryError.outOfRange(what: "batch", value: batch, allowed: 1...(1 << 20))
    }
    let data = try model.reading(data)
    let (bytes, overflow) = (batches + 2).multipliedReportingOverflow(by: model.freeCount * MemoryLayout<Float>.stride)
    if overflow {
      throw TensorError.tooLarge(
        bytes: Double(batches) * Double(model.freeCount) * 4, available: MemoryBudget.available)
    }
    try MemoryBudget.check(bytes: bytes)
    self.model = model
    name = data.name
    self.batches = try (0..<batches).map { try data.batch(size: batch, seed: seed, index: $0) }
  }

  /// Takes minibatches that are there already.
  ///
  /// - Throws: ``GeometryError/outOfRange(what:value:allowed:)`` when there are none.
  public init(_ model: Model, on batches: [Batch], name: String) throws(GeometryError) {
    guard !batches.isEmpty else { throw .outOfRange(what: "batches", value: 0, allowed: 1...(1 << 12)) }
    self.model = model
    self.name = name
    self.batches = batches
  }

  /// The space of the model's free weights.
  public var space: ParameterSpace { model.parameterSpace }
  /// The model's free weights.
  public var point: FloatVector { model.freeWeights }
  /// The model.
  public var origin: Model? { model }

  /// The mean of the minibatches' mean losses.
  ///
  /// - Throws: `TransformerError`, `TensorError`, `Interrupted`.
  public func loss(at weights: FloatVector) throws -> Double {
    try Workspace.withShared { workspace in
      var sum = 0.0
      for batch in batches {
        sum += try weights.withPointer { try workspace.loss(of: model, free: $0, on: batch) }
      }
      return sum / Double(batches.count)
    }
  }

  /// Its gradient, summed over the minibatches in double.
  ///
  /// - Throws: `TransformerError.notFinite` where the loss is not finite, other `TransformerError`s, `TensorError`,
  ///   `Interrupted`.
  public func gradient(at weights: FloatVector) throws -> FloatVector {
    try Workspace.withShared { workspace in
      let gradients = try batches.map { batch in
        var loss = 0.0
        let gradient = try FloatVector(count: model.freeCount) { out in
          loss = try weights.withPointer { try workspace.loss(of: model, free: $0, on: batch, gradient: out) }
        }
        guard loss.isFinite else { throw TransformerError.notFinite(what: "loss", step: nil) }
        return gradient
      }
      if gradients.count == 1 { return gradients[0] }
      let weight = 1 / Double(gradients.count)
      return try Gram.combination(gradients, coefficients: Array(repeating: weight, count: gradients.count))
    }
  }
}

/// A loss given by two closures.
public struct FunctionObjective: Objective {
  /// What it is called.
  public let name: String
  /// Where it is defined.
  public let space: ParameterSpace
  /// Where derivatives are taken.
  public let point: FloatVector
  /// There is no model.
  public var origin: Model? { nil }
  private let value: (FloatVector) throws -> Double
  private let slope: (FloatVector) throws -> FloatVector

  /// Wraps a loss and its gradient.
  ///
  /// - Throws: ``GeometryError/degenerate(operation:reason:)`` when the point does not lie in the space.
  public init(
    name: String = "", space: ParameterSpace, point: FloatVector, loss: @escaping (FloatVector) throws -> Double,
    gradient: @escaping (FloatVector) throws -> FloatVector
  ) throws(GeometryError) {
    guard point.count == space.count else {
      throw .degenerate(
        operation: "objective", reason: "a point of \(point.count) elements in a space of \(space.count)")
    }
    self.name = name
    self.space = space
    self.point = point
    value = loss
    slope = gradient
  }

  /// Calls the first closure.
  ///
  /// - Throws: what it throws.
  public func loss(at weights: FloatVector) throws -> Double { try value(weights) }
  /// Calls the second closure.
  ///
  /// - Throws: what it throws.
  public func gradient(at weights: FloatVector) throws -> FloatVector { try slope(weights) }
}
