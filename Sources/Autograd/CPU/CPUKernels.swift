import CKernels
import Checkpoints
import Tensors

/// The kernels on the cores of this machine: C loops, cut over threads by rows, columns or heads.
///
/// How the work is cut depends on its size and on the number of threads, never on time, so that results are the same
/// bits from run to run.
package final class CPUKernels: Kernels {
  /// Working memory of the kernels, kept from call to call.
  let arena = Arena()
  /// Rows of the innermost tile of matrix products, 6 or 12; 0 for what suits the processor.
  let tileRows: Int32

  /// The CPU's kernels.
  package convenience init() { self.init(tileRows: 0) }

  init(tileRows: Int32) { self.tileRows = tileRows }

  /// Calls `body` with the number of each part and its working memory, on several threads.
  func run(parts: Int, scratch: Int, _ body: @Sendable (Int, Output) -> Void) throws {
    let memory = try Storage(count: parts * scratch, arena: arena)
    Parallel.ranges(parts) { range in
      for part in range { body(part, memory.base + part * scratch) }
    }
  }

  /// Into how many parts to cut `count` items, of which `grain` are worth a thread.
  static func parts(_ count: Int, grain: Int) -> Int { min(Parallel.width, max(1, count / max(1, grain))) }
}

/// Pointers for several threads. Each thread writes its own part of the memory: the kernels see to that.
struct Shared<Value>: @unchecked Sendable {
  let value: Value
  init(_ value: Value) { self.value = value }
}

extension Range<Int> {
  /// Part `part` of `parts` nearly equal ones whose borders are multiples of `unit`.
  func part(_ part: Int, of parts: Int, unit: Int = 1) -> Range<Int> {
    let units = (count + unit - 1) / unit
    let begin = lowerBound + Swift.min(count, units * part / parts * unit)
    let end = lowerBound + Swift.min(count, units * (part + 1) / parts * unit)
    return begin..<end
  }
}
