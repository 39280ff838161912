import TVSBuiltins
import TVSLanguage
import Testing

@testable import TVSShell

@Suite("The manual")
struct ManualTests {
  /// `docs/manual`.
  private static let folder: String = {
    let tests = Path.folder(of: Path.folder(of: #filePath))
    return Path.joined(Path.folder(of: tests), "docs/manual")
  }()

  @Test("docs/manual is what the records say; scripts/manual writes it again")
  func current() throws {
    let pages = Manual(builtins: Library.all).pages
    for page in pages {
      let text = (try? System.text(of: Path.joined(Self.folder, page.name))) ?? ""
      let isCurrent = text == page.text
      #expect(isCurrent, "\(page.name) is not current: run scripts/manual")
    }
    #expect(System.entries(of: Self.folder) == pages.map(\.name).sorted())
  }

  @Test("every builtin is in the manual once, and every link leads somewhere")
  func links() throws {
    let pages = Dictionary(uniqueKeysWithValues: Manual(builtins: Library.all).pages.map { ($0.name, $0.text) })
    for builtin in Library.all {
      let text = try #require(pages["\(builtin.topic).md"])
      #expect(text.ranges(of: "\n## \(builtin.name)\n").count == 1)
    }
    for (name, text) in pages {
      for match in text.matches(of: /\]\(([a-z]+\.md)#([^)]+)\)/) {
        let target = try #require(pages[String(match.output.1)], "\(name) → \(match.output.1)")
        #expect(target.lowercased().contains("\n## \(match.output.2)\n"), "\(name) → \(match.output.2)")
      }
    }
  }
}
