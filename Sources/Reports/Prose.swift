import CCMark
import Foundation

/// Markdown read by cmark-gfm: CommonMark and tables.
///
/// Nothing in it reaches the page unescaped: raw HTML stays text, links with dangerous schemes lose them (cmark's safe
/// mode), and pictures from elsewhere become links, since a report asks no network for anything.
struct Prose {
  /// A heading, for the table of contents.
  struct Heading: Equatable {
    var level: Int
    var id: String
    var html: String
  }

  /// The text of a heading of level 1 with which it begins, as HTML; nil if it begins with anything else.
  private(set) var title: String?
  /// The same without markup.
  private(set) var plainTitle: String?
  /// Everything after that title.
  private(set) var html = ""
  /// The headings in ``html``.
  private(set) var headings: [Heading] = []

  /// Reads Markdown.
  ///
  /// - Parameters:
  ///   - takesTitle: whether a heading at the beginning is the title of the document.
  ///   - folder: where pictures are found.
  ///   - ids: the ids of the page so far.
  init(_ markdown: String, takesTitle: Bool = false, folder: String, ids: inout Set<String>) {
    cmark_gfm_core_extensions_ensure_registered()
    guard let parser = cmark_parser_new(Prose.options) else {
      html = "<p>\(HTML.escaped(markdown))</p>\n"
      return
    }
    defer { cmark_parser_free(parser) }
    if let table = cmark_find_syntax_extension("table") { cmark_parser_attach_syntax_extension(parser, table) }
    let clean = HTML.clean(markdown)
    cmark_parser_feed(parser, clean, clean.utf8.count)
    guard let document = cmark_parser_finish(parser) else { return }
    defer { cmark_node_free(document) }
    for node in Prose.nodes(in: document) {
      switch cmark_node_get_type(node) {
      case CMARK_NODE_HTML_BLOCK, CMARK_NODE_HTML_INLINE: Prose.escape(node)
      case CMARK_NODE_IMAGE: Prose.settle(node, in: folder)
      default: break
      }
    }
    var block = cmark_node_first_child(document)
    var isFirst = true
    while let node = block {
      block = cmark_node_next(node)
      add(node, parser, isTitle: takesTitle && isFirst, &ids)
      isFirst = false
    }
  }

  private static let options = CMARK_OPT_VALIDATE_UTF8

  private mutating func add(
    _ node: OpaquePointer, _ parser: OpaquePointer, isTitle: Bool,
    _ ids: inout Set<String>
  ) {
    guard cmark_node_get_type(node) == CMARK_NODE_HEADING else {
      // What overflows the window scrolls by itself, and whatever scrolls can be reached by key.
      html += Prose.rendered(node, parser).replacing("<pre>", with: "<pre tabindex=\"0\">")
        .replacing("<table>", with: "\(HTML.scroller("Table"))<table>").replacing("</table>", with: "</table></div>")
      return
    }
    let level = Int(cmark_node_get_heading_level(node))
    let whole = Prose.rendered(node, parser)
    // `<h2>text</h2>` and a newline.
    let inner = String(whole.drop { $0 != ">" }.dropFirst().prefix(upTo: whole.lastIndex(of: "<") ?? whole.endIndex))
    if isTitle, level == 1 {
      title = inner
      plainTitle = Prose.words(of: node)
      return
    }
    // The title of the document is the only heading of level 1.
    let shown = max(2, level)
    let id = Prose.id(Prose.words(of: node), &ids)
    headings.append(Heading(level: shown, id: id, html: inner))
    html += "<h\(shown) id=\"\(id)\">\(inner)</h\(shown)>\n"
  }

  private static func rendered(
    _ node: OpaquePointer, _ parser: OpaquePointer
  ) -> String {
    guard let text = cmark_render_html(node, options, cmark_parser_get_syntax_extensions(parser)) else { return "" }
    defer { free(text) }
    return String(cString: text)
  }

  private static func nodes(in document: OpaquePointer) -> [OpaquePointer] {
    guard let walk = cmark_iter_new(document) else { return [] }
    defer { cmark_iter_free(walk) }
    var nodes: [OpaquePointer] = []
    while true {
      let event = cmark_iter_next(walk)
      if event == CMARK_EVENT_DONE { return nodes }
      if event == CMARK_EVENT_ENTER, let node = cmark_iter_get_node(walk) { nodes.append(node) }
    }
  }

  /// Puts the text of raw HTML in its place.
  private static func escape(_ node: OpaquePointer) {
    guard let text = cmark_node_new(CMARK_NODE_TEXT) else { return }
    cmark_node_set_literal(text, cmark_node_get_literal(node))
    if cmark_node_get_type(node) == CMARK_NODE_HTML_INLINE {
      replace(node, with: text)
    } else if let paragraph = cmark_node_new(CMARK_NODE_PARAGRAPH) {
      cmark_node_append_child(paragraph, text)
      replace(node, with: paragraph)
    }
  }

  private static func replace(_ node: OpaquePointer, with other: OpaquePointer) {
    if cmark_node_replace(node, other) != 0 { cmark_node_free(node) } else { cmark_node_free(other) }
  }

  /// A picture beside the script goes into the page; one from elsewhere becomes a link.
  private static func settle(_ image: OpaquePointer, in folder: String) {
    let path = cmark_node_get_url(image).map { String(cString: $0) } ?? ""
    if let data = picture(at: path, in: folder) {
      cmark_node_set_url(image, data)
      return
    }
    guard let link = cmark_node_new(CMARK_NODE_LINK) else { return }
    cmark_node_set_url(link, path)
    while let child = cmark_node_first_child(image) {
      if cmark_node_append_child(link, child) == 0 { break }
    }
    replace(image, with: link)
  }

  private static let pictureKinds = [
    "png": "png", "jpg": "jpeg", "jpeg": "jpeg", "gif": "gif", "webp": "webp",
  ]
  private static let pictureLimit = 4 << 20

  private static func picture(at path: String, in folder: String) -> String? {
    guard !path.contains(":"), !path.hasPrefix("/"), let name = path.removingPercentEncoding,
      let kind = pictureKinds[(name as NSString).pathExtension.lowercased()],
      let data = FileManager.default.contents(atPath: (folder as NSString).appendingPathComponent(name)),
      data.count <= pictureLimit
    else { return nil }
    return "data:image/\(kind);base64,\(data.base64EncodedString())"
  }

  /// The words of a node without their markup.
  private static func words(of node: OpaquePointer) -> String {
    nodes(in: node).compactMap { part in
      switch cmark_node_get_type(part) {
      case CMARK_NODE_TEXT, CMARK_NODE_CODE: cmark_node_get_literal(part).map { String(cString: $0) }
      case CMARK_NODE_SOFTBREAK, CMARK_NODE_LINEBREAK: " "
      default: nil
      }
    }.joined()
  }

  /// An id that no other heading has.
  private static func id(_ words: String, _ ids: inout Set<String>) -> String {
    let parts = words.lowercased().split { !$0.isLetter && !$0.isNumber }
    let name = "s-" + (parts.isEmpty ? "section" : parts.joined(separator: "-"))
    var id = name
    var copy = 2
    while !ids.insert(id).inserted {
      id = "\(name)-\(copy)"
      copy += 1
    }
    return id
  }
}
