import Foundation
import Plots
import TVSBuiltins
import TVSLanguage
import Testing

@testable import Reports

/// Pages and Markdown of reports.
struct ReportTests {
  private func report(_ parts: [Report.Part]) -> Report {
    Report(
      name: "a.tvs", summary: "a.tvs, today", parts: parts,
      facts: [.init("Command", ["tvs report a.tvs -o a.html"], isCode: true), .init("Machine", ["two cores", "x"])],
      origins: [.init(name: "m", kind: "model", expression: "transformer(layers=1)", seed: "7", digest: "abc123")])
  }

  /// The markup of a page without its text and attributes, from `<main>` on.
  private func outline(_ html: String) -> [String] {
    let main = html[(html.range(of: "<main>")?.lowerBound ?? html.startIndex)...]
    let plot = main.replacing(/<svg(?s:.*?)<\/svg>/, with: "<svg>")
    return plot.matches(of: /<([a-z0-9]+)/).map { String($0.output.1) }
  }

  private func interpreted(_ code: String) throws -> Value {
    final class Nowhere: TVSLanguage.OutputStream { func write(_ text: String) {} }
    let interpreter = Interpreter(builtins: Library.all, output: Nowhere(), translate: Library.translate)
    return try interpreter.evaluate(SourceText(name: "test", text: code))
  }

  @Test func aSmallReportHasItsParts() throws {
    let table = Exhibit(try interpreted("table({k: [1, 10], share: [0.4, 0.78]})"), DisplayStyle())
    let plot = Exhibit(try interpreted("plot([1, 2, 4], [0.5, 0.7, 0.9], xlabel=\"k\")"), DisplayStyle())
    let html = report([
      .prose("# Shares\n\nOf *what*.\n\n## First"),
      .code(.init(text: "x = 1 # one", line: 5, seconds: 1)), .printed("hello"), .value(table, of: "shares(run)"),
      .code(.init(text: "plot(x)", line: 9, seconds: 1, duration: "2.00 s")), .value(plot, of: "plot(x)"),
      .question(text: "How much?", value: "0.78", reason: "It is so."),
    ]).html
    #expect(
      outline(html) == [
        "main", "header", "h1", "p", "section", "p", "em", "h2",  // title and prose
        "pre", "code", "span", "span", "pre", "samp",  // code and what it printed
        "div", "div", "table", "caption", "thead", "tr", "th", "th", "tbody", "tr", "td", "td", "tr", "td", "td",
        "pre", "code", "span", "p", "figure", "div", "svg", "div", "svg",  // a picture, wide and narrow
        "section", "p", "details", "summary", "p", "samp", "p",
        "footer", "h2", "dl", "div", "dt", "dd", "code", "div", "dt", "dd", "dd",
        "div", "table", "caption", "thead", "tr", "th", "th", "th", "th", "th", "tbody", "tr", "td", "code", "td", "td",
        "code", "td", "td", "code",
      ])
    #expect(html.contains("<title>Shares</title>") && html.contains("<h1>Shares</h1>"))
    #expect(html.contains("<caption>Table: shares(run)</caption>"))
    #expect(html.contains("<th scope=\"col\" class=\"number\">share</th>"))
    #expect(html.contains("id=\"plot-1-title\"") && html.contains("id=\"plot-1-narrow-title\""))
  }

  @Test func nothingOfAScriptIsMarkup() throws {
    let evil = "<script>alert(1)</script><img src=x onerror=\"alert('1')\">&amp;"
    let value = Value.string(evil)
    let table = Exhibit(
      .native(try native(interpreted("table({'<b>': [\(literal(evil))]})"))), DisplayStyle(width: 200))
    let plot = Exhibit(
      try interpreted("plot([1, 2], title=\(literal(evil)), xlabel=\(literal(evil)))"), DisplayStyle())
    let html = report([
      .prose(
        "# A <script>alert(1)</script>\n\n<script>alert(1)</script>\n\n<b>x</b> [l](javascript:alert(1)) ![p](http://a.b/c.png)"
      ),
      .code(.init(text: "x = \(literal(evil)) # </code><script>", line: 1, seconds: 1)), .printed(evil),
      .value(Exhibit(value, DisplayStyle()), of: evil), .value(table, of: evil), .value(plot, of: evil),
      .problem(.init(.error, text: evil, line: 3)),
      .question(text: evil, value: evil, reason: evil),
    ]).html
    let tags = Set(html.matches(of: /<\/?([a-zA-Z0-9]+)/).map { String($0.output.1) })
    #expect(tags.isDisjoint(with: ["script", "img", "b", "iframe", "object"]))
    #expect(!html.contains("javascript:") && !html.contains("<!-- raw HTML"))
    #expect(html.contains("&lt;script&gt;alert(1)&lt;/script&gt;"))
    // A picture from elsewhere is a link, which asks for nothing by itself.
    #expect(html.contains("<a href=\"http://a.b/c.png\">p</a>"))
  }

  private func native(_ value: Value) throws -> any NativeValue {
    guard case .native(let native) = value else { throw CocoaError(.featureUnsupported) }
    return native
  }

  private func literal(_ text: String) -> String { value(text).literal }
  private func value(_ text: String) -> Value { .string(text) }

  @Test func signsThatPagesDoNotHaveAreReplaced() {
    let html = report([.printed("a\u{1B}[31mred\u{0}\u{202E}x\ttab")]).html
    #expect(html.contains("a\u{FFFD}[31mred\u{FFFD}\u{FFFD}x\ttab"))
  }

  @Test func anErrorStandsInItsPlaceAndAtTheTop() {
    let html = report([
      .code(.init(text: "1 / 0", line: 3, seconds: 0.1)),
      .problem(.init(.error, text: "error[E0503]: division by zero", line: 3)), .code(.init(text: "later", line: 4)),
    ]).html
    #expect(html.contains("<a href=\"#problem\">An error stopped this run in line 3</a>"))
    let problem = html.range(of: "id=\"problem\"")?.lowerBound
    let later = html.range(of: "class=\"code not-run\"")?.lowerBound
    #expect(problem != nil && later != nil && problem ?? html.endIndex < later ?? html.startIndex)
  }

  @Test func longTablesLeaveTheirMiddleOut() throws {
    let table = Exhibit(try interpreted("table({k: range(500)})"), DisplayStyle())
    let html = report([.value(table, of: "t")]).html
    #expect(html.contains("… 440 more rows …"))
    #expect(html.contains(">0</td>") && html.contains(">499</td>") && !html.contains(">250</td>"))
  }

  @Test func markdownHasFencesThatNothingInsideEnds() throws {
    let table = Exhibit(try interpreted("table({'a|b': ['x|y', '<b>']})"), DisplayStyle())
    let plot = Exhibit(try interpreted("plot([1, 2], title=\"a]b\")"), DisplayStyle())
    let markdown = report([
      .prose("# Title\n\nText."), .code(.init(text: "print(\"```\")", line: 1, seconds: 0)), .printed("```"),
      .value(table, of: "t"), .value(plot, of: "p"),
    ]).markdown(picturesIn: "out pictures")
    #expect(
      markdown.text.hasPrefix(
        """
        # Title

        *a.tvs, today*

        Text.

        ````tvs
        print("```")
        ````

        ````text
        ```
        ````

        | a\\|b |
        | --- |
        | x\\|y |
        | &lt;b&gt; |

        ![
        """))
    #expect(markdown.text.contains("](out%20pictures/plot-1.svg)") && markdown.text.contains("a\\]b"))
    #expect(markdown.pictures.map(\.name) == ["plot-1.svg"])
    #expect(markdown.pictures.first?.svg.hasPrefix("<svg ") == true)
    #expect(markdown.text.contains("- Command: `tvs report a.tvs -o a.html`"))
  }

  @Test func codeIsWholeInItsColours() {
    for code in ["", "x = f(\"a\\n\") # c\n\n# d", "\"open", "if x { y } else { f\"{z}\" }", "ä ∂ 1.5e-3 ~ ?"] {
      #expect(CodeRun.runs(of: code).map(\.text).joined() == code)
    }
    let roles = CodeRun.runs(of: "for x in f(1) { } # c").filter { $0.role != .plain }
    #expect(roles.map(\.role) == [.keyword, .keyword, .call, .literal, .comment])
  }

  @Test func headingsAreOneTreeWithOneRoot() {
    var ids: Set<String> = []
    let first = Prose("# A `b`\n\n# C & d\n\n## C & d", takesTitle: true, folder: ".", ids: &ids)
    #expect(first.title == "A <code>b</code>" && first.plainTitle == "A b")
    #expect(first.headings.map(\.level) == [2, 2] && first.headings.map(\.id) == ["s-c-d", "s-c-d-2"])
  }
}
