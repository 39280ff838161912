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
    case .edit: "open the last entry in $EDITOR, and run what comes back"
    case .help: "how to find help, and these commands"
    case .history: "the entries so far, or the last N"
    case .load: "bring back what :save wrote to a .tvw file, or run a script here; its names stay"
    case .log: "keep a transcript in a file, which tvs test can run"
    case .page: "the whole of a value in $PAGER; of the last one shown unless told"
    case .quit: "leave, as Ctrl-D does"
    case .save: "write every value to a .tvw file, or the entries that ran to a .tvs script"
    case .set: "how values are shown: digits of a number, rows of a list, tensor or table"
    case .time: "run an expression and say how long it took"
    case .undo: "give the names of the last change, or one name, their earlier values"
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
