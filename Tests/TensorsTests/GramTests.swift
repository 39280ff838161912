import Checkpoints
import Testing

@testable import Tensors

extension TensorsRoom {
  @Suite("Flat vectors, Gram matrices and products")
  struct GramTests {
    /// Vectors of odd length, so that the last block is a partial one and threads get unequal shares.
    private func vectors(_ count: Int, length: Int, seed: UInt64 = 1) throws -> [FloatVector] {
      try (0..<count).map { index in
        let stream = RandomStream(seed: seed, purpose: "gram", name: "\(index)")
        return try FloatVector(count: length) { stream.fillGaussian($0, count: length) }
      }
    }

    private func plainDot(_ a: FloatVector, _ b: FloatVector) -> Double {
      zip(a.elements, b.elements).reduce(0) { $0 + Double($1.0) * Double($1.1) }
    }

    @Test("Gram and cross matrices hold the inner products", arguments: [1, 7, 2048, 5000, 20_011])
    func products(length: Int) throws {
      let a = try vectors(5, length: length)
      let b = try vectors(3, length: length, seed: 2)
      let gram = try Gram.matrix(a)
      let cross = try Gram.cross(a, b)
      let single = try Gram.products(a, with: b[1])
      for i in 0..<5 {
        for j in 0..<5 { #expect(abs(gram[i * 5 + j] - plainDot(a[i], a[j])) < 1e-9 * Double(length)) }
        for j in 0..<3 { #expect(abs(cross[i * 3 + j] - plainDot(a[i], b[j])) < 1e-9 * Double(length)) }
        #expect(abs(single[i] - plainDot(a[i], b[1])) < 1e-9 * Double(length))
        for j in 0..<i { #expect(gram[i * 5 + j] == gram[j * 5 + i]) }
      }
      #expect(try Gram.matrix(a) == gram)
    }

    @Test("a combination is rounded once")
    func combination() throws {
      let a = try vectors(3, length: 9001)
      let c = [0.5, -2, 1e-3]
      let sum = try Gram.combination(a, coefficients: c).elements
      let (x, y, z) = (a[0].elements, a[1].elements, a[2].elements)
      for i in 0..<9001 {
        let exact = c[0] * Double(x[i]) + c[1] * Double(y[i]) + c[2] * Double(z[i])
        #expect(abs(Double(sum[i]) - exact) <= abs(exact) * 6e-8)
      }
    }

    @Test("nothing at all has an empty Gram matrix, and unequal lengths are refused")
    func edges() throws {
      #expect(try Gram.matrix([]).isEmpty)
      #expect(throws: TensorError.shapeMismatch(operation: "Gram matrix", left: [3], right: [4])) {
        try Gram.matrix([FloatVector(zeros: 3), FloatVector(zeros: 4)])
      }
      #expect(throws: TensorError.self) { try FloatVector(zeros: 3).dot(FloatVector(zeros: 4)) }
      #expect(throws: TensorError.self) { try FloatVector(zeros: 3).adding(FloatVector(zeros: 4)) }
    }

    @Test("vector arithmetic leaves its operands alone")
    func arithmetic() throws {
      var a = try FloatVector([1, 2, 3])
      let b = try FloatVector([10, 20, 30])
      let kept = a
      #expect(try a.adding(b, scaled: 0.1).elements == [2, 4, 6])
      #expect(try b.subtracting(a).elements == [9, 18, 27])
      #expect(try a.scaled(by: -2).elements == [-2, -4, -6])
      #expect(try a.dot(b) == 140)
      #expect(try FloatVector([3, 4]).norm == 5)
      try a.add(b)
      #expect(a.elements == [11, 22, 33])
      #expect(kept.elements == [1, 2, 3])
      try a.add(a)
      #expect(a.elements == [22, 44, 66])
      let stream = RandomStream(seed: 1, purpose: "p")
      #expect(try kept.perturbed(by: stream, scale: 0).elements == kept.elements)
    }

    @Test(
      "float32 and float64 products agree with the definition, transposed or not, cut over threads or not",
      arguments: [(3, 4, 5), (64, 129, 70), (300, 17, 65), (1, 500, 400), (500, 1, 400)])
    func matrixProduct(m: Int, n: Int, k: Int) throws {
      for transA in [false, true] {
        for transB in [false, true] {
          let a = RandomStream(seed: 1, purpose: "a").gaussians(count: m * k)
          let b = RandomStream(seed: 1, purpose: "b").gaussians(count: k * n)
          let before = RandomStream(seed: 1, purpose: "c").gaussians(count: m * n)
          var expected = before
          for i in 0..<m {
            for j in 0..<n {
              var sum = 0.0
              for l in 0..<k {
                let (left, right) = (transA ? a[l * m + i] : a[i * k + l], transB ? b[j * k + l] : b[l * n + j])
                sum += left * right
              }
              expected[i * n + j] = 0.5 * before[i * n + j] + 2 * sum
            }
          }
          var c = before.map(Float.init)
          try MatrixProduct.sgemm(
            transA: transA, transB: transB, m: m, n: n, k: k, alpha: 2, a: a.map(Float.init), lda: transA ? m : k,
            b: b.map(Float.init), ldb: transB ? k : n, beta: 0.5, c: &c, ldc: n)
          #expect(zip(c, expected).allSatisfy { abs(Double($0) - $1) < 1e-4 * Double(k).squareRoot() })
          var d = before
          try MatrixProduct.dgemm(
            transA: transA, transB: transB, m: m, n: n, k: k, alpha: 2, a: a, lda: transA ? m : k, b: b,
            ldb: transB ? k : n, beta: 0.5, c: &d, ldc: n)
          #expect(zip(d, expected).allSatisfy { abs($0 - $1) < 1e-11 * Double(k) })
        }
      }
    }
  }
}
