/// What the parser found tokens to be that look alike, by their offsets.
struct TokenRoles {
  /// Where statements begin.
  var statements: Set<Int> = []
  /// Braces that open a block, not a record.
  var blocks: Set<Int> = []
  /// Braces that close a block.
  var blockEnds: Set<Int> = []
  /// Minus signs before an operand, and the star before `*rest`.
  var prefixes: Set<Int> = []
  /// The `=` of `steps=100`.
  var argumentSigns: Set<Int> = []
  /// The colons of `x[2:5]`.
  var sliceColons: Set<Int> = []
}

/// A tree as text without its positions: equal for two texts that mean the same.
enum TreeOutline {
  /// Positions, and what follows from the rest.
  private static let left: Set<String> = ["range", "nameRange", "pathRange", "sign", "mentionedInside", "height"]

  static func of(_ value: Any) -> String {
    let mirror = Mirror(reflecting: value)
    guard !mirror.children.isEmpty else { return "\(value)" }
    let kind = mirror.displayStyle == .enum ? "" : "\(mirror.subjectType)"
    let parts = mirror.children.filter { !left.contains($0.label ?? "") }.map { ($0.label ?? "") + ":" + of($0.value) }
    return kind + "(" + parts.joined(separator: " ") + ")"
  }
}
