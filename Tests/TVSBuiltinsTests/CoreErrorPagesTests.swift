import Foundation
import TVSBuiltins
import TVSLanguage
import Testing

/// The pages in docs/errors and the whole rendered errors of their examples in Tests/Golden/errors.
/// `TVS_UPDATE_GOLDEN=1` writes the golden files again.
@Suite("Error pages")
struct CoreErrorPagesTests {
  static let updates = ProcessInfo.processInfo.environment["TVS_UPDATE_GOLDEN"] != nil

  @Test("Every code has a page with its four sections, and no page lacks a code")
  func pages() throws {
    let files = Repository.files(under: "docs/errors", ending: ".md")
    #expect(files.map { String($0.dropFirst(12).dropLast(3)) } == ErrorCode.all.map(\.description).sorted())
    for file in files {
      let page = ErrorPage(try Repository.text(file))
      for section in ErrorPage.sectionNames { #expect(page.section(section)?.isEmpty == false, "\(file): \(section)") }
    }
  }

  @Test(
    "The example of a page gives its error, rendered as in the golden file", arguments: ErrorCode.all.map(\.description)
  )
  func example(code: String) throws {
    let page = ErrorPage(try Repository.text("docs/errors/\(code).md"))
    guard let example = page.example, canRun(page) else { return }
    let rendered = try #require(failure(of: example), "the example of \(code) gives no error")
    #expect(rendered.hasPrefix("error[\(code)]"), "\(rendered)")
    let golden = "Tests/Golden/errors/\(code).txt"
    if Self.updates {
      try (rendered + "\n").write(toFile: Repository.root + "/" + golden, atomically: true, encoding: .utf8)
    }
    #expect(try Repository.text(golden) == rendered + "\n")
  }

  @Test("The corrected program of a page runs", arguments: ErrorCode.all.map(\.description))
  func fix(code: String) throws {
    let page = ErrorPage(try Repository.text("docs/errors/\(code).md"))
    guard let fix = page.fix, canRun(page) else { return }
    if let rendered = failure(of: fix) { Issue.record("\(code): \(rendered)") }
  }

  /// Whether the builtins that the page needs are there.
  private func canRun(_ page: ErrorPage) -> Bool {
    page.needs.map { name in Library.all.contains { $0.name == name } } ?? true
  }

  private func failure(of program: String) -> String? {
    do throws(Failure) {
      try session(CollectedOutput()).run(SourceText(name: "example.tvs", text: program))
    } catch {
      guard case .errors(let diagnostics) = error else { return "\(error)" }
      return diagnostics.map { $0.rendered(color: false) }.joined(separator: "\n")
    }
    return nil
  }
}
