import Foundation
import Testing

@testable import Tensors

extension TensorsRoom {
  /// Everything that NumPy can do as well must give NumPy's numbers (scripts/references/tensors.py).
  @Suite("Tensors against NumPy")
  struct TensorReferenceTests {
    static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("References")

    struct Case: @unchecked Sendable {
      var name: String
      var inputs: [Tensor]
      var output: Tensor
      var options: [String: Any]

      var axis: Int { options["axis"] as? Int ?? 0 }
      var function: String { options["function"] as? String ?? "" }
    }

    private static func unpack(_ object: Any?) throws -> Tensor {
      let record = try #require(object as? [String: Any])
      let shape = try #require(record["shape"] as? [Int])
      let data = try #require(record["data"] as? [Any])
      return try Tensor(data.map { ($0 as? Double) ?? Double($0 as? String ?? "") ?? .nan }, shape: shape)
    }

    private func cases(_ names: String...) throws -> [Case] {
      let data = try Data(contentsOf: Self.folder.appendingPathComponent("numpy.json"))
      let all = try #require(JSONSerialization.jsonObject(with: data) as? [[String: Any]])
      let found = try all.filter { names.contains($0["name"] as? String ?? "") }.map { record in
        Case(
          name: record["name"] as? String ?? "", inputs: try (record["inputs"] as? [Any] ?? []).map(Self.unpack),
          output: try Self.unpack(record["output"]), options: record["options"] as? [String: Any] ?? [:])
      }
      #expect(!found.isEmpty)
      return found
    }

    private func expectClose(
      _ found: Tensor, _ expected: Tensor, _ tolerance: Double = 1e-13, _ label: String = "",
      sourceLocation: SourceLocation = #_sourceLocation
    ) {
      #expect(found.shape == expected.shape, "\(label)", sourceLocation: sourceLocation)
      guard found.shape == expected.shape else { return }
      for (x, y) in zip(found.doubles, expected.doubles) where !(x.isNaN && y.isNaN) {
        #expect(abs(x - y) <= tolerance * max(1, abs(y)), "\(label)", sourceLocation: sourceLocation)
      }
    }

    @Test("functions of one number")
    func unary() throws {
      for test in try cases("unary") {
        let function = try #require(UnaryFunction(rawValue: test.function))
        expectClose(try test.inputs[0].map(function), test.output, 1e-14, test.function)
        let single = try test.inputs[0].converted(to: .float32).map(function)
        #expect(single.dtype == .float32)
        // Rounding the input moves floor and its kin by a whole step, and tan near its poles by any amount.
        if !["floor", "ceil", "round", "tan"].contains(test.function) {
          expectClose(single, test.output, 3e-6, test.function)
        }
      }
    }

    @Test("functions of two numbers, with broadcasting")
    func binary() throws {
      for test in try cases("binary") {
        let function = try #require(BinaryFunction(rawValue: test.function))
        expectClose(try test.inputs[0].combined(function, test.inputs[1]), test.output, 1e-14, test.function)
        let mixed = try test.inputs[0].converted(to: .float32).combined(function, test.inputs[1])
        #expect(mixed.dtype == .float64)
      }
    }

    @Test("comparisons, also with NaN")
    func comparison() throws {
      for test in try cases("comparison") {
        let comparison = try #require(Comparison(rawValue: test.function))
        let mask = try test.inputs[0].compared(comparison, test.inputs[1])
        #expect(mask.isMask)
        expectClose(mask, test.output, 0, test.function)
      }
    }

    @Test("reductions, scans and orders along every axis")
    func reductions() throws {
      for test in try cases("reduction") {
        let reduction = try #require(Reduction(rawValue: test.function))
        expectClose(try test.inputs[0].reduced(reduction, axis: test.axis), test.output, 1e-13, test.function)
        expectClose(
          try test.inputs[0].converted(to: .float32).reduced(reduction, axis: test.axis), test.output, 1e-5,
          test.function
        )
      }
      for test in try cases("argmax") {
        expectClose(try test.inputs[0].extremePositions(largest: true, axis: test.axis), test.output)
      }
      for test in try cases("argmin") {
        expectClose(try test.inputs[0].extremePositions(largest: false, axis: test.axis), test.output)
      }
      for test in try cases("cumsum") { expectClose(try test.inputs[0].cumulativeSum(axis: test.axis), test.output) }
      for test in try cases("sort") { expectClose(try test.inputs[0].sorted(axis: test.axis), test.output, 0) }
      for test in try cases("argsort") { expectClose(try test.inputs[0].sortingOrder(axis: test.axis), test.output, 0) }
      for test in try cases("quantile") {
        expectClose(try test.inputs[0].quantiles([0.1, 0.5, 0.9], axis: test.axis), test.output)
      }
      for test in try cases("softmax") {
        expectClose(try test.inputs[0].softmax(axis: test.axis), test.output)
        expectClose(try test.inputs[0].softmax(axis: test.axis, logarithm: true).map(.exp), test.output)
      }
    }

    @Test("shapes, joins and matrix products")
    func shapes() throws {
      for test in try cases("transpose") {
        expectClose(try test.inputs[0].transposed(test.options["order"] as? [Int]), test.output, 0)
      }
      for test in try cases("concat") {
        expectClose(try Tensor.concatenated(test.inputs, axis: test.axis), test.output, 0)
      }
      for test in try cases("stack") { expectClose(try Tensor.stacked(test.inputs, axis: test.axis), test.output, 0) }
      for test in try cases("matmul") {
        expectClose(try test.inputs[0].matrixProduct(test.inputs[1]), test.output)
        let single = try test.inputs[0].converted(to: .float32).matrixProduct(test.inputs[1].converted(to: .float32))
        #expect(single.dtype == .float32)
        expectClose(single, test.output, 1e-5)
      }
    }

    private func selector(_ object: Any) -> AxisIndex {
      if let list = (object as? [String: Any])?["list"] as? [Int] { return .positions(list, shape: [list.count]) }
      if let slice = object as? [Any], slice.count == 3 {
        return .slice(from: slice[0] as? Int, to: slice[1] as? Int, step: slice[2] as? Int)
      }
      return .position(object as? Int ?? 0)
    }

    @Test("indices, slices with steps, and lists of positions, read and written")
    func indexing() throws {
      for test in try cases("index") {
        let selectors = (test.options["index"] as? [Any] ?? []).map(selector)
        expectClose(try test.inputs[0].selecting(selectors), test.output, 0, "\(selectors)")
        var changed = test.inputs[0]
        try changed.assign(Tensor(scalar: -1), to: selectors)
        #expect(try changed.selecting(selectors).doubles.allSatisfy { $0 == -1 })
        let untouched = zip(changed.doubles, test.inputs[0].doubles).filter { $0 == $1 }.count
        #expect(untouched == 60 - Set(test.output.doubles).count)
        #expect(test.inputs[0].doubles == (0..<60).map(Double.init))
      }
    }

    @Test("decompositions and solutions")
    func linearAlgebra() throws {
      for test in try cases("eigvals") {
        let n = test.inputs[0].shape[0]
        let a = test.inputs[0].doubles
        let eigen = try LinearAlgebra.eigenSymmetric(a, order: n)
        expectClose(try Tensor(eigen.values), test.output)
        let av = try LinearAlgebra.product(a, eigen.vectors, m: n, n: n, k: n)
        for row in 0..<n {
          for column in 0..<n {
            #expect(abs(av[row * n + column] - eigen.vectors[row * n + column] * eigen.values[column]) < 1e-12)
          }
        }
      }
      for test in try cases("svdvals") {
        let (m, n) = (test.inputs[0].shape[0], test.inputs[0].shape[1])
        let k = min(m, n)
        let svd = try LinearAlgebra.svd(test.inputs[0].doubles, rows: m, columns: n)
        expectClose(try Tensor(svd.values), test.output)
        var us = svd.u
        for index in us.indices { us[index] *= svd.values[index % k] }
        let product = try LinearAlgebra.product(us, svd.vt, m: m, n: n, k: k)
        expectClose(try Tensor(product, shape: [m, n]), test.inputs[0], 1e-12)
      }
      for test in try cases("qr-r") {
        let (m, n) = (test.inputs[0].shape[0], test.inputs[0].shape[1])
        let k = min(m, n)
        let qr = try LinearAlgebra.qr(test.inputs[0].doubles, rows: m, columns: n)
        expectClose(try Tensor(qr.r, shape: [k, n]).map(.abs), test.output)
        let product = try LinearAlgebra.product(qr.q, qr.r, m: m, n: n, k: k)
        expectClose(try Tensor(product, shape: [m, n]), test.inputs[0], 1e-12)
        let qt = LinearAlgebra.transposed(qr.q, rows: m, columns: k)
        expectClose(try Tensor(LinearAlgebra.product(qt, qr.q, m: k, n: k, k: m), shape: [k, k]), try .identity(k))
      }
      for test in try cases("cholesky") {
        expectClose(try Tensor(LinearAlgebra.cholesky(test.inputs[0].doubles, order: 5), shape: [5, 5]), test.output)
      }
      for test in try cases("solve") {
        let x = try LinearAlgebra.solve(test.inputs[0].doubles, order: 5, test.inputs[1].doubles, columns: 2)
        expectClose(try Tensor(x, shape: [5, 2]), test.output, 1e-11)
      }
      for test in try cases("lstsq") {
        let (m, n) = (test.inputs[0].shape[0], test.inputs[0].shape[1])
        let found = try LinearAlgebra.leastSquares(
          test.inputs[0].doubles, rows: m, columns: n, test.inputs[1].doubles, rightHandSides: 2)
        expectClose(try Tensor(found.solution, shape: [n, 2]), test.output, 1e-11)
        #expect(found.rank == 4)
      }
      for test in try cases("inv") {
        expectClose(
          try Tensor(LinearAlgebra.inverse(test.inputs[0].doubles, order: 5), shape: [5, 5]), test.output, 1e-11)
      }
      for test in try cases("det") {
        expectClose(try Tensor(scalar: LinearAlgebra.determinant(test.inputs[0].doubles, order: 5)), test.output, 1e-12)
      }
    }
  }
}
