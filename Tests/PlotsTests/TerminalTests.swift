import Foundation
import Testing

@testable import Plots

@Suite struct TerminalTests {
  @Test("A picture in characters fits the window, and has escape sequences only with colour")
  func fits() {
    for picture in PictureTests.pictures {
      for (columns, rows) in [(80, 24), (40, 12), (24, 10), (200, 50)] {
        let text = picture.terminal(columns: columns, rows: rows)
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        #expect(!text.contains("\u{1B}"))
        for line in lines { #expect(TextMetrics.columns(line) <= columns, "\(line)") }
        if case .figure = picture { #expect(lines.count < max(rows, 12), "\(picture.title) at \(columns) × \(rows)") }
        let colored = picture.terminal(columns: columns, rows: rows, color: true)
        #expect(TerminalTests.plain(colored).count == colored.count || colored.contains("\u{1B}[0m"))
      }
    }
  }

  private static func plain(_ text: String) -> String {
    var result = ""
    var isInside = false
    for character in text {
      if character == "\u{1B}" { isInside = true }
      if !isInside { result.append(character) }
      if isInside, character == "m" { isInside = false }
    }
    return result
  }

  @Test("Axes are labelled, the legend names every series, and the null is there")
  func labels() {
    let text = Picture.figure(Examples.line).terminal()
    for wanted in [
      "loss (nats a token)", "step", "a random walk of the same steps", "b run", "c gap", "┄ a random plane", "0.0",
      "1.0", "100",
    ] {
      #expect(text.contains(wanted), "\(wanted)")
    }
  }

  @Test("Bars with names lie on their side, with their value behind them")
  func rows() {
    let figure = Figure(
      title: "Exact match", x: Axis(kind: .categories(["copy", "sort"])), y: Axis("share"),
      series: [Series("share", mark: .bars, x: [0, 1], y: [0.25, 1])], references: [Reference("chance", 0.5)])
    #expect(
      Picture.figure(figure).terminal(columns: 40, rows: 24) == """
                      Exact match
        copy │▆▆▆▆▆▆▆ 0.25 ┆
        sort │▆▆▆▆▆▆▆▆▆▆▆▆▆▆▆▆▆▆▆▆▆▆▆▆▆▆▆ 1
             └┬────────────┬────────────┬─
             0.0          0.5          1.0
                         share
                   ▆ share  ┆ chance
        """)
  }

  @Test("A window that is too small gets the words")
  func tiny() {
    #expect(Picture.figure(Examples.line).terminal(columns: 10) == Picture.figure(Examples.line).words)
  }
}

@Suite struct TerminalImageTests {
  @Test("Only terminals that are known to show pictures get one, and none behind tmux")
  func detection() {
    func found(_ environment: [String: String]) -> TerminalProtocol? { TerminalProtocol { environment[$0] } }
    #expect(found(["TERM": "xterm-kitty"]) == .kitty)
    #expect(found(["TERM": "xterm-256color", "TERM_PROGRAM": "WezTerm"]) == .kitty)
    #expect(found(["TERM": "foot-extra"]) == .sixel)
    #expect(found(["TERM": "xterm-256color"]) == nil)
    #expect(found(["TERM": "xterm-kitty", "TMUX": "/tmp/tmux"]) == nil)
    #expect(found([:]) == nil)
  }

  @Test("Pictures in pixels fit the window: several figures stand closer together, a single one is less wide")
  func fitting() {
    let three = Picture.grid(title: "Three", [.figure(Examples.line), .figure(Examples.line), .figure(Examples.line)])
    let one = Picture.figure(Examples.line)
    for (picture, width, height) in [(three, 640.0, 368.0), (one, 640, 368), (three, 1080, 400), (one, 500, 300)] {
      let (laidOut, scale) = picture.fitting(width: width, height: height)
      #expect(laidOut * scale <= width + 1e-9)
      #expect(scale >= 0.58 && PictureLayout(picture, width: laidOut).height * scale <= height + 1e-9)
    }
    // Where there is room, nothing is made smaller.
    #expect(one.fitting(width: 640, height: 1000).scale == 1 && one.fitting(width: 640, height: 1000).width == 640)
    #expect(three.fitting(width: 2000, height: 1000).width == 1080)
    // What cannot be read is not drawn: it scrolls.
    #expect(one.fitting(width: 640, height: 50).scale >= 0.6)
  }

  @Test("The kitty protocol carries a PNG in pieces of at most 4,096 characters")
  func kitty() throws {
    let text = try Picture.figure(Examples.line).image(for: .kitty, columns: 80)
    let pieces = text.components(separatedBy: "\u{1B}\\").filter { !$0.isEmpty }
    #expect(pieces.count > 1)
    #expect(pieces[0].hasPrefix("\u{1B}_Ga=T,f=100,q=2,m=1;iVBORw0KGgo"))
    #expect(pieces.dropFirst().dropLast().allSatisfy { $0.hasPrefix("\u{1B}_Gm=1;") })
    #expect(pieces[pieces.count - 1].hasPrefix("\u{1B}_Gm=0;"))
    let payload = pieces.map { String($0.drop { $0 != ";" }.dropFirst()) }
    #expect(payload.allSatisfy { $0.count <= 4096 })
    let png = try Picture.figure(Examples.line).png(width: 640, scale: 1, isDark: true)
    #expect(Data(base64Encoded: payload.joined()) == Data(png))
  }

  @Test("Sixel is a device control string")
  func sixel() throws {
    let text = try Picture.figure(Examples.line).image(for: .sixel, columns: 80)
    #expect(text.hasPrefix("\u{1B}P") && text.hasSuffix("\u{1B}\\") && text.utf8.count > 5000)
  }
}
