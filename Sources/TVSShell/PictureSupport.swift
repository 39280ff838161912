import Plots
import TVSLanguage

/// How standard output shows pictures.
enum PictureSupport {
  /// Words on a pipe; what `TVS_PICTURES` asks for; pixels where the terminal says that it can; characters otherwise.
  static var current: DisplayStyle.Pictures {
    guard System.isTerminal(1), !["", "dumb"].contains(System.environment("TERM") ?? "") else { return .words }
    if let wanted = System.environment("TVS_PICTURES").flatMap(DisplayStyle.Pictures.init(rawValue:)) { return wanted }
    return switch TerminalProtocol(environment: System.environment) {
    case .kitty?: .kitty
    case .sixel?: .sixel
    case nil: .characters
    }
  }
}
