import CPCRE2

/// A regular expression as tokenizer files have them, compiled to machine code where PCRE2 can.
final class Pattern: @unchecked Sendable {
  // The compiled code is written once, here, and only read afterwards.
  fileprivate let code: OpaquePointer
  fileprivate let isNative: Bool
  /// The text of the pattern as the file has it.
  let text: String

  static let longest = 16 << 10

  /// Compiles a pattern.
  ///
  /// - Throws: ``TokenizerError/malformed(source:reason:)`` with PCRE2's words.
  init(_ text: String, source: String) throws(TokenizerError) {
    self.text = text
    guard text.utf8.count <= Self.longest else {
      throw .malformed(
        source: source, reason: "a pattern of \(text.utf8.count) bytes; at most \(Self.longest) are read")
    }
    let translated = try Self.translate(text, source: source)
    var status: Int32 = 0
    var offset = 0
    let options = PCRE2_UTF | PCRE2_UCP | PCRE2_MULTILINE | PCRE2_NEVER_BACKSLASH_C | PCRE2_DOLLAR_ENDONLY
    let compiled = translated.withUnsafeBufferPointer {
      pcre2_compile_8($0.baseAddress, $0.count, options, &status, &offset, nil)
    }
    guard let compiled else {
      throw .malformed(source: source, reason: "the pattern `\(text)`: \(Self.message(status))")
    }
    code = compiled
    isNative = pcre2_jit_compile_8(compiled, PCRE2_JIT_COMPLETE) == 0
  }

  deinit { pcre2_code_free_8(code) }

  /// The pattern that finds exactly this text.
  static func literal(_ text: String) -> String {
    var result = ""
    for scalar in text.unicodeScalars {
      if scalar.value < 0x80, !scalar.properties.isAlphabetic, scalar.properties.numericType == nil,
        scalar.value >= 0x21
      {
        result += "\\"
      }
      result.unicodeScalars.append(scalar)
    }
    return result
  }

  static func message(_ status: Int32) -> String {
    var buffer = [UInt8](repeating: 0, count: 256)
    let length = buffer.withUnsafeMutableBufferPointer { pcre2_get_error_message_8(status, $0.baseAddress, $0.count) }
    return length > 0 ? String(decoding: buffer.prefix(Int(length)), as: UTF8.self) : "PCRE2 status \(status)"
  }

  /// What Oniguruma, which the files are written for, and PCRE2 read differently: `\s` and `\w`, spelt out here; other
  /// differences are refused.
  private static func translate(_ text: String, source: String) throws(TokenizerError) -> [UInt8] {
    let space = #"\t-\r\x{20}\x{85}\x{a0}\x{1680}\x{2000}-\x{200a}\x{2028}\x{2029}\x{202f}\x{205f}\x{3000}"#
    let word = #"\p{Alphabetic}\p{M}\p{Nd}\p{Pc}"#
    func refuse(_ what: String) -> TokenizerError {
      .unsupported(what: "part of the pattern `\(text)`", name: what, known: [])
    }
    var result = ""
    var inClass = false
    var scalars = Array(text.unicodeScalars)[...]
    while let scalar = scalars.popFirst() {
      switch scalar {
      case "\\":
        guard let letter = scalars.popFirst() else {
          throw .malformed(source: source, reason: "the pattern `\(text)` ends in a backslash")
        }
        switch letter {
        case "s": result += inClass ? space : "[\(space)]"
        case "w": result += inClass ? word : "[\(word)]"
        case "S" where !inClass: result += "[^\(space)]"
        case "W" where !inClass: result += "[^\(word)]"
        case "S", "W", "h", "H", "R", "X", "K", "G", "O", "g", "k", "M", "C", "c", "y", "Y", "N", "o", "E", "Q", "v",
          "V":
          throw refuse("\\\(letter)")
        default: result += "\\\(letter)"
        }
        continue
      case "[" where inClass: throw refuse("a class within a class")
      case "[":
        inClass = true
        result += "["
        if scalars.first == "^" {
          result += "^"
          scalars.removeFirst()
        }
        if scalars.first == "]" { throw refuse("[]") }
        continue
      case "]": inClass = false
      case "&" where inClass && scalars.first == "&": throw refuse("&&")
      case "(" where !inClass && scalars.first == "*": throw refuse("(*")
      case "(" where !inClass && scalars.first == "?":
        let rest = String(String.UnicodeScalarView(scalars.prefix(4)))
        guard ["?:", "?=", "?!", "?<=", "?<!", "?>", "?i:", "?i)"].contains(where: { rest.hasPrefix($0) }) else {
          throw refuse("(\(rest)")
        }
      default: break
      }
      result.unicodeScalars.append(scalar)
    }
    return Array(result.utf8)
  }
}

/// What one thread needs to run patterns: room for a match, limits, and a stack for the compiled code.
final class Matcher {
  private let match: OpaquePointer?
  private let context: OpaquePointer?
  private let stack: OpaquePointer?

  init() {
    match = pcre2_match_data_create_8(1, nil)
    context = pcre2_match_context_create_8(nil)
    stack = pcre2_jit_stack_create_8(32 << 10, 1 << 20, nil)
    guard let context else { return }
    // A pattern of a hostile file may need exponential time; the limits turn that into an error.
    pcre2_set_match_limit_8(context, 20_000_000)
    pcre2_set_heap_limit_8(context, 64 << 10)
    if let stack { pcre2_jit_stack_assign_8(context, nil, UnsafeMutableRawPointer(stack)) }
  }

  deinit {
    pcre2_match_data_free_8(match)
    pcre2_match_context_free_8(context)
    pcre2_jit_stack_free_8(stack)
  }

  /// The first match at or after an offset of a text that is valid UTF-8.
  @inline(__always)
  func first(
    _ pattern: Pattern, in text: UnsafeBufferPointer<UInt8>, from offset: Int
  ) throws(TokenizerError) -> Range<Int>? {
    guard let match, let context else { throw .malformed(source: "PCRE2", reason: "no memory") }
    let status =
      pattern.isNative
      ? pcre2_jit_match_8(pattern.code, text.baseAddress, text.count, offset, PCRE2_NO_UTF_CHECK, match, context)
      : pcre2_match_8(pattern.code, text.baseAddress, text.count, offset, PCRE2_NO_UTF_CHECK, match, context)
    if status == PCRE2_ERROR_NOMATCH { return nil }
    guard status >= 0, let ends = pcre2_get_ovector_pointer_8(match), ends[0] <= ends[1] else {
      throw .malformed(source: "the pattern `\(pattern.text)`", reason: Pattern.message(status))
    }
    return ends[0]..<ends[1]
  }
}
