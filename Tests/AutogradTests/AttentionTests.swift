import Tensors
import Testing

@testable import Autograd

extension AutogradTests {
  @Suite struct Attention {
    static let shapes: [AttentionShape] = [
      AttentionShape(batch: 2, length: 1, heads: 1, headWidth: 3),
      AttentionShape(batch: 2, length: 7, heads: 2, headWidth: 4),
      AttentionShape(batch: 1, length: 17, heads: 2, headWidth: 16),
      AttentionShape(batch: 2, length: 19, heads: 4, keyValueHeads: 2, headWidth: 6, rotary: RotarySpec(base: 100)),
      AttentionShape(batch: 1, length: 8, heads: 3, keyValueHeads: 1, headWidth: 8, rotary: RotarySpec(width: 4)),
      AttentionShape(batch: 3, length: 9, heads: 2, headWidth: 5, padding: [0, 3, 8]),
      AttentionShape(batch: 2, length: 20, heads: 2, headWidth: 4, padding: [18, 1], queryLength: 3),
      AttentionShape(
        batch: 2, length: 10, heads: 2, headWidth: 4, rotary: RotarySpec(), queryLength: 4, keyCapacity: 13),
    ]

    @Test("Attention over separate queries, keys and values agrees with its reference", arguments: shapes)
    func separate(_ shape: AttentionShape) throws {
      let keyRows = shape.batch * shape.keyCapacity
      let inputs = [
        Matrix(shape.batch * shape.queryLength, shape.heads * shape.headWidth, seed: 1, scale: 2),
        Matrix(keyRows, shape.keyValueHeads * shape.headWidth, seed: 2, scale: 2),
        Matrix(keyRows, shape.keyValueHeads * shape.headWidth, seed: 3),
      ]
      try check(inputs, reference: { Reference.attention($0[0], $0[1], $0[2], shape) }) { tape, v in
        try tape.attention(queries: v[0], keys: v[1], values: v[2], shape: shape)
      }
    }

    @Test("Attention over one fused matrix agrees with its reference", arguments: shapes)
    func fused(_ shape: AttentionShape) throws {
      guard shape.queryLength == shape.length, shape.keyCapacity == shape.length else { return }
      let (q, k) = (shape.heads * shape.headWidth, shape.keyValueHeads * shape.headWidth)
      try check(
        [Matrix(shape.batch * shape.length, q + 2 * k, seed: 1, scale: 2)],
        reference: {
          Reference.attention($0[0].columns(0..<q), $0[0].columns(q..<q + k), $0[0].columns(q + k..<q + 2 * k), shape)
        }
      ) { tape, v in try tape.attention(qkv: v[0], shape: shape) }
    }

    @Test func `Long sequences, which need several blocks of queries, agree with the reference`() throws {
      let shape = AttentionShape(batch: 1, length: 131, heads: 2, keyValueHeads: 1, headWidth: 8, rotary: RotarySpec())
      let inputs = [
        Matrix(131, 16, seed: 1, scale: 2), Matrix(131, 8, seed: 2, scale: 2), Matrix(131, 8, seed: 3),
      ]
      let expected = Reference.attention(inputs[0], inputs[1], inputs[2], shape)
      let tape = Tape()
      let v = try inputs.map { try tape.leaf($0) }
      let result = try tape.attention(queries: v[0], keys: v[1], values: v[2], shape: shape)
      expectClose(tape.values(of: result), expected.elements, 1e-5, "result")

      // Central differences along one random direction at a time: there are too many elements for all.
      let weighting = Matrix(131, 16, seed: 9)
      try tape.backward(from: result, gradient: weighting.floats)
      for number in 0..<3 {
        let direction = Matrix(inputs[number].rows, inputs[number].columns, seed: 20 + UInt64(number))
        func objective(_ step: Double) -> Double {
          var moved = inputs
          moved[number] = moved[number] + direction.map { step * $0 }
          let y = Reference.attention(moved[0], moved[1], moved[2], shape)
          return zip(y.elements, weighting.elements).reduce(0) { $0 + $1.0 * $1.1 }
        }
        let difference = (objective(1e-5) - objective(-1e-5)) / 2e-5
        let gradient = try #require(tape.withGradient(of: v[number]) { Array($0) })
        let slope = zip(gradient, direction.elements).reduce(0) { $0 + Double($1.0) * $1.1 }
        #expect(abs(slope - difference) < 1e-4 * max(1, abs(difference)))
      }
    }

    @Test func `The future does not reach the past`() throws {
      let shape = AttentionShape(batch: 1, length: 18, heads: 1, headWidth: 4)
      let tape = Tape(recording: false)
      var x = Matrix(18, 12, seed: 1)
      let before = tape.values(of: try tape.attention(qkv: try tape.leaf(x), shape: shape))
      for column in 0..<12 { x[17, column] = 50 }
      let after = tape.values(of: try tape.attention(qkv: try tape.leaf(x), shape: shape))
      #expect(before[..<(17 * 4)] == after[..<(17 * 4)])
      #expect(before[(17 * 4)...] != after[(17 * 4)...])
    }

    @Test func `Shapes that describe no attention are refused`() throws {
      let tape = Tape()
      let x = try tape.leaf(Matrix(4, 12, seed: 1))
      var bad = [
        AttentionShape(batch: 1, length: 5, heads: 1, headWidth: 4),
        AttentionShape(batch: 1, length: 4, heads: 3, keyValueHeads: 2, headWidth: 4),
        AttentionShape(batch: 1, length: 4, heads: 1, headWidth: 4, padding: [4]),
        AttentionShape(batch: 1, length: 4, heads: 1, headWidth: 4, rotary: RotarySpec(width: 3)),
        AttentionShape(batch: 0, length: 4, heads: 1, headWidth: 4),
        AttentionShape(batch: 1 << 40, length: 1 << 40, heads: 1, headWidth: 4),
      ]
      bad[0].queryLength = 0
      for shape in bad {
        #expect(throws: TensorError.self) { try tape.attention(qkv: x, shape: shape) }
      }
    }
  }
}
