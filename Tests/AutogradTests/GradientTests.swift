import Testing

@testable import Autograd

extension AutogradTests {
  @Suite struct Gradients {
    @Test(
      "A linear map agrees with its reference",
      arguments: [(1, 1, 1), (1, 40, 9), (3, 37, 22), (7, 5, 3), (17, 33, 18), (40, 16, 50)])
    func linear(_ rows: Int, _ inputs: Int, _ outputs: Int) throws {
      let matrices = [
        Matrix(rows, inputs, seed: 1), Matrix(outputs, inputs, seed: 2), Matrix(1, outputs, seed: 3),
        Matrix(rows, outputs, seed: 4),
      ]
      try check(matrices, reference: { Reference.linear($0[0], $0[1], $0[2]) + $0[3] }) { tape, v in
        try tape.linear(v[0], weight: v[1], bias: v[2], residual: v[3])
      }
      try check(Array(matrices[..<2]), reference: { Reference.linear($0[0], $0[1], nil) }) { tape, v in
        try tape.linear(v[0], weight: v[1], bias: nil)
      }
    }

    /// Packed and unpacked rows, one and two panels of columns, and what is left of twelve rows: 5, 11, 7, 4 and 8.
    @Test(
      "A linear map agrees with its reference in tiles of twelve rows",
      arguments: [(41, 19, 35), (35, 19, 67), (31, 40, 100), (16, 70, 64), (20, 33, 80)])
    func tilesOfTwelve(_ rows: Int, _ inputs: Int, _ outputs: Int) throws {
      try check(
        [Matrix(rows, inputs, seed: 1), Matrix(outputs, inputs, seed: 2), Matrix(1, outputs, seed: 3)],
        kernels: CPUKernels(tileRows: 12), reference: { Reference.linear($0[0], $0[1], $0[2]) }
      ) { tape, v in try tape.linear(v[0], weight: v[1], bias: v[2]) }
    }

    @Test func `An adapted linear map agrees with its reference`() throws {
      let matrices = [
        Matrix(9, 12, seed: 1), Matrix(20, 12, seed: 2), Matrix(1, 20, seed: 3), Matrix(3, 12, seed: 4),
        Matrix(20, 3, seed: 5), Matrix(9, 20, seed: 6),
      ]
      try check(
        matrices,
        reference: { m in
          Reference.linear(m[0], m[1], m[2]) + m[0].times(m[3].transposed).times(m[4].transposed).map { 1.5 * $0 }
            + m[5]
        }
      ) { tape, v in
        try tape.loraLinear(v[0], weight: v[1], bias: v[2], a: v[3], b: v[4], scale: 1.5, residual: v[5])
      }
    }

    @Test("Layer norm and RMS norm agree with their references", arguments: [(1, 4), (5, 33), (19, 128)])
    func norms(_ rows: Int, _ columns: Int) throws {
      let matrices = [
        Matrix(rows, columns, seed: 1, scale: 2), Matrix(1, columns, seed: 2), Matrix(1, columns, seed: 3),
      ]
      try check(matrices, reference: { Reference.layerNorm($0[0], $0[1], $0[2], epsilon: 1e-3) }) { tape, v in
        try tape.layerNorm(v[0], gain: v[1], bias: v[2], epsilon: 1e-3)
      }
      try check(Array(matrices[..<2]), reference: { Reference.rmsNorm($0[0], $0[1], epsilon: 1e-3) }) { tape, v in
        try tape.rmsNorm(v[0], gain: v[1], epsilon: 1e-3)
      }
    }

    @Test("Steering agrees with its reference, and rows that are not selected stay", arguments: [(1, 4), (6, 33)])
    func steering(_ rows: Int, _ columns: Int) throws {
      let direction = Matrix(1, columns, seed: 2)
      let size = direction.elements.reduce(0) { $0 + $1 * $1 }.squareRoot()
      let unit = direction.map { Double(Float($0 / size)) }
      let selected: [Bool]? = rows == 1 ? nil : (0..<rows).map { $0 % 3 != 1 }
      func norm(_ x: ArraySlice<Double>) -> Double { x.reduce(0) { $0 + $1 * $1 }.squareRoot() }
      func reference(_ x: Matrix, _ v: Matrix, _ kind: Tape.Steering) -> Matrix {
        var result = x
        for row in 0..<rows where selected?[row] ?? true {
          let range = row * columns..<(row + 1) * columns
          let old = x.elements[range]
          let added = zip(old, v.elements).map(+)
          let along = zip(old, v.elements).reduce(0) { $0 + $1.0 * $1.1 }
          let new: [Double] =
            switch kind {
            case .add: added
            case .ablate(let scale): zip(old, v.elements).map { $0 - Double(scale) * along * $1 }
            case .rotate: added.map { $0 * norm(old) / norm(added[...]) }
            }
          result.elements.replaceSubrange(range, with: new)
        }
        return result
      }
      for kind in [Tape.Steering.add, .ablate(scale: 1), .ablate(scale: 0.5), .rotate] {
        let v = kind == .add || kind == .rotate ? direction : unit
        try check([Matrix(rows, columns, seed: 1)], reference: { reference($0[0], v, kind) }) { tape, x in
          let row = try tape.constant(rows: 1, columns: columns) { out in
            for (index, number) in v.floats.enumerated() { out[index] = number }
          }
          return try tape.steer(x[0], along: row, kind, selected: selected)
        }
      }
    }

    @Test func `A row that a turn would make zero has no direction and no gradient`() throws {
      let tape = Tape()
      let x = try tape.leaf(Matrix(2, 2, [1, 2, 0, 0]))
      let row = try tape.constant(rows: 1, columns: 2) { out in (out[0], out[1]) = (-1, -2) }
      let y = try tape.steer(x, along: row, .rotate)
      #expect(tape.values(of: y) == [0, 0, 0, 0])
      try tape.backward(from: y, gradient: [1, 1, 1, 1])
      #expect(tape.withGradient(of: x) { Array($0) } == [0, 0, 0, 0])
    }

    @Test func `Layer norm keeps its precision when the mean is large`() throws {
      let x = Matrix(3, 64, seed: 1).map { Double(Float($0 + 1000)) }
      try check(
        [x, Matrix(1, 64, seed: 2), Matrix(1, 64, seed: 3)], tolerance: 3e-4,
        reference: { Reference.layerNorm($0[0], $0[1], $0[2], epsilon: 1e-5) }
      ) { tape, v in try tape.layerNorm(v[0], gain: v[1], bias: v[2], epsilon: 1e-5) }
    }

    @Test func `GELU and SwiGLU agree with their references, far from zero too`() throws {
      let (x, y) = (Matrix(11, 13, seed: 1, scale: 6), Matrix(11, 13, seed: 2))
      try check([x], reference: { Reference.gelu($0[0]) }) { tape, v in try tape.gelu(v[0]) }
      try check([x, y], reference: { Reference.swiGLU($0[0], $0[1]) }) { tape, v in
        try tape.swiGLU(gate: v[0], up: v[1])
      }
      let tape = Tape()
      let extremes = try tape.leaf(Matrix(1, 4, [-1e4, 1e4, -1e30, .nan]))
      let values = tape.values(of: try tape.gelu(extremes))
      #expect(values[0] == 0 && values[1] == 1e4 && values[2] == 0 && values[3].isNaN)
    }

    @Test func `Additions agree with their references`() throws {
      let (x, y, row) = (Matrix(6, 9, seed: 1), Matrix(6, 9, seed: 2), Matrix(1, 9, seed: 3))
      try check([x, y], reference: { $0[0] + $0[1] }) { tape, v in try tape.add(v[0], v[1]) }
      try check([x, row], reference: { $0[0].adding(row: $0[1]) }) { tape, v in try tape.add(v[0], row: v[1]) }
      try check([x], reference: { $0[0] + $0[0] }) { tape, v in try tape.add(v[0], v[0]) }
    }

    @Test func `Rows are taken, and their gradients added where a row was taken twice`() throws {
      let (table, positions) = (Matrix(5, 20, seed: 1), Matrix(3, 20, seed: 2))
      let (tokens, places): ([Int32], [Int32]) = ([4, 0, 4, 1, 4, 3], [0, 1, 2, 0, 1, 2])
      try check([table], reference: { $0[0].selecting(tokens) }) { tape, v in
        try tape.embedding(v[0], tokens: tokens)
      }
      try check([table, positions], reference: { $0[0].selecting(tokens) + $0[1].selecting(places) }) { tape, v in
        try tape.embedding(v[0], tokens: tokens, positionTable: v[1], positions: places)
      }
      try check([table, positions], reference: { $0[0].selecting(tokens) + $0[1].selecting(places) }) { tape, v in
        try tape.addPositions(try tape.selectRows(v[0], rows: tokens), table: v[1], positions: places)
      }
    }

    @Test func `A residual block passes gradients through both branches`() throws {
      // The addition hands one gradient to both inputs; the norm then adds to one of them.
      try check(
        [Matrix(8, 12, seed: 1), Matrix(1, 12, seed: 2), Matrix(1, 12, seed: 3), Matrix(12, 12, seed: 4)],
        reference: { m in
          let inner = Reference.linear(Reference.layerNorm(m[0], m[1], m[2], epsilon: 1e-2), m[3], nil)
          return m[0] + Reference.gelu(inner)
        }
      ) { tape, v in
        let inner = try tape.linear(
          try tape.layerNorm(v[0], gain: v[1], bias: v[2], epsilon: 1e-2), weight: v[3], bias: nil)
        return try tape.add(v[0], try tape.gelu(inner))
      }
    }

    @Test("Cross-entropy agrees with its reference", arguments: [nil, [1, 0, 2, 0.5, 0, 3, 1]] as [[Float]?])
    func crossEntropy(_ weights: [Float]?) throws {
      let targets: [Int32] = [0, 3, 13, 7, 7, 2, 1]
      try check([Matrix(7, 14, seed: 1, scale: 4)], reference: { Reference.crossEntropy($0[0], targets, weights) }) {
        tape, v in try tape.crossEntropy(v[0], targets: targets, weights: weights)
      }
    }

    @Test func `Cross-entropy tells the loss and the largest class of every row`() throws {
      let tape = Tape(recording: false)
      let logits = try tape.leaf(Matrix(2, 3, [0, 2, 2, 100, 0, -100]))
      let loss = try tape.crossEntropy(logits, targets: [2, 2])
      #expect(tape.predictions(of: loss) == [1, 0])
      expectClose(tape.rowLosses(of: loss), [0.758624, 200], 1e-6, "losses")
      #expect(abs(tape.scalar(loss) - 100.379312) < 1e-5)
    }
  }
}
