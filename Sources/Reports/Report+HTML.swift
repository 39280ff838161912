import Plots
import TVSBuiltins

extension Report {
  /// The report as one page that needs nothing else: no script, no network, its pictures as SVG inside of it.
  public var html: String {
    var page = Page(report: self)
    return page.text
  }
}

/// Writes a report as HTML.
private struct Page {
  let report: Report
  private var body = ""
  private var title = ""
  private var plainTitle = ""
  private var headings: [Prose.Heading] = []
  private var ids: Set<String> = []
  private var pictures = 0
  private var problems = 0

  init(report: Report) { self.report = report }

  var text: String {
    mutating get {
      for (index, part) in report.parts.enumerated() { add(part, isFirst: index == 0) }
      addFacts()
      if title.isEmpty { (title, plainTitle) = (HTML.escaped(report.name), report.name) }
      return """
        <!doctype html>
        <html lang="en">
        <head>
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; \
        img-src data:; base-uri 'none'; form-action 'none'">
        <meta name="color-scheme" content="light dark">
        <meta name="generator" content="\(HTML.escaped(report.generator))">
        <link rel="icon" href="data:,">
        <title>\(HTML.escaped(plainTitle))</title>
        <style>
        \(PageStyle.text)
        </style>
        </head>
        <body>
        <main>
        <header>
        <h1>\(title)</h1>
        <p class="summary">\(HTML.escaped(report.summary))</p>
        \(warning)</header>
        \(contents)\(body)</main>
        </body>
        </html>

        """
    }
  }

  /// What a reader must know before anything else: the run did not come to its end.
  private var warning: String {
    guard let problem = report.problem else { return "" }
    let place = problem.line.map { " in line \($0)" } ?? ""
    let fact =
      switch problem.kind {
      case .error: "An error stopped this run\(place)"
      case .interruption: "This run was interrupted\(place)"
      case .exit: "The script ended itself\(place)"
      }
    return "<p class=\"warning\"><a href=\"#problem\">\(fact)</a>; what stands after it did not run.</p>\n"
  }

  private var contents: String {
    let sections = headings.filter { $0.level == 2 }
    guard sections.count > 3 else { return "" }
    let items = sections.map { "<li><a href=\"#\($0.id)\">\(Page.unlinked($0.html))</a></li>\n" }.joined()
    return "<nav aria-label=\"Contents\">\n<ul>\n\(items)</ul>\n</nav>\n"
  }

  /// Markup without its links: one link cannot stand in another.
  private static func unlinked(_ html: String) -> String {
    html.replacing(/<\/?a\b[^>]*>/, with: "")
  }

  // MARK: - Parts

  private mutating func add(_ part: Report.Part, isFirst: Bool) {
    switch part {
    case .prose(let markdown):
      let prose = Prose(markdown, takesTitle: isFirst, folder: report.folder, ids: &ids)
      if let found = prose.title { (title, plainTitle) = (found, prose.plainTitle ?? report.name) }
      headings += prose.headings
      if !prose.html.isEmpty { body += "<section class=\"prose\">\n\(prose.html)</section>\n" }
    case .code(let code):
      let state = code.seconds == nil ? "code not-run" : "code"
      let time = code.duration.map { "<p class=\"time\">\(HTML.escaped($0))</p>\n" } ?? ""
      let label = code.seconds == nil ? "Code that did not run, line \(code.line)" : "Code, line \(code.line)"
      body += "<pre class=\"\(state)\" tabindex=\"0\" aria-label=\"\(label)\" role=\"group\">"
      body += "<code>\(HTML.code(code.text))</code></pre>\n\(time)"
    case .printed(let text):
      body += "<pre class=\"printed\(Page.lines(text))\" tabindex=\"0\" aria-label=\"Output\" role=\"group\">"
      body += "<samp>\(HTML.escaped(text))</samp></pre>\n"
    case .value(let exhibit, let expression): add(exhibit, expression)
    case .problem(let problem):
      problems += 1
      let id = problems == 1 ? " id=\"problem\"" : ""
      body += "<pre class=\"problem\"\(id) tabindex=\"0\" aria-label=\"\(Page.name(problem.kind))\" role=\"group\">"
      body += "<samp>\(HTML.escaped(problem.text))</samp></pre>\n"
    case .question(let text, let value, let reason):
      let question = Prose(text, folder: report.folder, ids: &ids).html
      let answer = value.map { "<p class=\"answer\"><samp>\(HTML.escaped($0))</samp></p>\n" } ?? ""
      let why = Prose(reason, folder: report.folder, ids: &ids).html
      body += "<section class=\"question\">\n\(question)"
      if !(answer + why).isEmpty {
        body += "<details>\n<summary>Answer</summary>\n\(answer)\(why)</details>\n"
      }
      body += "</section>\n"
    }
  }

  /// Marks text that may be broken in a narrow window: one line, or a headline with a line for each fact. Columns may not.
  private static func lines(_ text: String) -> String {
    text.split(separator: "\n").dropFirst().allSatisfy { $0.hasPrefix("  ") } ? " lines" : ""
  }

  private static func name(_ kind: Report.Problem.Kind) -> String {
    switch kind {
    case .error: "Error"
    case .interruption: "Interruption"
    case .exit: "End of the script"
    }
  }

  private mutating func add(_ exhibit: Exhibit, _ expression: String) {
    switch exhibit {
    case .text(let text):
      body += "<pre class=\"value\(Page.lines(text))\" tabindex=\"0\" aria-label=\"Value\" role=\"group\">"
      body += "<samp>\(HTML.escaped(text))</samp></pre>\n"
    case .table(let table): add(table, expression)
    case .picture(let picture): add(picture)
    }
  }

  private mutating func add(_ table: ExhibitedTable, _ expression: String) {
    let caption = "Table: \(expression)"
    func row(_ cells: [(text: String, isText: Bool)], _ tag: String, _ more: String = "") -> String {
      "<tr>"
        + cells.map { cell in
          "<\(tag)\(more)\(cell.isText ? "" : " class=\"number\"")>\(HTML.escaped(cell.text))</\(tag)>"
        }.joined() + "</tr>\n"
    }
    body += "<div class=\"result\">\n\(HTML.scroller(caption))<table>\n"
    body += "<caption>\(HTML.escaped(caption))</caption>\n<thead>\n"
    body += row(table.columns.map { ($0.name, $0.isText) }, "th", " scope=\"col\"") + "</thead>\n<tbody>\n"
    for index in 0..<table.rowCount {
      if let omission = table.omission, omission.before == index {
        body +=
          "<tr><td class=\"omission\" colspan=\"\(table.columns.count)\">… \(omission.count) more rows …</td></tr>\n"
      }
      body += row(table.columns.map { ($0.cells[index], $0.isText) }, "td")
    }
    body += "</tbody>\n</table></div>\n"
    if !table.notes.isEmpty {
      body += "<dl class=\"notes\">\n"
      for note in table.notes {
        body += "<div><dt>\(HTML.escaped(note.label))</dt><dd>\(HTML.escaped(note.text))</dd></div>\n"
      }
      body += "</dl>\n"
    }
    body += "</div>\n"
  }

  /// A picture for wide windows and one for narrow ones, of which the style shows one: text that shrinks with its picture
  /// cannot be read on a telephone. What is large is there once.
  private mutating func add(_ picture: Picture) {
    pictures += 1
    let figures = picture.figures.count
    let wide = picture.svg(id: "plot-\(pictures)")
    let size = figures > 2 ? "large" : figures == 2 ? "medium" : "small"
    guard wide.utf8.count < Page.twiceLimit else {
      body += "<figure class=\"only\">\n\(wide)</figure>\n"
      return
    }
    let narrow = picture.svg(width: Page.narrowWidth, id: "plot-\(pictures)-narrow")
    body += "<figure class=\"\(size)\">\n<div class=\"wide\">\n\(wide)</div>\n<div class=\"narrow\">\n\(narrow)</div>\n"
    body += "</figure>\n"
  }

  private static let twiceLimit = 200_000
  private static let narrowWidth = 352.0

  // MARK: - The end

  private mutating func addFacts() {
    guard !report.facts.isEmpty || !report.origins.isEmpty else { return }
    headings.append(.init(level: 2, id: "repeat", html: Report.lastHeading))
    body += "<footer>\n<h2 id=\"repeat\">\(Report.lastHeading)</h2>\n<dl class=\"facts\">\n"
    for fact in report.facts {
      let lines = fact.lines.map { line in
        fact.isCode ? "<dd><code>\(HTML.escaped(line))</code></dd>" : "<dd>\(HTML.escaped(line))</dd>"
      }
      body += "<div><dt>\(HTML.escaped(fact.label))</dt>\(lines.joined())</div>\n"
    }
    body += "</dl>\n"
    if !report.origins.isEmpty {
      let caption = "The values that the script left, and what made them"
      body +=
        "\(HTML.scroller(caption))<table class=\"origins\">\n<caption class=\"shown\">\(caption)</caption>\n<thead>\n<tr>"
      body += Report.originNames.map { "<th scope=\"col\">\($0)</th>" }.joined() + "</tr>\n</thead>\n<tbody>\n"
      for origin in report.origins {
        let cells = [origin.name, origin.kind, origin.expression, origin.seed, origin.digest]
        body += "<tr>"
        for (index, cell) in cells.enumerated() {
          let text = HTML.escaped(cell)
          body += [0, 2, 4].contains(index) && !text.isEmpty ? "<td><code>\(text)</code></td>" : "<td>\(text)</td>"
        }
        body += "</tr>\n"
      }
      body += "</tbody>\n</table></div>\n"
    }
    body += "</footer>\n"
  }
}
