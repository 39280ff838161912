import CKernels
import Tensors

extension CPUKernels {
  /// Elements that are worth a thread of their own: some ten microseconds of reading and writing.
  private static let grain = 1 << 15

  private func forElements(
    _ count: Int, cost: Int = 1, _ body: @Sendable (_ begin: Int, _ end: Int) -> Void
  ) {
    Parallel.ranges(count, grain: CPUKernels.grain / cost) { body($0.lowerBound, $0.upperBound) }
  }

  package func add(_ input: Input, to output: Output, count: Int) {
    let shared = Shared((input, output))
    forElements(count) { tvs_add_to(shared.value.0, shared.value.1, $0, $1) }
  }

  package func sum(_ a: Input, _ b: Input, into output: Output, count: Int) {
    let shared = Shared((a, b, output))
    forElements(count) { tvs_sum(shared.value.0, shared.value.1, shared.value.2, $0, $1) }
  }

  package func addRow(_ row: Input, to input: Input, into output: Output, rows: Int, columns: Int) {
    let shared = Shared((row, input, output))
    Parallel.ranges(rows, grain: CPUKernels.grain / max(1, columns)) {
      tvs_add_row(shared.value.0, shared.value.1, shared.value.2, columns, $0.lowerBound, $0.upperBound)
    }
  }

  package func sumRows(_ input: Input, into output: Output, rows: Int, columns: Int, accumulates: Bool) {
    let shared = Shared((input, output))
    let parts = CPUKernels.parts(rows * columns, grain: CPUKernels.grain)
    Parallel.ranges(parts) { range in
      for part in range {
        let share = (0..<columns).part(part, of: parts, unit: 16)
        tvs_sum_rows(
          shared.value.0, shared.value.1, rows, columns, accumulates, share.lowerBound, share.upperBound)
      }
    }
  }

  package func gelu(_ input: Input, into output: Output, count: Int) {
    let shared = Shared((input, output))
    forElements(count, cost: 4) { tvs_gelu(shared.value.0, shared.value.1, $0, $1) }
  }

  package func geluBackward(
    _ gradient: Input, input: Input, into inputGradient: Output, count: Int, accumulates: Bool
  ) {
    let shared = Shared((gradient, input, inputGradient))
    forElements(count, cost: 4) {
      tvs_gelu_backward(shared.value.0, shared.value.1, shared.value.2, accumulates, $0, $1)
    }
  }

  package func swiGLU(gate: Input, up: Input, into output: Output, count: Int) {
    let shared = Shared((gate, up, output))
    forElements(count, cost: 4) { tvs_swiglu(shared.value.0, shared.value.1, shared.value.2, $0, $1) }
  }

  package func swiGLUBackward(
    _ gradient: Input, gate: Input, up: Input, gateGradient: Output?, gateAccumulates: Bool, upGradient: Output?,
    upAccumulates: Bool, count: Int
  ) {
    let shared = Shared((gradient, gate, up, gateGradient, upGradient))
    forElements(count, cost: 4) { begin, end in
      let (gradient, gate, up, gateGradient, upGradient) = shared.value
      tvs_swiglu_backward(
        gradient, gate, up, gateGradient, gateAccumulates, upGradient, upAccumulates, begin, end)
    }
  }

  // MARK: - Rows

  package func gatherRows(
    _ input: Input, rows: UnsafePointer<Int32>, second: Input?, secondRows: UnsafePointer<Int32>?,
    into output: Output, count: Int, columns: Int
  ) {
    let shared = Shared((input, rows, second, secondRows, output))
    Parallel.ranges(count, grain: CPUKernels.grain / max(1, columns)) { range in
      let (input, rows, second, secondRows, output) = shared.value
      tvs_gather_rows(input, rows, second, secondRows, output, columns, range.lowerBound, range.upperBound)
    }
  }

  package func scatterRows(_ input: Input, rows: UnsafePointer<Int32>, into output: Output, count: Int, columns: Int) {
    // Cut by columns: two tokens may name the same row, and their shares are added in their order.
    let shared = Shared((input, rows, output))
    let parts = CPUKernels.parts(count * columns, grain: CPUKernels.grain)
    Parallel.ranges(parts) { range in
      for part in range {
        let share = (0..<columns).part(part, of: parts, unit: 16)
        tvs_scatter_rows(
          shared.value.0, shared.value.1, shared.value.2, count, columns, share.lowerBound, share.upperBound)
      }
    }
  }
}
