/// A text of the language together with the name that errors show for it.
///
/// Copies are cheap: they share the text.
public struct SourceText: Sendable {
  private let storage: Storage

  private final class Storage: Sendable {
    let name: String
    let bytes: [UInt8]
    init(name: String, bytes: [UInt8]) {
      self.name = name
      self.bytes = bytes
    }
  }

  /// Names a text.
  ///
  /// - Parameters:
  ///   - name: what errors show: `drift.tvs`, `<prompt 3>`, `-e`. Relative imports start from its folder.
  ///   - text: the text itself.
  public init(name: String, text: String) {
    storage = Storage(name: name, bytes: Array(text.utf8))
  }

  /// What errors show.
  public var name: String { storage.name }
  /// The text.
  public var text: String { String(decoding: storage.bytes, as: UTF8.self) }
  /// The text as UTF-8, which all offsets count.
  var bytes: [UInt8] { storage.bytes }

  /// The text between two offsets.
  func text(_ range: Range<Int>) -> String {
    String(decoding: storage.bytes[range.clamped(to: 0..<storage.bytes.count)], as: UTF8.self)
  }

  /// A range of this text.
  func range(_ range: Range<Int>) -> SourceRange {
    SourceRange(source: self, lower: range.lowerBound, upper: range.upperBound)
  }
}

/// A piece of a text: where an error is marked.
public struct SourceRange: Sendable {
  /// The text.
  public let source: SourceText
  private let lowerOffset: Int32
  private let upperOffset: Int32

  /// A range between two UTF-8 offsets.
  public init(source: SourceText, lower: Int, upper: Int) {
    self.source = source
    lowerOffset = Int32(clamping: lower)
    upperOffset = Int32(clamping: max(lower, upper))
  }

  /// The UTF-8 offset of the first byte.
  public var lower: Int { Int(lowerOffset) }
  /// The UTF-8 offset after the last byte.
  public var upper: Int { Int(upperOffset) }
  /// The piece itself.
  public var text: String { source.text(lower..<upper) }

  /// The line of the first byte, counted from 1.
  public var line: Int {
    var line = 1
    for byte in source.bytes.prefix(lower) where byte == UInt8(ascii: "\n") { line += 1 }
    return line
  }

  /// The column of the first byte in characters, counted from 1.
  public var column: Int { source.text(lineBounds.lowerBound..<lower).count + 1 }

  /// `name:line:column`, as errors print it.
  public var place: String { "\(source.name):\(line):\(column)" }

  /// The offsets of the first line that the range touches, without its newline.
  var lineBounds: Range<Int> {
    let bytes = source.bytes
    var start = min(lower, bytes.count)
    while start > 0, bytes[start - 1] != UInt8(ascii: "\n") { start -= 1 }
    var end = min(lower, bytes.count)
    while end < bytes.count, bytes[end] != UInt8(ascii: "\n") { end += 1 }
    if end > start, bytes[end - 1] == UInt8(ascii: "\r") { end -= 1 }
    return start..<end
  }
}
