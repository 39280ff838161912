import Checkpoints
import Tensors
import Transformers

/// Puts the arrays of a file into the flat buffer of a layout. Everything is compared before anything is allocated:
/// names that are missing, that nobody asked for, and shapes that do not fit stop it, and all of them are listed.
struct WeightAssembly {
  /// Where the numbers of one segment come from.
  struct Source {
    let segment: Segment
    let array: StoredArray
    var arrangement: Arrangement
  }

  /// How an array lies in the file.
  enum Arrangement: Equatable {
    /// As the segment does.
    case same
    /// Inputs × outputs, as GPT-2's Conv1D stores a linear layer.
    case transposed
    /// Rows of rotated heads in pairs (0, 1), (2, 3), … rather than in two halves, as llama.cpp and llama2.c have them.
    case interleavedHeads(width: Int)
  }

  let file: any WeightFile
  private(set) var sources: [Source] = []
  private var missing: [String] = []
  private var misshapen: [String] = []
  private var used: Set<String> = []
  private let arrays: [String: StoredArray]

  /// An assembly from a file of which nothing was used yet.
  init(_ file: any WeightFile) {
    self.file = file
    arrays = Dictionary(file.arrays.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
  }

  /// Whether the file has an array of this name.
  func has(_ name: String) -> Bool { arrays[name] != nil }

  /// Says that an array is known and not needed.
  mutating func ignore(_ name: String) { used.insert(name) }

  /// Takes a segment from the array of a name.
  mutating func take(_ segment: Segment, from name: String, _ arrangement: Arrangement = .same) {
    guard let array = arrays[name] else {
      missing.append(name)
      return
    }
    used.insert(name)
    let wanted = arrangement == .transposed ? segment.shape.reversed() : segment.shape
    if array.shape != wanted {
      misshapen.append("\(name) is \(Self.text(array.shape)) and needs \(Self.text(wanted))")
    } else {
      sources.append(Source(segment: segment, array: array, arrangement: arrangement))
    }
  }

  /// The flat buffer.
  ///
  /// - Parameters:
  ///   - layout: every segment of it was taken.
  ///   - activity: what the bar says.
  /// - Throws: `TensorError.malformed` that lists what does not fit, `TensorError.tooLarge`, `Interrupted`.
  func weights(_ layout: ParameterLayout, activity name: String = "load") throws -> FloatVector {
    var faults: [String] = []
    func report(_ names: [String], _ one: String, _ many: String) {
      if !names.isEmpty { faults.append("\(names.count) \(names.count == 1 ? one : many): \(Self.listed(names))") }
    }
    report(missing, "tensor is missing", "tensors are missing")
    report(file.arrays.map(\.name).filter { !used.contains($0) }, "tensor too many", "tensors too many")
    report(misshapen, "has another shape", "have other shapes")
    if !faults.isEmpty { throw TensorError.malformed(path: file.path, reason: faults.joined(separator: "; ")) }
    let activity = Activity(name, total: sources.count)
    defer { activity.finish() }
    return try FloatVector(count: layout.count) { base in
      for source in sources {
        try Cancellation.check()
        try file.read(source.array, into: base + source.segment.offset)
        try arrange(source, base + source.segment.offset)
        try activity.advance()
      }
    }
  }

  /// Brings a segment that was read as it lies in the file into our order, in place.
  private func arrange(_ source: Source, _ base: UnsafeMutablePointer<Float>) throws {
    let segment = source.segment
    switch source.arrangement {
    case .same: return
    case .transposed:
      let copy = try FloatVector(count: segment.count) { $0.update(from: base, count: segment.count) }
      copy.withPointer { transpose($0, rows: segment.columns, columns: segment.rows, into: base) }
    case .interleavedHeads(let width):
      let (half, columns) = (width / 2, segment.shape.count > 1 ? segment.columns : 1)
      guard width > 0, width % 2 == 0, segment.count % (width * columns) == 0 else {
        throw TensorError.malformed(path: file.path, reason: "\(source.array.name) has no whole number of heads")
      }
      var copy = [Float](repeating: 0, count: width * columns)
      for start in stride(from: 0, to: segment.count, by: width * columns) {
        copy.withUnsafeMutableBufferPointer { $0.baseAddress?.update(from: base + start, count: width * columns) }
        for row in 0..<width {
          // Row i of the first half is stored at 2i, of the second at 2i + 1.
          let stored = row < half ? 2 * row : 2 * (row - half) + 1
          for column in 0..<columns { base[start + row * columns + column] = copy[stored * columns + column] }
        }
      }
    }
  }

  private static func listed(_ names: [String]) -> String {
    names.prefix(24).joined(separator: ", ") + (names.count > 24 ? ", …" : "")
  }

  private static func text(_ shape: [Int]) -> String {
    shape.isEmpty ? "a number" : shape.map(String.init).joined(separator: "×")
  }
}

/// Writes the transpose of a matrix of rows × columns.
func transpose(
  _ source: UnsafePointer<Float>, rows: Int, columns: Int, into target: UnsafeMutablePointer<Float>
) {
  for row in 0..<rows {
    for column in 0..<columns { target[column * rows + row] = source[row * columns + column] }
  }
}

extension Segment {
  /// Whether it makes queries or keys, whose rows rotary positions turn.
  var isRotated: Bool { name.contains(".attn.q.") || name.contains(".attn.k.") }
}
