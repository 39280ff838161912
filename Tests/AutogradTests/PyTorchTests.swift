import Foundation
import Testing

@testable import Autograd

/// A case that scripts/references/autograd.py computed in PyTorch.
private struct SavedCase: Decodable {
  struct SavedMatrix: Decodable {
    var rows: Int
    var columns: Int
    var elements: [Double]
    var matrix: Matrix { Matrix(rows, columns, elements) }
  }

  var name: String
  var inputs: [SavedMatrix]
  var weighting: SavedMatrix
  var result: SavedMatrix
  var gradients: [SavedMatrix]
}

extension AutogradTests {
  @Suite struct PyTorch {
    /// The same operations on the tape.
    private static let operations: [String: @Sendable (Tape, [Variable]) throws -> Variable] = [
      "linear": { tape, v in try tape.linear(v[0], weight: v[1], bias: v[2]) },
      "loraLinear": { tape, v in
        try tape.loraLinear(v[0], weight: v[1], bias: v[2], a: v[3], b: v[4], scale: 0.5)
      },
      "layerNorm": { tape, v in try tape.layerNorm(v[0], gain: v[1], bias: v[2]) },
      "rmsNorm": { tape, v in try tape.rmsNorm(v[0], gain: v[1]) },
      "gelu": { tape, v in try tape.gelu(v[0]) },
      "swiGLU": { tape, v in try tape.swiGLU(gate: v[0], up: v[1]) },
      "embedding": { tape, v in try tape.embedding(v[0], tokens: [3, 0, 3, 2, 1]) },
      "attention": { tape, v in
        try tape.attention(
          queries: v[0], keys: v[1], values: v[2], shape: AttentionShape(batch: 2, length: 6, heads: 2, headWidth: 4))
      },
      "groupedAttention": { tape, v in
        try tape.attention(
          queries: v[0], keys: v[1], values: v[2],
          shape: AttentionShape(
            batch: 1, length: 7, heads: 4, keyValueHeads: 2, headWidth: 4, rotary: RotarySpec(base: 10_000)))
      },
      "crossEntropy": { tape, v in try tape.crossEntropy(v[0], targets: [1, 0, 6, 2]) },
      "block": { tape, v in
        let normed = try tape.layerNorm(v[0], gain: v[1], bias: v[2])
        let mixed = try tape.attention(
          qkv: try tape.linear(normed, weight: v[3], bias: v[4]),
          shape: AttentionShape(batch: 2, length: 5, heads: 2, headWidth: 4))
        let x = try tape.linear(mixed, weight: v[5], bias: v[6], residual: v[0])
        let hidden = try tape.gelu(
          try tape.linear(try tape.layerNorm(x, gain: v[7], bias: v[8]), weight: v[9], bias: v[10]))
        return try tape.linear(hidden, weight: v[11], bias: v[12], residual: x)
      },
    ]

    @Test func `Every operation, and a whole block, has PyTorch's result and gradients`() throws {
      let file = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "References/operations.json")
      let cases = try JSONDecoder().decode([SavedCase].self, from: Data(contentsOf: file))
      #expect(Set(cases.map(\.name)) == Set(PyTorch.operations.keys))
      for saved in cases {
        let operation = try #require(PyTorch.operations[saved.name])
        let tape = Tape()
        let variables = try saved.inputs.map { try tape.leaf($0.matrix) }
        let result = try operation(tape, variables)
        expectClose(tape.values(of: result), saved.result.elements, 2e-6, "\(saved.name)")
        try tape.backward(from: result, gradient: saved.weighting.matrix.floats)
        for (number, variable) in variables.enumerated() {
          let gradient = try #require(tape.withGradient(of: variable) { Array($0) })
          expectClose(gradient, saved.gradients[number].elements, 5e-6, "\(saved.name), gradient \(number)")
        }
      }
    }
  }
}
