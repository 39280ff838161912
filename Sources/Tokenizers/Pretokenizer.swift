/// What becomes of the matches of a pattern that cuts a text.
enum SplitBehavior: String, Sendable, CaseIterable {
  case removed = "Removed"
  case isolated = "Isolated"
  case mergedWithPrevious = "MergedWithPrevious"
  case mergedWithNext = "MergedWithNext"
  case contiguous = "Contiguous"
}

/// One step of cutting a text into the pieces that are encoded apart.
enum PretokenizerStep: Sendable {
  enum Prepending: String, Sendable, CaseIterable { case always, first, never }

  case split(Pattern, SplitBehavior, inverted: Bool)
  /// A space before every piece that does not begin with one.
  case spaceBefore
  /// Spaces become a visible mark, which may also be put before the text.
  case mark([UInt8], Prepending)

  var description: String {
    switch self {
    case .split(let pattern, let behavior, let inverted): "Split \(pattern.text) \(behavior.rawValue) \(inverted)"
    case .spaceBefore: "SpaceBefore"
    case .mark(let mark, let prepending): "Mark \(mark) \(prepending.rawValue)"
    }
  }
}

/// Bytes `start ..< end` of a text.
struct Piece {
  var start: Int
  var end: Int
}

/// Cuts a text step by step, and hands every piece to `body`.
///
/// - Parameter begins: whether this text begins the whole input.
func pretokenize(
  _ text: UnsafeBufferPointer<UInt8>, _ steps: ArraySlice<PretokenizerStep>, begins: Bool, matcher: Matcher,
  pieces: [Piece]? = nil, body: (UnsafeBufferPointer<UInt8>) throws(TokenizerError) -> Void
) throws(TokenizerError) {
  var pieces = pieces ?? (text.isEmpty ? [] : [Piece(start: 0, end: text.count)])
  var rest = steps
  while let step = rest.popFirst() {
    guard case .split(let pattern, let behavior, let inverted) = step else {
      let (rewritten, moved) = rewrite(text, pieces, step, begins: begins)
      // One level for each rewriting step of the tokenizer, of which there are at most 64.
      return try rewritten.withUnsafeBufferPointer { (bytes) throws(TokenizerError) in
        try pretokenize(bytes, rest, begins: begins, matcher: matcher, pieces: moved, body: body)
      }
    }
    var cut: [Piece] = []
    cut.reserveCapacity(pieces.count * 2 + text.count / 6)
    for piece in pieces {
      try split(text, piece, pattern, behavior, inverted: inverted, matcher: matcher, into: &cut)
    }
    pieces = cut
  }
  for piece in pieces { try body(UnsafeBufferPointer(rebasing: text[piece.start..<piece.end])) }
}

private func split(
  _ whole: UnsafeBufferPointer<UInt8>, _ piece: Piece, _ pattern: Pattern, _ behavior: SplitBehavior, inverted: Bool,
  matcher: Matcher, into result: inout [Piece]
) throws(TokenizerError) {
  let text = UnsafeBufferPointer(rebasing: whole[piece.start..<piece.end])
  let first = result.count
  var wasMatch = false
  func add(_ start: Int, _ end: Int, isMatch: Bool) {
    guard start < end else { return }
    let here = Piece(start: piece.start + start, end: piece.start + end)
    let begins = result.count == first
    switch behavior {
    case .removed: if !isMatch { result.append(here) }
    case .isolated: result.append(here)
    case .contiguous where !begins && isMatch == wasMatch: result[result.count - 1].end = here.end
    case .mergedWithPrevious where !begins && isMatch && !wasMatch: result[result.count - 1].end = here.end
    case .mergedWithNext where !begins && !isMatch && wasMatch: result[result.count - 1].end = here.end
    default: result.append(here)
    }
    wasMatch = isMatch
  }
  var copied = 0
  var offset = 0
  while offset < text.count, let match = try matcher.first(pattern, in: text, from: offset) {
    if match.isEmpty {
      offset = match.upperBound + 1
      while offset < text.count, text[offset] & 0xC0 == 0x80 { offset += 1 }
      continue
    }
    add(copied, match.lowerBound, isMatch: inverted)
    add(match.lowerBound, match.upperBound, isMatch: !inverted)
    copied = match.upperBound
    offset = copied
  }
  add(copied, text.count, isMatch: inverted)
}

/// The steps that change bytes: a new text, and the pieces within it.
private func rewrite(
  _ text: UnsafeBufferPointer<UInt8>, _ pieces: [Piece], _ step: PretokenizerStep, begins: Bool
) -> ([UInt8], [Piece]) {
  var result: [UInt8] = []
  result.reserveCapacity(text.count + pieces.count)
  var moved: [Piece] = []
  moved.reserveCapacity(pieces.count)
  let space = UInt8(ascii: " ")
  for piece in pieces {
    let start = result.count
    let bytes = text[piece.start..<piece.end]
    switch step {
    case .split: result += bytes
    case .spaceBefore:
      if bytes.first != space { result.append(space) }
      result += bytes
    case .mark(let mark, let prepending):
      let isFirst = begins && piece.start == 0
      let isMarked = bytes.first == space || bytes.starts(with: mark)
      if !isMarked, prepending == .always || prepending == .first && isFirst { result += mark }
      for byte in bytes {
        if byte == space { result += mark } else { result.append(byte) }
      }
    }
    if result.count > start { moved.append(Piece(start: start, end: result.count)) }
  }
  return (result, moved)
}
