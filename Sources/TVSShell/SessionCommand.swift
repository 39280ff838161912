/// Lines that begin with `:`: for the session, not the language.
enum SessionCommand: String, CaseIterable {
  case edit, help, history, load, log, page, quit, save, set, time, undo, vars, walkthrough

  /// What follows the command, for help and completion.
  var usage: String {
    switch self {
    case .edit, .help, .quit, .vars: ""
    case .history: "[N]"
    case .load, .save: "PATH"
    case .log: "[PATH|off]"
    case .page: "[EXPR]"
    case .set: "[digits|rows N]"
    case .time: "EXPR"
    case .undo: "[NAME]"
    case .walkthrough: "[NAME]"
    }
  }

  /// One line for help and completion.
  var summary: String {
    switch self {
    case .edit: "change the last entry in $EDITOR, and run it"
    case .help: "how to find help, and these commands"
    case .history: "the entries so far, or the last N"
    case .load: "bring back what a .tvw file holds, or run a script here"
    case .log: "keep a transcript, which tvs test can run"
    case .page: "the whole of a value, or of the last one, in $PAGER"
    case .quit: "leave, as Ctrl-D does"
    case .save: "write every value to a .tvw, or the entries to a .tvs"
    case .set: "digits of numbers, rows of lists, tensors and tables"
    case .time: "run an expression and say how long it took"
    case .undo: "take the last change of names, or of one, back"
    case .vars: "the names of this session and what they hold"
    case .walkthrough: "go through a walkthrough, or list them"
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
