/// "Did you mean": the nearest of some names, or silence.
public enum Spelling {
  /// The candidate nearest to `word`, or nil when none is near.
  ///
  /// Case, underscores and hyphens are ignored, and about half of the letters may be wrong (the rule of starlark-go's
  /// `spell`); a tie goes to the earlier candidate.
  public static func nearest(to word: String, among candidates: some Sequence<String>) -> String? {
    let wanted = folded(word)
    var best: String?
    var bestDistance = (wanted.count + 1) / 2
    for candidate in candidates where candidate != word {
      let letters = folded(candidate)
      guard abs(letters.count - wanted.count) < max(bestDistance, 1) else { continue }
      let distance = distance(wanted, letters)
      if distance < bestDistance || (distance == 0 && best == nil) {
        best = candidate
        bestDistance = distance
      }
    }
    return best
  }

  /// `did you mean steps?`, or nil.
  public static func suggestion(for word: String, among candidates: some Sequence<String>) -> String? {
    nearest(to: word, among: candidates).map { "did you mean \($0)?" }
  }

  private static func folded(_ word: String) -> [UInt32] {
    word.lowercased().unicodeScalars.filter { $0 != "_" && $0 != "-" }.map(\.value)
  }

  /// Edits that turn one into the other, where exchanging two neighbours counts as one (optimal string alignment).
  private static func distance(_ a: [UInt32], _ b: [UInt32]) -> Int {
    var beforeLast = [Int](repeating: 0, count: b.count + 1)
    var last = Array(0...b.count)
    for i in 0..<a.count {
      var row = [i + 1]
      for j in 0..<b.count {
        var cost = min(last[j] + (a[i] == b[j] ? 0 : 1), last[j + 1] + 1, row[j] + 1)
        if i > 0, j > 0, a[i] == b[j - 1], a[i - 1] == b[j] { cost = min(cost, beforeLast[j - 1] + 1) }
        row.append(cost)
      }
      beforeLast = last
      last = row
    }
    return last[b.count]
  }
}
