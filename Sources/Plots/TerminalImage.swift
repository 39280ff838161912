import CSixel
import Foundation

/// How a terminal takes pixels.
public enum TerminalProtocol: Sendable, Equatable {
  /// The graphics protocol of kitty, which Ghostty, WezTerm and Konsole speak too.
  case kitty
  /// DEC's sixel, of xterm, foot, mlterm, and others.
  case sixel

  /// What a terminal says of itself in its environment; nil when it names nothing that is known to show pictures, or
  /// when another program (tmux, screen) stands between.
  public init?(environment: (String) -> String?) {
    let term = environment("TERM") ?? ""
    if environment("TMUX") != nil || environment("STY") != nil || term.hasPrefix("screen") || term.hasPrefix("tmux") {
      return nil
    }
    let program = environment("TERM_PROGRAM") ?? ""
    if environment("KITTY_WINDOW_ID") != nil || environment("GHOSTTY_RESOURCES_DIR") != nil || term == "xterm-kitty"
      || term == "xterm-ghostty" || program == "WezTerm" || program == "ghostty"
    {
      self = .kitty
    } else if ["foot", "mlterm", "yaft", "contour"].contains(where: term.hasPrefix) || term.hasSuffix("-sixel") {
      self = .sixel
    } else {
      return nil
    }
  }
}

extension Picture {
  /// The picture as an escape sequence that a terminal draws, as wide as so many columns at most.
  ///
  /// - Throws: ``PictureError``.
  public func image(for terminal: TerminalProtocol, columns: Int, isDark: Bool = true) throws -> String {
    // A cell is about 9 pixels wide in the fonts that people use.
    let width = min(Double(max(columns, 24)) * 9, figures.count > 1 ? 1080 : 640)
    return switch terminal {
    case .kitty: Picture.kitty(try png(width: width, scale: 1, isDark: isDark))
    case .sixel: try sixel(width: width, isDark: isDark)
    }
  }

  /// A PNG file in pieces of 4,096 characters of base64, as the protocol asks.
  static func kitty(_ png: [UInt8]) -> String {
    let text = Array(Data(png).base64EncodedString().utf8)
    var result = ""
    for start in stride(from: 0, to: text.count, by: 4096) {
      let piece = text[start..<min(start + 4096, text.count)]
      let isLast = start + 4096 >= text.count
      // a=T shows it at once, f=100 says PNG, q=2 asks for no answer; m=1 announces more.
      let keys = start == 0 ? "a=T,f=100,q=2,m=\(isLast ? 0 : 1)" : "m=\(isLast ? 0 : 1)"
      result += "\u{1B}_G\(keys);" + String(decoding: piece, as: UTF8.self) + "\u{1B}\\"
    }
    return result
  }

  private func sixel(width: Double, isDark: Bool) throws -> String {
    var (pixels, columns, rows) = try pixels(width: width, isDark: isDark)
    let collector = ByteCollector()
    var output: OpaquePointer?
    let made = sixel_output_new(
      &output,
      { data, count, target in
        guard let data, let target, count >= 0 else { return -1 }
        let collector = Unmanaged<ByteCollector>.fromOpaque(target).takeUnretainedValue()
        data.withMemoryRebound(to: UInt8.self, capacity: Int(count)) {
          collector.bytes += UnsafeBufferPointer(start: $0, count: Int(count))
        }
        return count
      }, Unmanaged.passUnretained(collector).toOpaque(), nil)
    guard made == 0, let output else { throw PictureError.library("libsixel has no output") }
    defer { sixel_output_unref(output) }
    var dither: OpaquePointer?
    guard sixel_dither_new(&dither, 256, nil) == 0, let dither else {
      throw PictureError.library("libsixel has no palette")
    }
    defer { sixel_dither_unref(dither) }
    let format = Int32(SIXEL_PIXELFORMAT_RGB888)
    let status = pixels.withUnsafeMutableBufferPointer { buffer in
      let first = sixel_dither_initialize(
        dither, buffer.baseAddress, Int32(columns), Int32(rows), format, Int32(SIXEL_LARGE_AUTO),
        Int32(SIXEL_REP_AUTO), Int32(SIXEL_QUALITY_AUTO))
      return first == 0 ? sixel_encode(buffer.baseAddress, Int32(columns), Int32(rows), 3, dither, output) : first
    }
    guard status == 0 else { throw PictureError.library(String(cString: sixel_helper_format_error(status))) }
    return String(decoding: collector.bytes, as: UTF8.self)
  }
}
