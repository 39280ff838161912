import Testing

@testable import TVSShell

@Suite("The installation")
struct InstallationTests {
  @Test("parts are found beside an installed program, above a built one, and where TVS_LIBRARY says")
  func places() throws {
    let scratch = try Scratch()
    for folder in [
      "p/bin", "p/share/tvs/stdlib", "p/share/tvs/docs", "b/.build/release", "b/stdlib", "b/docs", "o/stdlib",
    ] {
      try System.makeFolder(scratch.path(folder))
    }
    try scratch.write("b/Package.swift", "")
    let root = scratch.folder
    let installed = Installation(executable: "\(root)/p/bin/tvs")
    #expect(installed.library == "\(root)/p/share/tvs/stdlib")
    #expect(installed.documents == "\(root)/p/share/tvs/docs")
    #expect(installed.walkthroughs == nil)
    #expect(Installation(executable: "\(root)/b/.build/release/tvs").library == "\(root)/b/stdlib")
    let overridden = Installation(executable: "\(root)/b/.build/release/tvs", override: "\(root)/o")
    #expect(overridden.library == "\(root)/o/stdlib")
    #expect(overridden.documents == "\(root)/b/docs")
    #expect(Installation(executable: "").library == nil)
  }
}
