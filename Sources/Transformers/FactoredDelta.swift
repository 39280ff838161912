import Checkpoints
import Tensors

/// A change of weights in factored form: for each layer `scale · B · A`, never multiplied out.
///
/// This is the gauge-free view of an adapter: (B·M, M⁻¹·A) is another point in the space of factors and the same
/// change of weights. Inner products are taken by Gram matrices of the factors, which cost
/// (outputs + inputs) · rank² rather than outputs · inputs.
public struct FactoredDelta: Sendable {
  /// The layers, in the order of the model's layout.
  public let blocks: [Block]

  /// One layer's change.
  public struct Block: Sendable {
    /// The layer, such as `blocks.0.attn.qkv`.
    public let layer: String
    /// Rows of B.
    public let outputs: Int
    /// Columns of A.
    public let inputs: Int
    /// Columns of B and rows of A.
    public let rank: Int
    /// B, outputs × rank, row-major.
    public let b: [Float]
    /// A, rank × inputs, row-major.
    public let a: [Float]
    /// What multiplies B·A.
    public let scale: Double

    /// A change from its factors. The arrays must have the sizes that the numbers say.
    public init(layer: String, outputs: Int, inputs: Int, rank: Int, b: [Float], a: [Float], scale: Double) {
      self.layer = layer
      self.outputs = outputs
      self.inputs = inputs
      self.rank = rank
      self.b = b
      self.a = a
      self.scale = scale
    }
  }

  /// A change from its layers.
  public init(blocks: [Block]) { self.blocks = blocks }

  /// What an adapter adds to its base.
  public init(_ adapter: Adapter) { self.init(shape: adapter.shape, factors: adapter.factors) }

  /// What factors in the layout of a shape add to the base.
  ///
  /// - Parameter factors: as many as the layout of `shape` counts.
  public init(shape: Adapter.Shape, factors: FloatVector) {
    blocks = factors.withPointer { base in
      shape.layers.compactMap { layer -> Block? in
        guard let a = shape.layout[layer + ".a"], let b = shape.layout[layer + ".b"],
          a.range.upperBound <= factors.count, b.range.upperBound <= factors.count
        else { return nil }
        return Block(
          layer: layer, outputs: b.rows, inputs: a.columns, rank: shape.rank,
          b: Array(UnsafeBufferPointer(start: base + b.offset, count: b.count)),
          a: Array(UnsafeBufferPointer(start: base + a.offset, count: a.count)), scale: shape.scale)
      }
    }
  }

  /// Weights of the layers it changes, multiplied out.
  public var productCount: Int { blocks.reduce(0) { $0 + $1.outputs * $1.inputs } }
  /// Numbers it is stored in.
  public var factorCount: Int { blocks.reduce(0) { $0 + $1.b.count + $1.a.count } }

  /// This change plus another of the same layers, of the sum of their ranks: the factors are joined, so that it is exact.
  ///
  /// - Throws: ``TransformerError/layoutMismatch(operation:left:right:)``.
  public func adding(_ other: FactoredDelta) throws(TransformerError) -> FactoredDelta {
    try checkLayers(other, "add")
    return FactoredDelta(blocks: zip(blocks, other.blocks).map { $0.adding($1) })
  }

  /// This change minus another of the same layers, of the sum of their ranks.
  ///
  /// - Throws: ``TransformerError/layoutMismatch(operation:left:right:)``.
  public func subtracting(_ other: FactoredDelta) throws(TransformerError) -> FactoredDelta {
    try checkLayers(other, "subtract")
    return try adding(other.scaled(by: -1))
  }

  /// A multiple of this change.
  public func scaled(by factor: Double) -> FactoredDelta { FactoredDelta(blocks: blocks.map { $0.scaled(by: factor) }) }

  /// ⟨self, other⟩ over all layers, accumulated in double.
  ///
  /// - Throws: ``TransformerError/layoutMismatch(operation:left:right:)``, `Interrupted`.
  public func dot(_ other: FactoredDelta) throws -> Double {
    try checkLayers(other, "dot")
    return try zip(blocks, other.blocks).reduce(0) { sum, pair in
      try Cancellation.check()
      return sum + pair.0.dot(pair.1)
    }
  }

  /// The Euclidean (Frobenius) norm over all layers.
  ///
  /// - Throws: `Interrupted`.
  public func norm() throws -> Double { max(0, try dot(self)).squareRoot() }

  private func checkLayers(_ other: FactoredDelta, _ operation: String) throws(TransformerError) {
    let same = blocks.elementsEqual(other.blocks) {
      $0.layer == $1.layer && $0.outputs == $1.outputs && $0.inputs == $1.inputs
    }
    if !same { throw .layoutMismatch(operation: operation, left: layerList, right: other.layerList) }
  }

  private var layerList: String { blocks.map(\.layer).joined(separator: ", ") }
}

extension FactoredDelta.Block {
  /// ⟨s·B·A, s'·B'·A'⟩ = s·s'·Σᵢⱼ (BᵀB')ᵢⱼ (A·A'ᵀ)ᵢⱼ.
  func dot(_ other: Self) -> Double {
    var sum = 0.0
    var left = [Double](repeating: 0, count: rank * other.rank)
    b.withUnsafeBufferPointer { b in
      other.b.withUnsafeBufferPointer { c in
        for row in 0..<outputs {
          for i in 0..<rank {
            let x = Double(b[row * rank + i])
            for j in 0..<other.rank { left[i * other.rank + j] += x * Double(c[row * other.rank + j]) }
          }
        }
      }
    }
    a.withUnsafeBufferPointer { a in
      other.a.withUnsafeBufferPointer { c in
        for i in 0..<rank {
          for j in 0..<other.rank {
            var product = 0.0
            for column in 0..<inputs { product += Double(a[i * inputs + column]) * Double(c[j * inputs + column]) }
            sum += product * left[i * other.rank + j]
          }
        }
      }
    }
    return sum * scale * other.scale
  }

  /// Adds scale · B · A to a matrix of outputs × inputs.
  func add(to weight: UnsafeMutablePointer<Float>) throws {
    try Cancellation.check()
    a.withUnsafeBufferPointer { a in
      b.withUnsafeBufferPointer { b in
        nonisolated(unsafe) let weight = weight
        nonisolated(unsafe) let (a, b) = (a, b)
        Parallel.ranges(outputs, grain: max(1, 65536 / max(1, inputs * rank))) { rows in
          for row in rows {
            let target = weight + row * inputs
            for k in 0..<rank {
              let factor = Float(scale) * b[row * rank + k]
              for column in 0..<inputs { target[column] += factor * a[k * inputs + column] }
            }
          }
        }
      }
    }
  }
}
