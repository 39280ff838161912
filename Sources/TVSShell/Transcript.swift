/// A session on paper: prompts, what was typed at them, and what came out.
///
/// A pasted transcript runs; a transcript in a file is a test.
struct Transcript: Equatable {
  /// One prompt.
  struct Entry: Equatable {
    /// What was typed, without prompts.
    var input: String
    /// What came out, line by line.
    var output: [String]
    /// The line of the prompt, counted from 1.
    var line: Int
  }

  /// The prompts in order.
  var entries: [Entry] = []

  static let prompt = "tvs> "
  static let continuation = "...> "

  /// Whether a text holds prompts, so that it must be read as a transcript.
  static func isTranscript(_ text: String) -> Bool {
    text.split(whereSeparator: \.isNewline).contains { input(of: $0) != nil }
  }

  /// Reads a transcript. What stands before the first prompt is a remark.
  ///
  /// - Parameter isComplete: whether a text is a whole entry. A line after an incomplete one goes on with it, with a
  ///   continuation prompt or without.
  init(_ text: String, isComplete: (String) -> Bool) {
    let lines = text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
    for (number, line) in lines.enumerated() {
      if let input = Self.input(of: line) {
        entries.append(Entry(input: input, output: [], line: number + 1))
      } else if let last = entries.indices.last {
        let isOpen = entries[last].output.isEmpty && !isComplete(entries[last].input)
        if isOpen || line.hasPrefix(Self.continuation) {
          let rest = line.hasPrefix(Self.continuation) ? line.dropFirst(Self.continuation.count) : line
          entries[last].input += "\n" + rest
        } else {
          entries[last].output.append(Columns.trimmed(String(line)))
        }
      }
    }
    for index in entries.indices {
      while entries[index].output.last?.isEmpty == true { entries[index].output.removeLast() }
    }
  }

  private static func input(of line: some StringProtocol) -> String? {
    if line.hasPrefix(prompt) { return String(line.dropFirst(prompt.count)) }
    return line == "tvs>" ? "" : nil
  }

  /// Whether an output line is the expected one. `…` in the expected line stands for any text: a time, a rate.
  static func matches(_ line: some StringProtocol, expected: some StringProtocol) -> Bool {
    if line == expected { return true }
    let pieces = expected.split(separator: "…", omittingEmptySubsequences: false)
    guard pieces.count > 1, let first = pieces.first, let last = pieces.last else { return false }
    guard line.hasPrefix(first) else { return false }
    var rest = Substring(line).dropFirst(first.count)
    for piece in pieces.dropFirst().dropLast() where !piece.isEmpty {
      guard let range = rest.firstRange(of: piece) else { return false }
      rest = rest[range.upperBound...]
    }
    return rest.hasSuffix(last)
  }

  /// Whether an output is the expected one; a line that is only `…` stands for any number of lines.
  static func matches(_ output: ArraySlice<String>, expected: ArraySlice<String>) -> Bool {
    guard let first = expected.first else { return output.isEmpty }
    if first == "…" {
      let rest = expected.dropFirst()
      return (output.startIndex...output.endIndex).contains { matches(output[$0...], expected: rest) }
    }
    guard let line = output.first else { return false }
    return matches(line, expected: first) && matches(output.dropFirst(), expected: expected.dropFirst())
  }
}
