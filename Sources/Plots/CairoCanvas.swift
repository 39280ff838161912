import CCairo

/// Why a picture could not be made.
public enum PictureError: Error, Sendable, Equatable {
  /// A library refused, with its own words.
  case library(String)
  /// The picture has more pixels than can be held.
  case tooLarge(width: Int, height: Int)
}

/// Draws with Cairo: pixels for PNG, lines and glyphs for PDF.
struct CairoCanvas: Canvas {
  private let context: OpaquePointer
  private let theme: Palette.Theme

  fileprivate init(_ context: OpaquePointer, _ theme: Palette.Theme) {
    self.context = context
    self.theme = theme
  }

  private func use(_ paint: Paint, opacity: Double = 1) {
    let color = paint.color(theme)
    cairo_set_source_rgba(context, color.red, color.green, color.blue, opacity)
  }

  mutating func begin(_ name: String, clip: Rectangle?) {
    cairo_save(context)
    guard let clip else { return }
    cairo_rectangle(context, clip.x, clip.y, clip.width, clip.height)
    cairo_clip(context)
  }

  mutating func end() { cairo_restore(context) }

  private func trace(_ line: [Point]) {
    for (index, point) in line.enumerated() {
      if index == 0 { cairo_move_to(context, point.x, point.y) } else { cairo_line_to(context, point.x, point.y) }
    }
  }

  mutating func stroke(_ lines: [[Point]], _ stroke: Stroke) {
    use(stroke.paint)
    cairo_set_line_width(context, stroke.width)
    cairo_set_line_join(context, CAIRO_LINE_JOIN_ROUND)
    cairo_set_line_cap(context, CAIRO_LINE_CAP_BUTT)
    cairo_set_dash(context, stroke.dash, Int32(stroke.dash.count), 0)
    lines.forEach(trace)
    cairo_stroke(context)
  }

  mutating func fill(_ outline: [Point], _ paint: Paint, opacity: Double) {
    use(paint, opacity: opacity)
    trace(outline)
    cairo_close_path(context)
    cairo_fill(context)
  }

  mutating func fill(_ rectangles: [Rectangle], _ paint: Paint) {
    use(paint)
    // Smoothed edges of neighbours would let the paper shine through.
    cairo_set_antialias(context, rectangles.count > 1 ? CAIRO_ANTIALIAS_NONE : CAIRO_ANTIALIAS_DEFAULT)
    for rectangle in rectangles {
      cairo_rectangle(context, rectangle.x, rectangle.y, rectangle.width, rectangle.height)
    }
    cairo_fill(context)
    cairo_set_antialias(context, CAIRO_ANTIALIAS_DEFAULT)
  }

  mutating func mark(_ points: [Point], _ marker: Marker, radius: Double, _ paint: Paint) {
    use(paint)
    if marker == .circle {
      cairo_set_line_width(context, 2 * radius)
      cairo_set_line_cap(context, CAIRO_LINE_CAP_ROUND)
      cairo_set_dash(context, nil, 0, 0)
      for point in points {
        cairo_move_to(context, point.x, point.y)
        cairo_close_path(context)
      }
      cairo_stroke(context)
      return
    }
    for point in points {
      trace(marker.outline(point, radius))
      cairo_close_path(context)
    }
    cairo_fill(context)
  }

  mutating func write(_ label: Label) {
    cairo_save(context)
    use(label.paint)
    cairo_select_font_face(
      context, "DejaVu Sans", CAIRO_FONT_SLANT_NORMAL, label.isBold ? CAIRO_FONT_WEIGHT_BOLD : CAIRO_FONT_WEIGHT_NORMAL)
    cairo_set_font_size(context, label.size)
    var extents = cairo_text_extents_t()
    cairo_text_extents(context, label.text, &extents)
    cairo_translate(context, label.at.x, label.at.y)
    cairo_rotate(context, label.angle * .pi / 180)
    let shift =
      switch label.anchor {
      case .start: 0.0
      case .middle: -extents.x_advance / 2
      case .end: -extents.x_advance
      }
    cairo_move_to(context, shift, 0)
    cairo_show_text(context, label.text)
    cairo_restore(context)
  }
}

// MARK: - Files

/// Bytes that Cairo hands over piece by piece.
final class ByteCollector {
  var bytes: [UInt8] = []
}

private func collect(
  _ closure: UnsafeMutableRawPointer?, _ data: UnsafePointer<UInt8>?, _ count: UInt32
) -> cairo_status_t {
  guard let closure, let data else { return CAIRO_STATUS_WRITE_ERROR }
  let collector = Unmanaged<ByteCollector>.fromOpaque(closure).takeUnretainedValue()
  collector.bytes += UnsafeBufferPointer(start: data, count: Int(count))
  return CAIRO_STATUS_SUCCESS
}

private func check(_ status: cairo_status_t) throws(PictureError) {
  guard status == CAIRO_STATUS_SUCCESS else { throw .library(String(cString: cairo_status_to_string(status))) }
}

extension Picture {
  /// The picture as the bytes of a PNG file.
  ///
  /// - Parameters:
  ///   - width: units of the layout; nil takes what suits the number of figures.
  ///   - scale: pixels for each unit of the layout.
  ///   - isDark: whether it is for dark paper.
  /// - Throws: ``PictureError``.
  public func png(width: Double? = nil, scale: Double = 2, isDark: Bool = false) throws -> [UInt8] {
    try withImage(width: width, scale: scale, isDark: isDark) { surface in
      let collector = ByteCollector()
      try check(cairo_surface_write_to_png_stream(surface, collect, Unmanaged.passUnretained(collector).toOpaque()))
      return collector.bytes
    }
  }

  /// The picture as red, green and blue bytes, row by row.
  func pixels(
    width: Double, scale: Double, isDark: Bool
  ) throws -> (bytes: [UInt8], columns: Int, rows: Int) {
    try withImage(width: width, scale: scale, isDark: isDark) { surface in
      cairo_surface_flush(surface)
      let (columns, rows) = (Int(cairo_image_surface_get_width(surface)), Int(cairo_image_surface_get_height(surface)))
      let stride = Int(cairo_image_surface_get_stride(surface))
      guard let data = cairo_image_surface_get_data(surface) else { throw PictureError.library("no pixels") }
      var bytes = [UInt8](repeating: 0, count: columns * rows * 3)
      for row in 0..<rows {
        for column in 0..<columns {
          // Words of 32 bits in the order of this machine, of which Swift runs on little-endian ones only.
          for part in 0..<3 { bytes[(row * columns + column) * 3 + part] = data[row * stride + column * 4 + 2 - part] }
        }
      }
      return (bytes, columns, rows)
    }
  }

  private func withImage<Result>(
    width: Double?, scale: Double, isDark: Bool, _ body: (OpaquePointer) throws -> Result
  ) throws -> Result {
    let layout = PictureLayout(self, width: width)
    let (columns, rows) = (layout.width * scale, layout.height * scale)
    guard columns >= 1, rows >= 1, columns <= 32_000, rows <= 32_000, columns * rows <= 200e6 else {
      throw PictureError.tooLarge(width: Int(min(columns, 1e9)), height: Int(min(rows, 1e9)))
    }
    guard let surface = cairo_image_surface_create(CAIRO_FORMAT_RGB24, Int32(columns), Int32(rows)) else {
      throw PictureError.library("no surface")
    }
    defer { cairo_surface_destroy(surface) }
    try draw(layout, on: surface, scale: scale, isDark ? Palette.dark : Palette.light)
    return try body(surface)
  }

  /// The picture as the bytes of a PDF file of one page.
  ///
  /// - Throws: ``PictureError``.
  public func pdf(width: Double? = nil) throws -> [UInt8] {
    let layout = PictureLayout(self, width: width)
    let collector = ByteCollector()
    let target = Unmanaged.passUnretained(collector).toOpaque()
    // A unit of the layout is a pixel of CSS, 96 of which are an inch; one of PDF is a point, of which there are 72.
    guard let surface = cairo_pdf_surface_create_for_stream(collect, target, layout.width * 0.75, layout.height * 0.75)
    else { throw PictureError.library("no surface") }
    defer { cairo_surface_destroy(surface) }
    cairo_pdf_surface_set_metadata(surface, CAIRO_PDF_METADATA_TITLE, TextMetrics.clean(title))
    cairo_pdf_surface_set_metadata(surface, CAIRO_PDF_METADATA_SUBJECT, TextMetrics.clean(words))
    try draw(layout, on: surface, scale: 0.75, Palette.light)
    cairo_surface_finish(surface)
    try check(cairo_surface_status(surface))
    return collector.bytes
  }

  private func draw(_ layout: PictureLayout, on surface: OpaquePointer, scale: Double, _ theme: Palette.Theme) throws {
    guard let context = cairo_create(surface) else { throw PictureError.library("no context") }
    defer { cairo_destroy(context) }
    try check(cairo_status(context))
    cairo_scale(context, scale, scale)
    var canvas = CairoCanvas(context, theme)
    layout.draw(on: &canvas)
    try check(cairo_status(context))
  }
}
