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
  /// The picture as an escape sequence that a terminal draws, no wider than its window and, as far as it can be read then,
  /// no higher.
  ///
  /// - Parameters:
  ///   - columns: of the window.
  ///   - rows: that the picture may take.
  ///   - pixels: of the window from left to right; 0 if they are not known.
  /// - Throws: ``PictureError``.
  public func image(
    for terminal: TerminalProtocol, columns: Int, rows: Int = 100, pixels: Int = 0, isDark: Bool = true
  ) throws -> String {
    let columns = max(columns, 24)
    // A cell is at least 8 pixels wide in the fonts that people use.
    let cell = pixels > 0 ? Double(pixels) / Double(columns) : 8
    // Where cells are large, points are small: text is drawn twice as large.
    let large = cell >= 14 ? 2.0 : 1
    // Cells are about twice as high as wide.
    let (width, shrinking) = fitting(
      width: Double(columns) * cell / large, height: Double(max(rows, 8)) * 2 * cell / large)
    let scale = large * shrinking
    return switch terminal {
    case .kitty: Picture.kitty(try png(width: width, scale: scale, isDark: isDark))
    case .sixel: try sixel(width: width, scale: scale, isDark: isDark)
    }
  }

  /// How wide the picture is laid out, and by how much it is drawn smaller than that, to fit into a window. Several figures
  /// are laid out wider, so that more of them stand beside each other; a single one narrower, and so less high.
  func fitting(width: Double, height: Double) -> (width: Double, scale: Double) {
    let isGrid = figures.count > 1
    let widest = min(width, isGrid ? 1080 : 640)
    let tries: [(width: Double, scale: Double)] =
      isGrid
      ? [1, 1.15, 1.3, 1.5, 1.7].map { (widest * $0, 1 / $0) } : [1, 0.9, 0.8, 0.7, 0.6].map { (widest * $0, 1) }
    var best = (width: widest, scale: 1.0)
    var lowest = Double.infinity
    for trial in tries {
      let needed = PictureLayout(self, width: trial.width).height * trial.scale
      if needed <= height { return trial }
      if needed < lowest { (best, lowest) = (trial, needed) }
    }
    // Text of less than two thirds of its size cannot be read: then the picture scrolls.
    return (best.width, max(best.scale * height / lowest, min(best.scale, 0.65)))
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

  private func sixel(width: Double, scale: Double, isDark: Bool) throws -> String {
    var (pixels, columns, rows) = try pixels(width: width, scale: scale, isDark: isDark)
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
