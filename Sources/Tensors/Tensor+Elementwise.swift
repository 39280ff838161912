import CKernels
import Checkpoints

/// A function of one number that tensors apply to every element.
public enum UnaryFunction: String, Sendable, CaseIterable {
  // The order is that of `enum tvs_unary`.
  case negate, abs, sqrt, exp, log, sin, cos, tan, floor, ceil, round, tanh, sigmoid, relu, sign, square

  var code: Int32 { Int32(UnaryFunction.allCases.firstIndex(of: self) ?? 0) }
}

/// A function of two numbers that tensors apply elementwise with broadcasting. IEEE rules hold: 1/0 is an infinity.
public enum BinaryFunction: String, Sendable, CaseIterable {
  // The order is that of `enum tvs_binary`.
  case add = "+", subtract = "-", multiply = "*", divide = "/", remainder = "%", power = "^", minimum, maximum

  var code: Int32 { Int32(BinaryFunction.allCases.firstIndex(of: self) ?? 0) }
}

/// A comparison, elementwise with broadcasting; its result is a mask.
public enum Comparison: String, Sendable, CaseIterable {
  // The order is that of `enum tvs_comparison`.
  case equal = "==", notEqual = "!=", less = "<", lessOrEqual = "<=", greater = ">", greaterOrEqual = ">="

  var code: Int32 { Int32(Comparison.allCases.firstIndex(of: self) ?? 0) }
}

extension Tensor {
  /// Elements between two looks at the cancellation flag, and below which one thread is faster than two.
  static let chunk = 1 << 15

  /// `function` of every element.
  ///
  /// - Throws: ``TensorError/tooLarge(bytes:available:)``, `Interrupted`.
  public func map(_ function: UnaryFunction) throws -> Tensor {
    switch storage {
    case .float32(let storage): try Tensor.map(function, storage, shape)
    case .float64(let storage): try Tensor.map(function, storage, shape)
    }
  }

  private static func map<Element: TensorElement>(
    _ function: UnaryFunction, _ source: AlignedStorage<Element>, _ shape: [Int]
  ) throws -> Tensor {
    let code = function.code
    return try make(Element.self, shape) { out, count in
      nonisolated(unsafe) let out = out
      try inChunks(count) { start, length in
        Element.unary(code, source.base + start, out + start, length)
      }
    }
  }

  /// Walks `0..<count` in chunks on all threads, and stops early when the user asks for it.
  static func inChunks(_ count: Int, _ body: @Sendable (_ start: Int, _ length: Int) -> Void) throws {
    Parallel.ranges(count, grain: chunk) { range in
      for start in stride(from: range.lowerBound, to: range.upperBound, by: chunk) {
        if Cancellation.isRequested { return }
        body(start, min(chunk, range.upperBound - start))
      }
    }
    try Cancellation.check()
  }

  /// `function(self, other)` elementwise, with broadcasting.
  ///
  /// - Throws: ``TensorError/shapeMismatch(operation:left:right:)`` when the shapes do not combine,
  ///   ``TensorError/tooLarge(bytes:available:)``, `Interrupted`.
  public func combined(_ function: BinaryFunction, _ other: Tensor) throws -> Tensor {
    let plan = try Broadcasting(shape, other.shape, operation: function.rawValue)
    let code = function.code
    let result: Tensor
    switch (storage, other.storage) {
    case (.float32(let a), .float32(let b)):
      result = try Tensor.walk(a, b, plan, Float.self) { Float.binary(code, $0, $1, $2, $3, $4, $5) }
    default:
      result = try Tensor.walk(try wide(), try other.wide(), plan, Double.self) {
        Double.binary(code, $0, $1, $2, $3, $4, $5)
      }
    }
    if isMask, other.isMask, [.multiply, .minimum, .maximum].contains(function) { return result.asMask() }
    return result
  }

  /// Whether `self comparison other` holds, elementwise with broadcasting, as a mask.
  ///
  /// - Throws: ``TensorError/shapeMismatch(operation:left:right:)`` when the shapes do not combine,
  ///   ``TensorError/tooLarge(bytes:available:)``, `Interrupted`.
  public func compared(_ comparison: Comparison, _ other: Tensor) throws -> Tensor {
    let plan = try Broadcasting(shape, other.shape, operation: comparison.rawValue)
    let code = comparison.code
    switch (storage, other.storage) {
    case (.float32(let a), .float32(let b)):
      return try Tensor.walk(a, b, plan, Double.self) { Float.compare(code, $0, $1, $2, $3, $4, $5) }.asMask()
    default:
      return try Tensor.walk(try wide(), try other.wide(), plan, Double.self) {
        Double.compare(code, $0, $1, $2, $3, $4, $5)
      }.asMask()
    }
  }

  /// Runs `kernel` over every inner loop of a broadcast.
  private static func walk<In: TensorElement, Out: TensorElement>(
    _ a: AlignedStorage<In>, _ b: AlignedStorage<In>, _ plan: Broadcasting, _ type: Out.Type,
    _ kernel:
      @Sendable (
        UnsafePointer<In>, Int, UnsafePointer<In>, Int, UnsafeMutablePointer<Out>, Int
      ) -> Void
  ) throws -> Tensor {
    let inner = plan.inner
    let (stepA, stepB) = (inner.movesA ? 1 : 0, inner.movesB ? 1 : 0)
    return try make(Out.self, plan.shape) { out, count in
      guard count > 0 else { return }
      nonisolated(unsafe) let out = out
      let rows = plan.outerCount
      if rows == 1 {
        return try inChunks(count) { start, length in
          kernel(a.base + start * stepA, stepA, b.base + start * stepB, stepB, out + start, length)
        }
      }
      Parallel.ranges(rows, grain: max(1, chunk / max(1, inner.length))) { range in
        for row in range {
          if row % 64 == 0, Cancellation.isRequested { return }
          let offset = plan.offsets(ofRow: row)
          kernel(a.base + offset.a, stepA, b.base + offset.b, stepB, out + row * inner.length, inner.length)
        }
      }
      try Cancellation.check()
    }
  }

  /// The elements in double.
  func wide() throws -> AlignedStorage<Double> {
    switch try converted(to: .float64).storage {
    case .float64(let storage): return storage
    case .float32(let storage):
      let copy = try AlignedStorage<Double>(count: storage.count)
      tvs_vector_widen(storage.base, copy.base, storage.count)
      return copy
    }
  }

  /// The same elements as truth values: what is not zero is true.
  public func asMask() -> Tensor {
    var mask = self
    mask.isMask = true
    return mask
  }

  /// Elements of `yes` where the condition is not zero, of `no` elsewhere, all three broadcast together.
  ///
  /// - Throws: ``TensorError``, `Interrupted`.
  public static func select(_ condition: Tensor, _ yes: Tensor, _ no: Tensor) throws -> Tensor {
    let branches = try Broadcasting(yes.shape, no.shape, operation: "where").shape
    let shape = try Broadcasting(condition.shape, branches, operation: "where").shape
    let dtype = DType.common(yes.dtype, no.dtype)
    let condition = try condition.broadcast(to: shape).wide()
    func pick<Element: TensorElement>(_ yes: AlignedStorage<Element>, _ no: AlignedStorage<Element>) throws -> Tensor {
      try make(Element.self, shape) { out, count in
        for index in 0..<count { out[index] = condition.base[index] != 0 ? yes.base[index] : no.base[index] }
      }
    }
    let (left, right) = (
      try yes.converted(to: dtype).broadcast(to: shape), try no.converted(to: dtype).broadcast(to: shape)
    )
    switch (left.storage, right.storage) {
    case (.float32(let yes), .float32(let no)): return try pick(yes, no)
    default: return try pick(try left.wide(), try right.wide())
    }
  }

  /// The tensor repeated to another shape; shares memory when nothing is repeated.
  ///
  /// - Throws: ``TensorError/shapeMismatch(operation:left:right:)`` when it cannot be.
  public func broadcast(to shape: [Int]) throws -> Tensor {
    if shape == self.shape { return self }
    let plan = try Broadcasting(self.shape, shape, operation: "broadcast")
    guard plan.shape == shape else {
      throw TensorError.shapeMismatch(operation: "broadcast", left: self.shape, right: shape)
    }
    func spread<Element: TensorElement>(_ source: AlignedStorage<Element>) throws -> Tensor {
      let inner = plan.inner
      return try Tensor.make(Element.self, shape) { out, count in
        guard count > 0 else { return }
        for row in 0..<plan.outerCount {
          if row % 1024 == 0 { try Cancellation.check() }
          let from = source.base + plan.offsets(ofRow: row).a
          let to = out + row * inner.length
          if inner.movesA {
            to.update(from: from, count: inner.length)
          } else {
            to.update(repeating: from[0], count: inner.length)
          }
        }
      }
    }
    let result: Tensor
    switch storage {
    case .float32(let storage): result = try spread(storage)
    case .float64(let storage): result = try spread(storage)
    }
    return isMask ? result.asMask() : result
  }

  /// exp(x − max)/Σ along an axis, or its logarithm; computed so that nothing overflows.
  ///
  /// - Throws: ``TensorError``, `Interrupted`.
  public func softmax(axis: Int = -1, logarithm: Bool = false) throws -> Tensor {
    let axis = try self.axis(axis, "softmax")
    if axis != rank - 1 {
      var order = Array(0..<rank)
      order.swapAt(axis, rank - 1)
      return try transposed(order).softmax(logarithm: logarithm).transposed(order)
    }
    func rows<Element: TensorElement>(_ source: AlignedStorage<Element>) throws -> Tensor {
      let (outer, length, _) = lanes(axis)
      return try Tensor.make(Element.self, shape) { out, count in
        guard count > 0 else { return }
        nonisolated(unsafe) let out = out
        Parallel.ranges(outer, grain: max(1, Tensor.chunk / length)) { range in
          for row in range {
            if Cancellation.isRequested { return }
            Element.softmax(source.base + row * length, out + row * length, length, logarithm: logarithm)
          }
        }
        try Cancellation.check()
      }
    }
    switch storage {
    case .float32(let storage): return try rows(storage)
    case .float64(let storage): return try rows(storage)
    }
  }
}
