import Plots
import TVSLanguage

/// How standard output shows pictures.
struct PictureSupport {
  /// Words on a pipe; what `TVS_PICTURES` asks for; pixels where the terminal says that it can; characters otherwise.
  var pictures: DisplayStyle.Pictures
  /// Whether the window is dark.
  var isDark = true

  /// What the terminal of this process can do.
  static var current: PictureSupport {
    guard System.isTerminal(1), !["", "dumb"].contains(System.environment("TERM") ?? "") else {
      return PictureSupport(pictures: .words)
    }
    return PictureSupport(environment: System.environment) {
      System.ask(TerminalAnswer.question, milliseconds: 200, isWhole: TerminalAnswer.isWhole)
    }
  }

  /// - Parameter ask: asks the terminal ``TerminalAnswer/question``; nil where there is no answer.
  init(environment: (String) -> String?, ask: () -> String?) {
    let wanted = environment("TVS_PICTURES").flatMap(DisplayStyle.Pictures.init(rawValue:))
    let known = TerminalProtocol(environment: environment)
    let shown: DisplayStyle.Pictures? = known.map { $0 == .kitty ? .kitty : .sixel }
    pictures = wanted ?? shown ?? .characters
    let isUnsure = wanted == nil && known == nil && TerminalAnswer.isWorthAsking(environment)
    guard isUnsure || pictures == .kitty || pictures == .sixel, let answer = ask().map(TerminalAnswer.init) else {
      return
    }
    if isUnsure, answer.showsSixel { pictures = .sixel }
    isDark = answer.isDark ?? true
  }

  private init(pictures: DisplayStyle.Pictures) { self.pictures = pictures }
}

/// What a terminal says when it is asked for its background and for what it can do.
struct TerminalAnswer: Equatable {
  /// OSC 11 asks for the colour of the background, which not all terminals tell; DA1 for attributes, which all do, and
  /// which therefore comes last.
  static let question = "\u{1B}]11;?\u{7}\u{1B}[c"

  /// Whether a text ends with the answer to DA1; a colour may have the letter c in it.
  static func isWhole(_ text: String) -> Bool { text.firstMatch(of: /\u{1B}\[\?[0-9;]*c$/) != nil }

  /// Whether it draws sixel: attribute 4 of DA1.
  var showsSixel: Bool
  /// Whether its background is dark; nil if it does not say.
  var isDark: Bool?

  init(_ text: String) {
    let attributes = text.firstMatch(of: /\u{1B}\[\?([0-9;]*)c/)?.output.1.split(separator: ";") ?? []
    showsSixel = attributes.dropFirst().contains("4")
    if let color = text.firstMatch(of: /rgb:([0-9a-fA-F]{1,4})\/([0-9a-fA-F]{1,4})\/([0-9a-fA-F]{1,4})/)?.output {
      // Each part has as many digits as the terminal likes.
      let parts = [color.1, color.2, color.3].map { part in
        Double(Int(part, radix: 16) ?? 0) / Double((1 << (4 * part.count)) - 1)
      }
      isDark = Color(red: parts[0], green: parts[1], blue: parts[2]).luminance < 0.18
    }
  }

  /// Whether a terminal that names itself like this may draw sixel, and answers. Others are not asked: who types ahead loses
  /// nothing there.
  static func isWorthAsking(_ environment: (String) -> String?) -> Bool {
    let term = environment("TERM") ?? ""
    if environment("TMUX") != nil || environment("STY") != nil || term.hasPrefix("screen") || term.hasPrefix("tmux") {
      return false
    }
    return environment("XTERM_VERSION") != nil || environment("WT_SESSION") != nil
      || ["mintty", "iTerm.app", "vscode", "rio"].contains(environment("TERM_PROGRAM") ?? "")
  }
}

extension DisplayStyle {
  /// Shows pictures as a terminal can.
  mutating func show(_ support: PictureSupport) {
    pictures = support.pictures
    isDark = support.isDark
    pixels = TerminalSize.pixels
  }
}
