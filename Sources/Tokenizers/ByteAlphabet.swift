/// GPT-2's spelling of bytes as visible characters: `Ġ` is a space, `Ċ` a new line.
enum ByteAlphabet {
  /// The scalar that spells each byte.
  static let scalars: [UnicodeScalar] = {
    var next: UInt32 = 256
    return (0..<256).map { (byte: UInt32) in
      if (0x21...0x7E).contains(byte) || (0xA1...0xAC).contains(byte) || (0xAE...0xFF).contains(byte) {
        return UnicodeScalar(byte) ?? " "
      }
      defer { next += 1 }
      return UnicodeScalar(next) ?? " "
    }
  }()

  private static let bytes: [Int16] = {
    var table = [Int16](repeating: -1, count: 512)
    for (byte, scalar) in scalars.enumerated() { table[Int(scalar.value)] = Int16(byte) }
    return table
  }()

  /// The bytes that a token's spelling stands for; nil when it holds a character of no byte.
  static func decode(_ spelling: some Sequence<UInt8>) -> [UInt8]? {
    var result: [UInt8] = []
    var lead: UInt8?
    for unit in spelling {
      let scalar: Int
      if let first = lead {
        scalar = Int(first & 0x1F) << 6 | Int(unit & 0x3F)
        lead = nil
      } else if unit < 0x80 {
        scalar = Int(unit)
      } else if unit & 0xE0 == 0xC0 {
        lead = unit
        continue
      } else {
        return nil
      }
      guard scalar < bytes.count, bytes[scalar] >= 0 else { return nil }
      result.append(UInt8(truncatingIfNeeded: bytes[scalar]))
    }
    return lead == nil ? result : nil
  }

  /// The spelling of bytes.
  static func encode(_ bytes: some Sequence<UInt8>) -> String {
    var result = String.UnicodeScalarView()
    for byte in bytes { result.append(scalars[Int(byte)]) }
    return String(result)
  }
}
