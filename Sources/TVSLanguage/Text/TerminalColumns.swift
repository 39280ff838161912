/// How many columns text takes in a terminal.
public enum TerminalColumns {
  /// Columns of a text without tabs and newlines.
  public static func width(of text: String) -> Int {
    if text.utf8.allSatisfy({ $0 >= 0x20 && $0 < 0x7F }) { return text.utf8.count }
    return text.reduce(0) { $0 + width(of: $1) }
  }

  /// Columns of one character: 2 for East Asian wide characters and emoji, 0 for lone combining marks.
  static func width(of character: Character) -> Int {
    guard let scalar = character.unicodeScalars.first else { return 0 }
    if character.unicodeScalars.count > 1, character.unicodeScalars.contains(where: { $0.value == 0xFE0F }) { return 2 }
    switch scalar.properties.generalCategory {
    case .nonspacingMark, .enclosingMark, .format: return 0
    default: return isWide(scalar.value) ? 2 : 1
    }
  }

  /// Blocks of the Unicode East Asian Width property "wide" and of emoji with wide presentation.
  private static func isWide(_ value: UInt32) -> Bool {
    switch value {
    case 0x1100...0x115F, 0x231A...0x231B, 0x2329...0x232A, 0x23E9...0x23EC, 0x2614...0x2615, 0x2648...0x2653,
      0x26A1, 0x26BD...0x26BE, 0x2705, 0x2728, 0x274C, 0x2753...0x2755, 0x2757, 0x2795...0x2797, 0x2B50,
      0x2E80...0x303E, 0x3041...0x33FF, 0x3400...0x4DBF, 0x4E00...0x9FFF, 0xA000...0xA4CF, 0xA960...0xA97F,
      0xAC00...0xD7A3, 0xF900...0xFAFF, 0xFE30...0xFE6F, 0xFF00...0xFF60, 0xFFE0...0xFFE6, 0x1F300...0x1F64F,
      0x1F680...0x1F6FF, 0x1F7E0...0x1F7EB, 0x1F900...0x1F9FF, 0x1FA70...0x1FAFF, 0x20000...0x3FFFD:
      return true
    default: return false
    }
  }

  /// A line of source made safe to print: tabs become spaces and control characters one visible sign, so that the
  /// columns counted here are the columns drawn.
  static func printable(_ line: String) -> String {
    var result = ""
    for character in line {
      if character == "\t" {
        result += "    "
      } else if let value = character.unicodeScalars.first?.value, value < 0x20 || value == 0x7F {
        result += "·"
      } else {
        result.append(character)
      }
    }
    return result
  }
}
