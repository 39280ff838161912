import CEditline
import Checkpoints

/// Reads entries of one or several lines from a terminal, with history and completion.
///
/// libedit draws and edits; the shell decides about the keys that need to know the language. Those decisions are made
/// on plain text in ``decide(_:on:)``.
final class Editor {
  /// What came of reading an entry.
  enum Reading: Equatable {
    case entry(String)
    /// Ctrl-C: the line is given up.
    case interrupted
    /// Ctrl-D on an empty line, or the terminal has gone away.
    case end
  }

  /// What a key does to the text.
  enum Action: Equatable {
    case insert(String)
    case delete(bytes: Int)
    case replace(EntryText)
    case move(to: Int)
    case list(String)
    case finish
    case refuse
  }

  private(set) var history: History
  private let isFinished: (String) -> Bool
  /// Whether Enter ends whatever is there, for answers that are no code.
  private var takesLines = false
  private let completions: (EntryText) -> Completions
  private var walk: HistoryWalk?
  private var listed: EntryText?
  private var handle: OpaquePointer?

  /// Opens the editor on standard input and output, or gives nil if libedit cannot.
  ///
  /// - Parameters:
  ///   - isFinished: whether Enter ends this entry rather than its line.
  ///   - completions: what Tab offers.
  init?(
    history: History, isFinished: @escaping (String) -> Bool, completions: @escaping (EntryText) -> Completions
  ) {
    self.history = history
    self.isFinished = isFinished
    self.completions = completions
    _ = tvs_editline_set_locale()
    let handler: tvs_key_handler = { context, key in
      guard let context else { return TVS_KEY_REFUSED }
      return Unmanaged<Editor>.fromOpaque(context).takeUnretainedValue().pressed(key)
    }
    handle = tvs_editline_open("tvs", handler, Unmanaged.passUnretained(self).toOpaque())
    guard let handle else { return nil }
    for entry in history.entries { tvs_editline_remember(handle, entry) }
  }

  deinit { tvs_editline_close(handle) }

  /// Reads one entry.
  ///
  /// - Parameter isLine: whether Enter ends it in any case.
  func read(prompt: String, isLine: Bool = false) -> Reading {
    takesLines = isLine
    walk = nil
    listed = nil
    for entry in history.refresh() { tvs_editline_remember(handle, entry) }
    guard tvs_editline_set_prompt(handle, prompt) else { return .end }
    // An interrupt of the entry before is over.
    Cancellation.take()
    while true {
      var text: UnsafePointer<CChar>?
      var count = 0
      var error: Int32 = 0
      let isEntry = tvs_editline_read(handle, &text, &count, &error)
      // The flag decides, and nothing else: inside a search an interrupt looks like the end of input.
      if Cancellation.take() {
        tvs_editline_leave(handle, "^C")
        return .interrupted
      }
      if isEntry, let text {
        let bytes = UnsafeRawBufferPointer(start: text, count: count)
        return .entry(String(decoding: bytes, as: UTF8.self))
      }
      // Some other signal ended the wait: nothing was asked for.
      if System.Failure(code: error).isInterruption { continue }
      return .end
    }
  }

  /// Adds an entry to the history, in memory, in the file and for Ctrl-R.
  func remember(_ entry: String) {
    history.add(entry)
    if !entry.isEmpty { tvs_editline_remember(handle, entry) }
  }

  // MARK: - Keys

  private func pressed(_ key: tvs_key) -> tvs_key_result {
    var count = 0
    var cursor = 0
    guard let bytes = tvs_editline_text(handle, &count, &cursor) else { return TVS_KEY_REFUSED }
    let text = String(decoding: UnsafeRawBufferPointer(start: bytes, count: count), as: UTF8.self)
    let isDone: Bool
    switch decide(key, on: EntryText(text: text, cursor: cursor)) {
    case .insert(let text): isDone = tvs_editline_insert(handle, text)
    case .delete(let bytes): isDone = tvs_editline_delete(handle, bytes)
    case .replace(let entry): isDone = tvs_editline_replace(handle, entry.text, entry.cursor)
    case .move(let target): isDone = tvs_editline_move(handle, target)
    case .list(let lines):
      tvs_editline_print_below(handle, lines)
      isDone = true
    case .finish: return TVS_KEY_FINISH
    case .refuse: isDone = false
    }
    return isDone ? TVS_KEY_REFRESH : TVS_KEY_REFUSED
  }

  /// What a key does to a text.
  func decide(_ key: tvs_key, on entry: EntryText) -> Action {
    switch key {
    case TVS_KEY_ENTER: takesLines || isFinished(entry.text) ? .finish : .insert("\n" + entry.indentation)
    case TVS_KEY_NEWLINE: .insert("\n" + entry.indentation)
    case TVS_KEY_TAB: complete(entry)
    case TVS_KEY_UP, TVS_KEY_DOWN: goUpOrDown(entry, up: key == TVS_KEY_UP)
    case TVS_KEY_LINE_START: .move(to: entry.line.lowerBound)
    case TVS_KEY_LINE_END: .move(to: entry.line.upperBound)
    case TVS_KEY_CLOSING_BRACE: closeBrace(entry)
    case TVS_KEY_BACKSPACE: entry.cursor > 0 ? .delete(bytes: entry.backspace) : .refuse
    default: .refuse
    }
  }

  private func closeBrace(_ entry: EntryText) -> Action {
    let line = entry.lineBefore
    guard line.utf8.count >= 2, line.allSatisfy({ $0 == " " }) else { return .insert("}") }
    var outer = entry
    outer.text = String(entry.before.dropLast(2)) + "}" + entry.after
    outer.cursor -= 1
    return .replace(outer)
  }

  private func goUpOrDown(_ entry: EntryText, up: Bool) -> Action {
    if let target = entry.moved(up: up) { return .move(to: target) }
    var walk: HistoryWalk
    if let current = self.walk, current.shown == entry.text {
      walk = current
    } else if up {
      walk = HistoryWalk(from: entry.text, prefix: String(entry.lineBefore), in: history)
    } else {
      return .refuse
    }
    let found = up ? walk.older() : walk.newer()
    self.walk = walk
    guard let found else { return .refuse }
    // Going up, the first line, so that the next press goes on; going down, the last one.
    let end = up ? found.prefix { !$0.isNewline }.utf8.count : found.utf8.count
    return .replace(EntryText(text: found, cursor: end))
  }

  private func complete(_ entry: EntryText) -> Action {
    if entry.lineBefore.allSatisfy({ $0 == " " }) && !entry.text.isEmpty { return .insert("  ") }
    let offered = completions(entry)
    guard let insertion = offered.insertion(into: entry) else { return .refuse }
    if !insertion.isEmpty {
      listed = nil
      return .insert(insertion)
    }
    if offered.candidates.count < 2 || listed == entry { return .refuse }
    listed = entry
    return .list(offered.listing(in: TerminalSize.current))
  }
}
