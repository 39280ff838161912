/// Watches text that grows byte by byte for strings at which it ends.
///
/// Bytes are compared, so that a string is found wherever tokens cut it, even inside of a character.
public struct StopStrings: Sendable {
  private let strings: [[UInt8]]
  private let longest: Int
  /// The text so far, cut before the first stop string once there is one.
  public private(set) var bytes: [UInt8] = []
  /// Whether a stop string was found.
  public private(set) var isFound = false

  /// Watches for any of the strings.
  ///
  /// - Throws: ``TransformerError/invalidOption(field:value:reason:)`` for an empty string, at which all text would end.
  public init(_ strings: [String]) throws(TransformerError) {
    if strings.contains("") {
      throw .invalidOption(field: "stop", value: "\"\"", reason: "needs at least one character")
    }
    self.strings = strings.map { Array($0.utf8) }
    longest = self.strings.map(\.count).max() ?? 0
  }

  /// The text so far. Bytes that are no UTF-8 become U+FFFD.
  public var text: String { String(decoding: bytes, as: UTF8.self) }

  /// Adds what a token adds to the text.
  ///
  /// - Returns: whether the text ends: it holds a stop string, and is cut before it.
  @discardableResult
  public mutating func append(_ more: [UInt8]) -> Bool {
    if isFound { return true }
    // A stop string that ends in the new bytes begins at most its own length before them.
    let first = max(0, bytes.count - max(0, longest - 1))
    bytes += more
    for start in first..<max(first, bytes.count) where strings.contains(where: { bytes[start...].starts(with: $0) }) {
      bytes.removeLast(bytes.count - start)
      isFound = true
      return true
    }
    return false
  }
}
