import Foundation
import TVSBuiltins
import TVSLanguage
import Testing

/// Folders of the repository.
enum Repository {
  static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent().path

  static func files(under folder: String, ending: String) -> [String] {
    let names = FileManager.default.enumerator(atPath: root + "/" + folder)?.allObjects as? [String] ?? []
    return names.filter { $0.hasSuffix(ending) }.sorted().map { folder + "/" + $0 }
  }

  static func text(_ path: String) throws -> String {
    try String(contentsOfFile: root + "/" + path, encoding: .utf8)
  }
}

/// A session with all builtins and the standard library.
func session(_ output: any TVSLanguage.OutputStream) -> Interpreter {
  Interpreter(
    builtins: Library.all, output: output, libraryPaths: [Repository.root + "/stdlib"], translate: Library.translate)
}

@Suite("Scripts with expectations")
struct CoreScriptsTests {
  @Test(
    "Every script does what it says",
    arguments: Repository.files(under: "Tests/Scripts", ending: ".tvs"))
  func script(path: String) throws {
    let source = SourceText(name: path, text: try Repository.text(path))
    for mismatch in ScriptExpectations(source).mismatches(session) { Issue.record("\(mismatch)") }
  }

  @Test(
    "Every example in the standard library shows what it says",
    arguments: Repository.files(under: "stdlib", ending: ".tvs"))
  func library(path: String) throws {
    let source = SourceText(name: path, text: try Repository.text(path))
    for mismatch in ScriptExpectations(source).mismatches(session) { Issue.record("\(mismatch)") }
  }

  @Test("There are scripts")
  func presence() {
    #expect(Repository.files(under: "Tests/Scripts/language", ending: ".tvs").count > 40)
  }

  @Test("A script whose expectations do not hold is found out")
  func mismatch() {
    let text = "1 + 1   # expect: 3\n---\n1 / 0\n---\n1   # error: E0208\n---\n2\n---\nx   # error: E0208\n"
    let mismatches = ScriptExpectations(SourceText(name: "x.tvs", text: text)).mismatches(session)
    #expect(mismatches.map(\.line) == [1, 3, 5, 7, 9])
  }

  @Test("A wrong example in a doc comment is found out")
  func wrongExample() {
    let text = "## Half.\n##> half(4)\n##= 3\nfn half(x) { x / 2 }\n"
    let mismatches = ScriptExpectations(SourceText(name: "x.tvs", text: text)).mismatches(session)
    #expect(mismatches.count == 1)
  }
}
