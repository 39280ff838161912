import Autograd
import Checkpoints
import Tensors

#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

extension Model {
  /// How much every token attends to every token before it and to itself: softmax of the scaled products of its query
  /// with their keys.
  ///
  /// The model computes as far as the deepest layer, steered where it is. Rows add up to one, and what a token cannot see is
  /// zero. Products and softmax are in double, from queries and keys in float32.
  ///
  /// - Parameters:
  ///   - tokens: at least one.
  ///   - layers: blocks, at least one.
  /// - Returns: for each layer a float32 tensor of heads × tokens × tokens.
  /// - Throws: ``TransformerError`` for tokens or blocks that are not there, `TensorError`, `Interrupted`.
  public func attentionPatterns(of tokens: [Int32], layers: [Int]) throws -> [Tensor] {
    guard !layers.isEmpty else {
      throw TransformerError.invalidOption(field: "layer", value: "[]", reason: "must name a layer to read")
    }
    for layer in layers where !(0..<configuration.layers).contains(layer) {
      throw TransformerError.invalidOption(
        field: "layer", value: "\(layer)", reason: "must lie between 0 and \(configuration.layers - 1)")
    }
    try checkTokens(tokens, self, longest: configuration.context, data: "texts")
    let count = tokens.count
    let (bytes, overflow) = (count * count).multipliedReportingOverflow(by: 4 * configuration.heads * layers.count)
    try MemoryBudget.check(bytes: overflow ? .max : bytes)
    let activity = Activity("attention", total: Set(layers).count)
    defer { activity.finish() }
    var found: [Int: Tensor] = [:]
    let listener = ActivationListener(attentionOf: Set(layers)) { layer, inputs in
      found[layer] = try inputs.pattern()
      try activity.advance()
    }
    let grid = TokenGrid(rows: 1, length: count, tokens: tokens, promptEnds: [count - 1])
    try Workspace.withShared { try $0.read(self, grid, listener) }
    return try layers.map { layer in
      guard let pattern = found[layer] else {
        throw TransformerError.emptyData(data: "attention", reason: "nothing was read of layer \(layer)")
      }
      return pattern
    }
  }
}

/// Queries and keys of one layer, a row a token, before they are turned by their positions.
struct AttentionReading {
  /// The first number, and how many lie between a row and the next.
  struct Rows {
    var base: UnsafePointer<Float>
    var stride: Int
  }

  let queries: Rows
  let keys: Rows
  /// One sequence without padding.
  let shape: AttentionShape

  /// heads × length × length.
  func pattern() throws -> Tensor {
    let (length, width) = (shape.length, shape.headWidth)
    let group = shape.heads / shape.keyValueHeads
    let q = turned(queries, heads: shape.heads)
    let k = turned(keys, heads: shape.keyValueHeads)
    return try Tensor(float32: [shape.heads, length, length]) { out, _ in
      var scores = [Double](repeating: 0, count: length)
      for head in 0..<shape.heads {
        try Cancellation.check()
        for row in 0..<length {
          let query = (row * shape.heads + head) * width
          var largest = -Double.infinity
          for column in 0...row {
            let key = (column * shape.keyValueHeads + head / group) * width
            var sum = 0.0
            for index in 0..<width { sum += q[query + index] * k[key + index] }
            scores[column] = sum * Double(shape.scale)
            largest = max(largest, scores[column])
          }
          var total = 0.0
          for column in 0...row {
            scores[column] = exp(scores[column] - largest)
            total += scores[column]
          }
          let target = out + (head * length + row) * length
          for column in 0...row { target[column] = Float(scores[column] / total) }
          for column in row + 1..<max(length, row + 1) { target[column] = 0 }
        }
      }
    }
  }

  /// The rows with the rotation of their positions, token after token and head after head.
  private func turned(_ rows: Rows, heads: Int) -> [Double] {
    let width = shape.headWidth
    var result = [Double](repeating: 0, count: shape.length * heads * width)
    for position in 0..<shape.length {
      let source = rows.base + position * rows.stride
      let target = position * heads * width
      for index in 0..<heads * width { result[target + index] = Double(source[index]) }
    }
    guard let rotary = shape.rotary else { return result }
    let half = (rotary.width ?? width) / 2
    let frequencies = rotary.frequencies ?? (0..<half).map { pow(rotary.base, -Double($0) / Double(half)) }
    for position in 0..<shape.length {
      for pair in 0..<half {
        // As the model rounds them.
        let angle = Double(position) * frequencies[pair]
        let (c, s) = (Double(Float(cos(angle))), Double(Float(sin(angle))))
        for head in 0..<heads {
          let place = (position * heads + head) * width + pair
          let (a, b) = (result[place], result[place + half])
          result[place] = a * c - b * s
          result[place + half] = b * c + a * s
        }
      }
    }
    return result
  }
}
