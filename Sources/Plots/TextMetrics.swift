/// How much room text takes, by a table of the font DejaVu Sans, so that a picture is laid out alike on every machine.
/// The fonts that stand in for it in SVG are no wider.
enum TextMetrics {
  /// The width of a line of text, in the unit of `size`.
  static func width(_ text: String, size: Double, isBold: Bool = false) -> Double {
    let thousandths = text.unicodeScalars.reduce(0) { $0 + advance($1) }
    return Double(thousandths) * size / 1000 * (isBold ? 1.12 : 1)
  }

  /// Text that fits into a width, with `…` where something was cut.
  static func cut(_ text: String, to width: Double, size: Double) -> String {
    cut(text, room: width, sign: self.width("…", size: size)) { self.width(String($0), size: size) }
  }

  private static func cut(_ text: String, room: Double, sign: Double, _ measure: (Character) -> Double) -> String {
    var (used, fitting) = (0.0, text.startIndex)
    for index in text.indices {
      used += measure(text[index])
      if used > room { return String(text[..<fitting]) + "…" }
      if used + sign <= room { fitting = text.index(after: index) }
    }
    return text
  }

  /// Text in lines that fit into a width, broken between words.
  static func lines(_ text: String, width: Double, size: Double, isBold: Bool = false) -> [String] {
    let width = isBold ? width / 1.12 : width
    var lines: [String] = []
    var line = ""
    for word in text.split(separator: " ") {
      let longer = line.isEmpty ? String(word) : line + " " + word
      if self.width(longer, size: size) > width, !line.isEmpty {
        lines.append(line)
        line = String(word)
      } else {
        line = longer
      }
    }
    if !line.isEmpty { lines.append(line) }
    return lines.map { cut($0, to: width, size: size) }
  }

  /// Text of one line: control characters, which no backend can draw, become spaces.
  static func clean(_ text: String) -> String {
    guard text.unicodeScalars.contains(where: { isControl($0) }) else { return text }
    return String(String.UnicodeScalarView(text.unicodeScalars.map { isControl($0) ? " " : $0 }))
  }

  private static func isControl(_ scalar: Unicode.Scalar) -> Bool {
    scalar.value < 0x20 || (0x7F...0x9F).contains(scalar.value) || (0x2028...0x2029).contains(scalar.value)
      || (0xFFFE...0xFFFF).contains(scalar.value)
  }

  /// How many columns of a terminal text takes.
  static func columns(_ text: String) -> Int { text.reduce(0) { $0 + columns($1) } }

  static func columns(_ character: Character) -> Int {
    guard let scalar = character.unicodeScalars.first else { return 0 }
    switch scalar.properties.generalCategory {
    case .nonspacingMark, .enclosingMark, .format: return 0
    default: return isWide(scalar) ? 2 : 1
    }
  }

  /// Text that fits into so many columns.
  static func cut(_ text: String, columns limit: Int) -> String {
    limit > 0 ? cut(text, room: Double(limit), sign: 1) { Double(columns($0)) } : ""
  }

  private static func isWide(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.value {
    case 0x1100...0x115F, 0x2E80...0xA4CF, 0xAC00...0xD7A3, 0xF900...0xFAFF, 0xFE30...0xFE6F, 0xFF00...0xFF60,
      0x1F300...0x1FAFF, 0x20000...0x3FFFD:
      true
    default: false
    }
  }

  private static func advance(_ scalar: Unicode.Scalar) -> Int {
    let value = Int(scalar.value)
    if (32..<127).contains(value) { return ascii[value - 32] }
    if isWide(scalar) { return 1000 }
    // Arrows and mathematical signs are as wide as a plus.
    return (0x2190...0x22FF).contains(value) ? 838 : 680
  }

  /// Advance widths of the characters from space to tilde, in thousandths of the size.
  private static let ascii = [
    318, 401, 460, 838, 636, 950, 780, 275, 390, 390, 500, 838, 318, 361, 318, 337, 636, 636, 636, 636, 636, 636, 636,
    636, 636, 636, 337, 337, 838, 838, 838, 531, 1000, 684, 686, 698, 770, 632, 575, 775, 752, 295, 295, 656, 557, 863,
    748, 787, 603, 787, 695, 635, 611, 732, 684, 989, 685, 611, 685, 390, 337, 390, 838, 500, 500, 613, 635, 550, 635,
    615, 352, 635, 634, 278, 278, 579, 278, 974, 634, 612, 635, 635, 411, 521, 392, 634, 592, 818, 592, 592, 525, 636,
    337, 636, 838,
  ]
}
