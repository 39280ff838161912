/// The entries of this and earlier sessions, oldest first, each once.
///
/// The file holds one entry a line, with `\\` and `\n` escaped, so that entries of several lines stay whole and the
/// file can be read and searched with ordinary tools. Each entry is appended as it is made: two shells at once, or one
/// that is killed, lose nothing, and each sees the entries of the others from its next prompt on.
struct History {
  /// Oldest first.
  private(set) var entries: [String] = []
  /// Where entries are kept; nil keeps them in memory only.
  let path: String?
  /// The file as this shell knows it; another stamp says that other shells have added to it.
  private var stamp: System.Stamp?

  /// More entries than this are forgotten, the oldest first.
  static let limit = 10_000

  /// `$XDG_STATE_HOME/tvs/history`, by default under `~/.local/state`.
  static var standardPath: String? {
    if let folder = System.environment("XDG_STATE_HOME"), folder.hasPrefix("/") { return "\(folder)/tvs/history" }
    return System.home.map { "\($0)/.local/state/tvs/history" }
  }

  /// Reads the entries kept at `path`. A file that is not there or cannot be read is an empty history.
  init(path: String?) {
    self.path = path
    guard let path, let count = read(path) else { return }
    // Compacts what appending has left behind.
    if count > entries.count + Self.limit / 10 {
      try? System.replace(path, with: entries.map { Self.escaped($0) + "\n" }.joined(), mode: 0o600)
      stamp = System.stamp(of: path)
    }
  }

  /// Takes the entries of the file; gives the number of its lines, or nil if it cannot be read.
  private mutating func read(_ path: String) -> Int? {
    // The stamp comes first: what is added between the two reads is then read again, not missed.
    let stamp = System.stamp(of: path)
    guard stamp != nil, let text = try? System.text(of: path) else { return nil }
    self.stamp = stamp
    let lines = text.split(separator: "\n", omittingEmptySubsequences: true)
    entries = Self.newestOfEach(lines.map(Self.unescaped))
    return lines.count
  }

  /// Takes in what other shells have added meanwhile.
  ///
  /// - Returns: the entries that were not here, oldest first.
  mutating func refresh() -> [String] {
    guard let path, let now = System.stamp(of: path), now != stamp else { return [] }
    let known = Set(entries)
    guard read(path) != nil else { return [] }
    return entries.filter { !known.contains($0) }
  }

  /// Adds an entry as the newest and forgets its earlier copies.
  mutating func add(_ entry: String) {
    if entry.allSatisfy(\.isWhitespace) || entries.last == entry { return }
    entries.removeAll { $0 == entry }
    entries.append(entry)
    if entries.count > Self.limit { entries.removeFirst(entries.count - Self.limit) }
    guard let path else { return }
    // History is a convenience: a full disk or a read-only home must not stop the session.
    try? System.makeFolder(Path.folder(of: path))
    let line = Self.escaped(entry) + "\n"
    try? System.append(line, to: path, mode: 0o600)
    // Only if nobody else has added anything is the file still the known one.
    if let now = System.stamp(of: path), now == (stamp ?? now.emptied).grown(by: line.utf8.count) { stamp = now }
  }

  private static func newestOfEach(_ entries: [String]) -> [String] {
    var seen: Set<String> = []
    let newestFirst = entries.reversed().filter { seen.insert($0).inserted }.prefix(limit)
    return newestFirst.reversed()
  }

  static func escaped(_ entry: String) -> String {
    var result = ""
    for scalar in entry.unicodeScalars {
      switch scalar {
      case "\\": result += "\\\\"
      case "\n": result += "\\n"
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result
  }

  static func unescaped(_ line: some StringProtocol) -> String {
    var result = ""
    var isEscaped = false
    for scalar in line.unicodeScalars {
      if isEscaped {
        result.unicodeScalars.append(scalar == "n" ? "\n" : scalar)
        isEscaped = false
      } else if scalar == "\\" {
        isEscaped = true
      } else {
        result.unicodeScalars.append(scalar)
      }
    }
    return result
  }
}

/// One walk with Up and Down through the history: through all entries from an empty line, and else through those that
/// begin with what stands before the cursor.
struct HistoryWalk {
  private let draft: String
  private let prefix: String
  private let matches: [String]
  private var position: Int
  /// The text that the walk showed last; when the line holds another one, the walk is over.
  private(set) var shown: String

  init(from draft: String, prefix: String, in history: History) {
    self.draft = draft
    self.prefix = prefix
    matches = history.entries.filter { $0.hasPrefix(prefix) && $0 != draft }
    position = matches.count
    shown = draft
  }

  /// The next older entry.
  mutating func older() -> String? {
    guard position > 0 else { return nil }
    position -= 1
    shown = matches[position]
    return shown
  }

  /// The next newer entry, and at the end what was typed when the walk began.
  mutating func newer() -> String? {
    guard position < matches.count else { return nil }
    position += 1
    shown = position == matches.count ? draft : matches[position]
    return shown
  }
}
