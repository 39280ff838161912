/// Lines that begin with `:`: for the session, not the language.
enum SessionCommand: String, CaseIterable {
  case help, history, load, quit, save, time, vars, walkthrough

  /// What follows the command, for help and completion.
  var usage: String {
    switch self {
    case .help, .quit, .vars: ""
    case .history: "[N]"
    case .load, .save: "PATH"
    case .time: "EXPR"
    case .walkthrough: "[NAME]"
    }
  }

  /// One line for help and completion.
  var summary: String {
    switch self {
    case .help: "how to find help, and these commands"
    case .history: "the entries so far, or the last N"
    case .load: "run a script in this session; its names stay"
    case .quit: "leave, as Ctrl-D does"
    case .save: "write the entries of this session that ran, as a script"
    case .time: "run an expression and say how long it took"
    case .vars: "the names of this session and what they hold"
    case .walkthrough: "go through a walkthrough step by step, or list them"
    }
  }

  /// The command that a word names: itself or its only completion.
  init?(abbreviated word: String) {
    if let exact = Self(rawValue: word) {
      self = exact
      return
    }
    let matches = Self.allCases.filter { !word.isEmpty && $0.rawValue.hasPrefix(word) }
    guard matches.count == 1, let only = matches.first else { return nil }
    self = only
  }
}
