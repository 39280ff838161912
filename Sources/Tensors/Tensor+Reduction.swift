import CKernels
import Checkpoints

/// What brings many numbers down to one.
public enum Reduction: String, Sendable, CaseIterable {
  /// Sums and their kin accumulate in double, in a fixed order; `std` and `var` divide by n, as in NumPy; a minimum or maximum of
  /// anything with a NaN is NaN.
  case sum, mean, min, max, std, `var`, median, norm
}

extension Tensor {
  /// All elements brought down to one number.
  ///
  /// - Throws: ``TensorError/invalidShape(operation:shape:reason:)`` when there are too few elements, `Interrupted`.
  public func reduced(_ reduction: Reduction) throws -> Double {
    try require(count, reduction)
    if reduction == .median { return try viewed(as: [count]).median(axis: 0).element(0) }
    switch storage {
    case .float32(let storage): return try Tensor.reduce(reduction, storage.base, storage.count)
    case .float64(let storage): return try Tensor.reduce(reduction, storage.base, storage.count)
    }
  }

  /// The elements along an axis brought down to one; the axis disappears.
  ///
  /// - Throws: ``TensorError/invalidShape(operation:shape:reason:)`` when there is no such axis or it is too short,
  ///   `Interrupted`.
  public func reduced(_ reduction: Reduction, axis: Int) throws -> Tensor {
    let axis = try self.axis(axis, reduction.rawValue)
    try require(shape[axis], reduction)
    if reduction == .median { return try median(axis: axis) }
    let remaining = Array(shape[..<axis] + shape[(axis + 1)...])
    switch storage {
    case .float32(let storage): return try Tensor.reduce(reduction, storage, lanes(axis), remaining)
    case .float64(let storage): return try Tensor.reduce(reduction, storage, lanes(axis), remaining)
    }
  }

  private func require(_ count: Int, _ reduction: Reduction) throws(TensorError) {
    let least =
      switch reduction {
      case .sum, .norm: 0
      case .mean, .min, .max, .median, .std, .var: 1
      }
    if count < least {
      throw .invalidShape(
        operation: reduction.rawValue, shape: shape,
        reason: "there are no elements")
    }
  }

  private static func reduce<Element: TensorElement>(
    _ reduction: Reduction, _ base: UnsafePointer<Element>, _ count: Int
  ) throws -> Double {
    nonisolated(unsafe) let base = base
    // Chunk after chunk in order, whoever computes them: the sum does not depend on the number of threads.
    func total(_ body: @Sendable @escaping (UnsafePointer<Element>, Int) -> Double) throws -> [Double] {
      let chunks = (count + chunk - 1) / chunk
      let parts = Parallel.collect(chunks, grain: 2) { range in
        range.map { index -> Double in
          Cancellation.isRequested ? 0 : body(base + index * chunk, min(chunk, count - index * chunk))
        }
      }
      try Cancellation.check()
      return parts.flatMap { $0 }
    }
    let n = Double(count)
    switch reduction {
    case .sum: return try total { Element.sum($0, $1) }.reduce(0, +)
    case .mean: return try total { Element.sum($0, $1) }.reduce(0, +) / n
    case .norm: return try total { Element.squares($0, 0, $1) }.reduce(0, +).squareRoot()
    case .var, .std:
      let mean = try total { Element.sum($0, $1) }.reduce(0, +) / n
      let variance = try total { Element.squares($0, mean, $1) }.reduce(0, +) / n
      return reduction == .var ? variance : variance.squareRoot()
    case .min, .max:
      let code = reduction == .min ? BinaryFunction.minimum.code : BinaryFunction.maximum.code
      let extremes = try total { Double(Element.extreme(code, $0, $1)) }
      return Double.extreme(code, extremes, extremes.count)
    case .median: return .nan  // taken by the caller, which sorts
    }
  }

  private static func reduce<Element: TensorElement>(
    _ reduction: Reduction, _ source: AlignedStorage<Element>, _ lanes: (outer: Int, length: Int, inner: Int),
    _ shape: [Int]
  ) throws -> Tensor {
    let (outer, length, inner) = lanes
    let n = Double(length)
    if inner == 1 {
      return try make(Element.self, shape) { out, count in
        guard count > 0 else { return }
        nonisolated(unsafe) let out = out
        Parallel.ranges(outer, grain: max(1, chunk / max(1, length))) { range in
          for row in range {
            if Cancellation.isRequested { return }
            let base = source.base + row * length
            switch reduction {
            case .sum: out[row] = Element(Element.sum(base, length))
            case .mean: out[row] = Element(Element.sum(base, length) / n)
            case .norm: out[row] = Element(Element.squares(base, 0, length).squareRoot())
            case .min: out[row] = Element.extreme(BinaryFunction.minimum.code, base, length)
            case .max: out[row] = Element.extreme(BinaryFunction.maximum.code, base, length)
            case .var, .std:
              let variance = Element.squares(base, Element.sum(base, length) / n, length) / n
              out[row] = Element(reduction == .var ? variance : variance.squareRoot())
            case .median: break
            }
          }
        }
        try Cancellation.check()
      }
    }
    return try make(Element.self, shape) { out, count in
      guard count > 0 else { return }
      var sums = [Double](repeating: 0, count: inner)
      var centres = [Double](repeating: 0, count: inner)
      for block in 0..<outer {
        try Cancellation.check()
        let base = source.base + block * length * inner
        let target = out + block * inner
        if reduction == .min || reduction == .max {
          let code = reduction == .min ? BinaryFunction.minimum.code : BinaryFunction.maximum.code
          target.update(from: base, count: inner)
          for row in 1..<max(1, length) { Element.binary(code, base + row * inner, 1, target, 1, target, inner) }
          continue
        }
        for index in 0..<inner { (sums[index], centres[index]) = (0, 0) }
        if reduction != .norm {
          for row in 0..<length { Element.addRows(base + row * inner, &sums, inner) }
        }
        switch reduction {
        case .norm, .var, .std:
          if reduction != .norm {
            for index in 0..<inner { (centres[index], sums[index]) = (sums[index] / n, 0) }
          }
          for row in 0..<length { Element.addSquares(base + row * inner, centres, &sums, inner) }
          for index in 0..<inner {
            let value = reduction == .norm ? sums[index] : sums[index] / n
            target[index] = Element(reduction == .var ? value : value.squareRoot())
          }
        case .mean: for index in 0..<inner { target[index] = Element(sums[index] / n) }
        default: for index in 0..<inner { target[index] = Element(sums[index]) }
        }
      }
    }
  }
}
