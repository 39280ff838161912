import Checkpoints
import Tensors
import Testing

@testable import Autograd

extension AutogradTests {
  @Suite struct TheTape {
    /// A small network that uses one table twice and has a frozen map in the middle.
    struct Network {
      var table = Matrix(6, 16, seed: 1).floats
      var frozen = Matrix(16, 16, seed: 2).floats
      var gain = Matrix(1, 16, seed: 3).floats
      var tableGradient = [Float](repeating: 0, count: 96)
      var gainGradient = [Float](repeating: 0, count: 16)

      mutating func step(_ tape: Tape, tokens: [Int32] = [0, 5, 2, 2], backward: Bool = true) throws -> Double {
        tape.reset()
        return try table.withUnsafeBufferPointer { table in
          try frozen.withUnsafeBufferPointer { frozen in
            try gain.withUnsafeBufferPointer { gain in
              try tableGradient.withUnsafeMutableBufferPointer { tableGradient in
                try gainGradient.withUnsafeMutableBufferPointer { gainGradient in
                  let table = tape.parameter(
                    try #require(table.baseAddress), gradient: tableGradient.baseAddress, rows: 6, columns: 16)
                  let frozen = tape.parameter(try #require(frozen.baseAddress), gradient: nil, rows: 16, columns: 16)
                  let gain = tape.parameter(
                    try #require(gain.baseAddress), gradient: gainGradient.baseAddress, rows: 1, columns: 16)
                  let x = try tape.embedding(table, tokens: tokens)
                  let h = try tape.gelu(
                    try tape.linear(try tape.rmsNorm(x, gain: gain), weight: frozen, bias: nil))
                  let logits = try tape.linear(try tape.add(x, h), weight: table, bias: nil)
                  let loss = try tape.crossEntropy(logits, targets: tokens)
                  if backward { try tape.backward(from: loss) }
                  return tape.scalar(loss)
                }
              }
            }
          }
        }
      }
    }

    @Test func `A parameter that is used twice gets the sum of both gradients`() throws {
      let tokens: [Int32] = [1, 0, 2]
      let x = Matrix(3, 8, seed: 1)
      try check([x], reference: { $0[0].selecting(tokens).times($0[0].transposed) }) { tape, v in
        try tape.linear(try tape.embedding(v[0], tokens: tokens), weight: v[0], bias: nil)
      }
    }

    @Test func `Gradients are added to what the caller's buffers hold`() throws {
      let tape = Tape()
      var network = Network()
      _ = try network.step(tape)
      let once = network.tableGradient
      #expect(once.contains { $0 != 0 })
      _ = try network.step(tape)
      expectClose(network.tableGradient, once.map { 2 * Double($0) }, 1e-6, "gradient")
    }

    @Test func `A frozen parameter costs no gradient and none appears`() throws {
      let tape = Tape()
      let w = Matrix(4, 4, seed: 1).floats
      try w.withUnsafeBufferPointer { w in
        let weight = tape.parameter(try #require(w.baseAddress), gradient: nil, rows: 4, columns: 4)
        #expect(!weight.requiresGradient)
        let x = try tape.leaf(Matrix(2, 4, seed: 2))
        let y = try tape.linear(x, weight: weight, bias: nil)
        try tape.backward(from: y, gradient: [Float](repeating: 1, count: 8))
        #expect(tape.withGradient(of: weight) { $0.count } == nil)
        #expect(tape.withGradient(of: x) { $0.count } == 8)

        let frozen = try tape.linear(
          try tape.leaf(Matrix(2, 4, seed: 2), requiresGradient: false), weight: weight, bias: nil)
        #expect(!frozen.requiresGradient)
        #expect(throws: TensorError.self) { try tape.backward(from: frozen, gradient: [Float](repeating: 1, count: 8)) }
      }
    }

    @Test func `The second step of equal shape allocates nothing and gives the same bits`() throws {
      let tape = Tape()
      var (first, second) = (Network(), Network())
      let loss = try first.step(tape)
      let allocations = tape.memoryStatistics.allocations
      #expect(allocations > 0)
      #expect(try second.step(tape) == loss)
      #expect(second.tableGradient == first.tableGradient && second.gainGradient == first.gainGradient)
      #expect(tape.memoryStatistics.allocations == allocations)

      var fresh = Network()
      #expect(try fresh.step(Tape()) == loss)
      #expect(fresh.tableGradient == first.tableGradient)
    }

    @Test func `After the backward pass nothing is held but the loss`() throws {
      let tape = Tape()
      var network = Network()
      _ = try network.step(tape)
      // The loss, the losses of the rows.
      #expect(tape.memoryStatistics.bytesInUse <= 3 * 64)
      tape.reset()
      #expect(tape.memoryStatistics.bytesInUse == 0)
      tape.trim()
      #expect(tape.memoryStatistics.bytesHeld == 0)
    }

    @Test func `Without recording, a chain of operations needs the memory of two`() throws {
      let tape = Tape(recording: false)
      var x = try tape.leaf(Matrix(64, 64, seed: 1))
      for _ in 0..<10 { x = try tape.gelu(x) }
      #expect(tape.memoryStatistics.largestBytesInUse == 2 * 64 * 64 * 4)
      #expect(!x.requiresGradient)
    }

    @Test func `Recording and not recording give the same loss`() throws {
      var (a, b) = (Network(), Network())
      let recorded = try a.step(Tape())
      #expect(try b.step(Tape(recording: false), backward: false) == recorded)
    }

    @Test func `An interrupt stops an operation and the backward pass`() throws {
      let tape = Tape()
      let x = try tape.leaf(Matrix(4, 4, seed: 1))
      let y = try tape.gelu(x)
      Cancellation.request()
      defer { Cancellation.take() }
      #expect(throws: Interrupted.self) { try tape.gelu(x) }
      #expect(throws: Interrupted.self) { try tape.backward(from: y, gradient: [Float](repeating: 1, count: 16)) }
      Cancellation.take()
      #expect(tape.values(of: try tape.gelu(x)) == tape.values(of: y))
    }

    @Test func `Variables from before a reset, wrong shapes and wrong indices are refused`() throws {
      let tape = Tape()
      let old = try tape.leaf(Matrix(2, 2, seed: 1))
      tape.reset()
      #expect(throws: TensorError.self) { try tape.gelu(old) }
      let x = try tape.leaf(Matrix(2, 3, seed: 1))
      let w = try tape.leaf(Matrix(2, 2, seed: 1))
      #expect(throws: TensorError.shapeMismatch(operation: "linear", left: [2, 3], right: [2, 2])) {
        try tape.linear(x, weight: w, bias: nil)
      }
      #expect(throws: TensorError.indexOutOfRange(index: 2, axis: 0, size: 2)) {
        try tape.embedding(w, tokens: [0, 2])
      }
      #expect(throws: TensorError.indexOutOfRange(index: -1, axis: 0, size: 2)) { try tape.selectRows(w, rows: [-1]) }
      #expect(throws: TensorError.indexOutOfRange(index: 3, axis: 1, size: 3)) {
        try tape.crossEntropy(x, targets: [0, 3])
      }
      #expect(throws: TensorError.self) { try tape.crossEntropy(x, targets: [0, 1], weights: [0, 0]) }
      #expect(throws: TensorError.self) { try tape.constant(rows: .max, columns: 2) { _ in } }
      #expect(throws: TensorError.self) { try tape.constant(rows: 1 << 40, columns: 1 << 10) { _ in } }
      #expect(throws: TensorError.self) { try tape.backward(from: x) }
    }
  }
}
