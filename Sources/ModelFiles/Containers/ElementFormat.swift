import CKernels
import Checkpoints
import Tensors

/// How elements are stored, and how many bytes a block of them takes. The order is that of `tvs_format`.
enum ElementFormat: String, CaseIterable, Sendable {
  case f32 = "F32"
  case f16 = "F16"
  case bf16 = "BF16"
  case f64 = "F64"
  case i8 = "I8"
  case i16 = "I16"
  case i32 = "I32"
  case i64 = "I64"
  case u8 = "U8"
  case u16 = "U16"
  case u32 = "U32"
  case u64 = "U64"
  case bool = "BOOL"
  case q4_0 = "Q4_0"
  case q4_1 = "Q4_1"
  case q5_0 = "Q5_0"
  case q5_1 = "Q5_1"
  case q8_0 = "Q8_0"
  case q4_K = "Q4_K"
  case q5_K = "Q5_K"
  case q6_K = "Q6_K"

  /// Elements of a block; a row is a whole number of blocks.
  var blockCount: Int {
    switch self {
    case .q4_0, .q4_1, .q5_0, .q5_1, .q8_0: 32
    case .q4_K, .q5_K, .q6_K: 256
    default: 1
    }
  }

  /// Bytes of a block.
  var blockBytes: Int {
    switch self {
    case .i8, .u8, .bool: 1
    case .f16, .bf16, .i16, .u16: 2
    case .f32, .i32, .u32: 4
    case .f64, .i64, .u64: 8
    case .q4_0: 18
    case .q4_1: 20
    case .q5_0: 22
    case .q5_1: 24
    case .q8_0: 34
    case .q4_K: 144
    case .q5_K: 176
    case .q6_K: 210
    }
  }

  var kernel: Int32 {
    switch self {
    case .f32: Int32(TVS_STORED_F32.rawValue)
    case .f16: Int32(TVS_STORED_F16.rawValue)
    case .bf16: Int32(TVS_STORED_BF16.rawValue)
    case .f64: Int32(TVS_STORED_F64.rawValue)
    case .i8: Int32(TVS_STORED_I8.rawValue)
    case .i16: Int32(TVS_STORED_I16.rawValue)
    case .i32: Int32(TVS_STORED_I32.rawValue)
    case .i64: Int32(TVS_STORED_I64.rawValue)
    case .u8: Int32(TVS_STORED_U8.rawValue)
    case .u16: Int32(TVS_STORED_U16.rawValue)
    case .u32: Int32(TVS_STORED_U32.rawValue)
    case .u64: Int32(TVS_STORED_U64.rawValue)
    case .bool: Int32(TVS_STORED_BOOL.rawValue)
    case .q4_0: Int32(TVS_STORED_Q4_0.rawValue)
    case .q4_1: Int32(TVS_STORED_Q4_1.rawValue)
    case .q5_0: Int32(TVS_STORED_Q5_0.rawValue)
    case .q5_1: Int32(TVS_STORED_Q5_1.rawValue)
    case .q8_0: Int32(TVS_STORED_Q8_0.rawValue)
    case .q4_K: Int32(TVS_STORED_Q4_K.rawValue)
    case .q5_K: Int32(TVS_STORED_Q5_K.rawValue)
    case .q6_K: Int32(TVS_STORED_Q6_K.rawValue)
    }
  }

  /// Bytes of an array, or nil if there is no such size: a product that overflows, or rows of a broken block.
  func byteCount(of shape: [Int]) -> Int? {
    if let columns = shape.last, columns % blockCount != 0 { return nil }
    guard shape.last != nil || blockCount == 1 else { return nil }
    guard let count = checkedProduct(shape) else { return nil }
    return checkedProduct([count / blockCount, blockBytes])
  }
}

/// The product of lengths, or nil if one is negative or it does not fit a machine word. A zero makes it zero only if
/// the others fit too: `StoredArray.count` must be able to multiply them in any order.
func checkedProduct(_ lengths: [Int]) -> Int? {
  var product = 1
  var isEmpty = false
  for length in lengths {
    guard length >= 0 else { return nil }
    isEmpty = isEmpty || length == 0
    let (next, overflow) = product.multipliedReportingOverflow(by: max(length, 1))
    if overflow { return nil }
    product = next
  }
  return isEmpty ? 0 : product
}

extension MappedFile {
  /// Bytes that are widened before the user is asked and pages are let go.
  private static let pass = 8 << 20

  /// Writes the elements of an array as float32. The pages that it reads are let go behind it, so that no more than
  /// a few megabytes of the file are in memory at once.
  ///
  /// - Throws: `TensorError`, `Interrupted`.
  func widen(_ array: StoredArray, into target: UnsafeMutablePointer<Float>) throws {
    guard let format = ElementFormat(rawValue: array.format), array.offset >= 0, array.byteCount >= 0,
      format.byteCount(of: array.shape) == array.byteCount, array.offset <= count,
      array.byteCount <= count - array.offset
    else { throw TensorError.malformed(path: path, reason: "it holds no such array as \(array.name)") }
    try checkLength()
    let blocks = array.byteCount / format.blockBytes
    let most = MappedFile.pass / format.blockBytes
    var done = 0
    while done < blocks {
      try Cancellation.check()
      let first = done
      let number = min(most, blocks - first)
      let start = array.offset + first * format.blockBytes
      withBytes { bytes in
        guard let base = bytes.baseAddress else { return }
        nonisolated(unsafe) let input = base + start
        nonisolated(unsafe) let output = target + first * format.blockCount
        Parallel.ranges(number, grain: max(1, 65_536 / format.blockBytes)) { range in
          _ = tvs_widen(
            format.kernel, (input + range.lowerBound * format.blockBytes).assumingMemoryBound(to: UInt8.self),
            output + range.lowerBound * format.blockCount, range.count)
        }
      }
      done += number
      // Arrays share pages at their ends: from the page in which the array begins, which the one before has left.
      release(start, number * format.blockBytes)
    }
  }
}
