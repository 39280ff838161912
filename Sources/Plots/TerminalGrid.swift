/// Characters in rows and columns, each with a colour, and dots of braille among them.
struct TerminalGrid {
  /// A colour of text in a terminal.
  enum Ink: Equatable {
    case plain, muted
    case color(Color)
  }

  private struct Cell {
    var text: Character = " "
    var ink = Ink.plain
    var background: Color?
    /// The eight dots of braille; 0 shows ``text``.
    var dots: UInt8 = 0
    /// The right half of a wide character, which is not written.
    var isCovered = false
  }

  let columns: Int
  let rows: Int
  private var cells: [Cell]

  init(columns: Int, rows: Int) {
    self.columns = max(0, columns)
    self.rows = max(0, rows)
    cells = [Cell](repeating: Cell(), count: self.columns * self.rows)
  }

  private func index(_ column: Int, _ row: Int) -> Int? {
    column >= 0 && column < columns && row >= 0 && row < rows ? row * columns + column : nil
  }

  /// Writes text from a place on; what lies outside is not written.
  mutating func write(_ text: String, column: Int, row: Int, _ ink: Ink = .plain) {
    var column = column
    for character in text {
      let width = TextMetrics.columns(character)
      if width == 0 { continue }
      guard let place = index(column, row), width == 1 || index(column + 1, row) != nil else { return }
      cells[place] = Cell(text: character, ink: ink)
      if width == 2 { cells[place + 1] = Cell(isCovered: true) }
      column += width
    }
  }

  /// Puts one character with a background.
  mutating func put(_ character: Character, column: Int, row: Int, _ ink: Ink, background: Color? = nil) {
    guard let place = index(column, row) else { return }
    cells[place] = Cell(text: character, ink: ink, background: background)
  }

  /// The sign of a reference line by its number, so that several can be told apart.
  static func reference(_ index: Int, isLying: Bool) -> Character {
    let signs: [Character] = isLying ? ["┄", "─", "┈", "━"] : ["┆", "│", "┊", "┃"]
    return signs[index % signs.count]
  }

  /// Puts a character where nothing is yet.
  mutating func underlay(_ character: Character, column: Int, row: Int, _ ink: Ink) {
    guard let place = index(column, row), cells[place].dots == 0, cells[place].text == " " else { return }
    cells[place].text = character
    cells[place].ink = ink
  }

  /// Sets a dot; there are two across and four down in each cell.
  mutating func dot(_ x: Int, _ y: Int, _ ink: Ink) {
    guard x >= 0, y >= 0, let place = index(x / 2, y / 4) else { return }
    let bits: [UInt8] = [0x01, 0x02, 0x04, 0x40, 0x08, 0x10, 0x20, 0x80]
    cells[place].dots |= bits[(x % 2) * 4 + y % 4]
    cells[place].ink = ink
  }

  /// Copies another grid into this one.
  mutating func place(_ other: TerminalGrid, column: Int, row: Int) {
    for y in 0..<other.rows {
      for x in 0..<other.columns {
        if let target = index(column + x, row + y) { cells[target] = other.cells[y * other.columns + x] }
      }
    }
  }

  /// The rows as text without spaces at their ends; escape sequences only with `color`.
  func text(color: Bool) -> String {
    (0..<rows).map { row in
      var line = ""
      var now: (Ink, Color?) = (.plain, nil)
      let end = (0..<columns).last { column in
        let cell = cells[row * columns + column]
        return cell.dots != 0 || cell.text != " " || cell.background != nil
      }
      for column in 0..<((end ?? -1) + 1) {
        let cell = cells[row * columns + column]
        if cell.isCovered { continue }
        let character = cell.dots == 0 ? cell.text : TerminalGrid.braille(cell.dots)
        if color, character != " " || cell.background != nil || now.1 != nil,
          cell.ink != now.0 || cell.background != now.1
        {
          line += TerminalGrid.escape(cell.ink, cell.background)
          now = (cell.ink, cell.background)
        }
        line.append(character)
      }
      if now.0 != .plain || now.1 != nil { line += "\u{1B}[0m" }
      return line
    }.joined(separator: "\n")
  }

  private static func braille(_ dots: UInt8) -> Character {
    Unicode.Scalar(0x2800 + UInt32(dots)).map(Character.init) ?? " "
  }

  private static func escape(_ ink: Ink, _ background: Color?) -> String {
    var codes = ["0"]
    switch ink {
    case .plain: break
    case .muted: codes.append("2")
    case .color(let color): codes.append("38;5;\(color.terminalIndex)")
    }
    if let background { codes.append("48;5;\(background.terminalIndex)") }
    return "\u{1B}[\(codes.joined(separator: ";"))m"
  }
}
