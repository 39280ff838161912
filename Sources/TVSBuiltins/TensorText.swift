import Foundation
import TVSLanguage
import Tensors

/// How the entries of a tensor are written: in aligned columns, all in one format, with the middle left out when there
/// are too many.
enum TensorText {
  /// The shortest text that reads back as the same float.
  static func shortest(_ number: Float) -> String {
    if number == number.rounded(.towardZero), number.magnitude < 1e7 { return String(Int(number)) }
    return number.description
  }

  static func lines(of tensor: Tensor, _ style: DisplayStyle) -> [String] {
    guard tensor.count > 0 else { return ["(empty)"] }
    switch tensor.rank {
    case 0: return ["  " + Format([tensor.element(0)], tensor.isMask, style.digits).text(tensor.element(0))]
    case 1: return vector(tensor, style)
    default: return matrices(tensor, style)
    }
  }

  // MARK: - One axis

  private static func vector(_ tensor: Tensor, _ style: DisplayStyle) -> [String] {
    let most = max(2, style.rows) * max(1, style.width / 3)
    let shown = visible(tensor.count, most)
    let format = Format(shown.compactMap { $0.map(tensor.element) }, tensor.isMask, style.digits)
    let perLine = max(1, (style.width - 2) / (format.width + 2))
    let total = (tensor.count + perLine - 1) / perLine
    let lines = visible(total, max(3, style.rows))
    return lines.map { line in
      guard let line else { return "  …" }
      return row((line * perLine..<min(tensor.count, (line + 1) * perLine)).map { format.padded(tensor.element($0)) })
    }
  }

  // MARK: - Several axes

  private static func matrices(_ tensor: Tensor, _ style: DisplayStyle) -> [String] {
    let (height, width) = (tensor.shape[tensor.rank - 2], tensor.shape[tensor.rank - 1])
    let matrices = tensor.count / (height * width)
    let isStack = tensor.rank > 2
    let rowsEach = isStack ? max(4, min(height, style.rows / min(matrices, 4) - 1)) : style.rows
    let rows = visible(height, max(3, rowsEach))
    let shownMatrices = visible(matrices, isStack ? max(2, style.rows / (rows.count + 1)) : 1)

    // The format is that of the entries that could be shown; how many columns fit follows from it.
    let candidates = visible(width, max(2, style.width / 3))
    var sample: [Double] = []
    for case let matrix? in shownMatrices {
      for case let row? in rows {
        for case let column? in candidates {
          sample.append(tensor.element((matrix * height + row) * width + column))
        }
      }
    }
    let format = Format(sample, tensor.isMask, style.digits)
    let fitting = (style.width - 2) / (format.width + 2)
    let columns =
      width <= fitting ? visible(width, width) : visible(width, max(2, (style.width - 5) / (format.width + 2)))

    var lines: [String] = []
    for matrix in shownMatrices {
      guard let matrix else {
        lines.append("…")
        continue
      }
      if isStack { lines.append(label(matrix, Array(tensor.shape.dropLast(2)))) }
      for line in rows {
        guard let line else {
          lines.append("  …")
          continue
        }
        lines.append(
          row(
            columns.map { column in
              column.map { format.padded(tensor.element((matrix * height + line) * width + $0)) } ?? "…"
            }))
      }
    }
    return lines
  }

  private static func label(_ matrix: Int, _ shape: [Int]) -> String {
    var rest = matrix
    var indices: [String] = []
    for length in shape.reversed() {
      indices.insert(String(rest % length), at: 0)
      rest /= length
    }
    return "[\(indices.joined(separator: ", ")), :, :]"
  }

  private static func row(_ entries: [String]) -> String { "  " + entries.joined(separator: "  ") }

  /// `count` positions, or as many of them as `most` allows from both ends with nil for what is left out.
  static func visible(_ count: Int, _ most: Int) -> [Int?] {
    if count <= most { return (0..<count).map { $0 } }
    let head = max(1, most / 2)
    let tail = max(1, most - head - 1)
    return (0..<head).map { $0 } + [nil] + (count - tail..<count).map { $0 }
  }

  // MARK: - Numbers

  /// One format for all entries of a tensor, or of a column.
  struct Format {
    private enum Style { case truth, whole, fixed(Int), scientific(Int) }
    private var style: Style
    /// Columns of the widest entry.
    private(set) var width = 0

    /// - Parameter keepsSmall: whether every entry keeps two digits, as the rows of a table do.
    init(_ numbers: [Double], _ isMask: Bool, _ digits: Int, keepsSmall: Bool = false) {
      let finite = numbers.filter(\.isFinite)
      let largest = finite.reduce(0) { max($0, $1.magnitude) }
      let smallest = finite.reduce(Double.infinity) { $1 == 0 ? $0 : min($0, $1.magnitude) }
      if isMask {
        style = .truth
      } else if finite.allSatisfy({ $0 == $0.rounded(.towardZero) }), largest < 1e7 {
        style = .whole
      } else if largest >= 1e5 || largest < 1e-3 || smallest < largest * 1e-6
        || (keepsSmall && smallest < pow(10, 1 - Double(digits)))
      {
        style = .scientific(max(0, digits - 1))
      } else {
        let leading = largest >= 1 ? Int(log10(largest)) + 1 : 1
        style = .fixed(max(1, digits - leading + 1))
        // Zeros at the end of every entry say nothing.
        let zeros = finite.reduce(Int.max) { least, number in
          min(least, text(number).reversed().prefix { $0 == "0" }.count)
        }
        if case .fixed(let decimals) = style { style = .fixed(max(1, decimals - zeros)) }
      }
      width = numbers.reduce(0) { max($0, text($1).count) }
    }

    func text(_ number: Double) -> String {
      if number.isNaN { return "nan" }
      if number.isInfinite { return number < 0 ? "-inf" : "inf" }
      switch style {
      case .truth: return number == 0 ? "false" : "true"
      case .whole: return String(Int(number))
      case .fixed(let decimals):
        let text = String(format: "%.\(decimals)f", number)
        // What rounds to zero has no sign.
        return text.hasPrefix("-") && text.allSatisfy({ "-0.".contains($0) }) ? String(text.dropFirst()) : text
      case .scientific(let decimals): return String(format: "%.\(decimals)e", number)
      }
    }

    func padded(_ number: Double) -> String {
      let text = text(number)
      return String(repeating: " ", count: max(0, width - text.count)) + text
    }
  }
}
