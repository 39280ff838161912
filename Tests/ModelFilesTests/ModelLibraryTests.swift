import Foundation
import Testing

@testable import ModelFiles

@Suite("Models by name") struct ModelLibraryTests {
  /// A folder with files at the given paths, gone when the test is over.
  private final class Folder {
    let path = NSTemporaryDirectory() + "tvs-library-\(UUID().uuidString)"
    init(_ files: [String: String]) throws {
      for (name, text) in files {
        let url = URL(filePath: "\(path)/\(name)")
        try FileManager.default.createDirectory(at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(text.utf8).write(to: url)
      }
    }
    deinit { try? FileManager.default.removeItem(atPath: path) }
  }

  @Test("a fetched model is found in TVS_MODELS, then in the user's cache, and else the error says what to run")
  func fetched() throws {
    let file = "smollm2/SmolLM2-135M-Instruct.Q4_1.gguf"
    let home = try Folder([".cache/tvs/models/\(file)": "", "models/\(file)": "", "xdg/tvs/models/\(file)": ""])
    func path(_ environment: [String: String]) throws -> String? {
      try ModelLibrary.locate("smollm2", environment: environment)?.path
    }
    #expect(try path(["HOME": home.path]) == "\(home.path)/.cache/tvs/models/\(file)")
    #expect(
      try path(["HOME": home.path, "XDG_CACHE_HOME": "\(home.path)/xdg"]) == "\(home.path)/xdg/tvs/models/\(file)")
    #expect(try path(["XDG_CACHE_HOME": "/x", "TVS_MODELS": "\(home.path)/models"]) == "\(home.path)/models/\(file)")
    #expect(throws: LibraryError.notFetched(name: "smollm2")) { try path(["TVS_MODELS": "/nowhere"]) }
    #expect(try ModelLibrary.locate("model.gguf", environment: [:]) == nil)
  }

  private static let cache = [
    "hub/models--openai--gpt/refs/main": "abc\n", "hub/models--openai--gpt/snapshots/abc/config.json": "{}",
    "hub/models--openai--gpt/snapshots/def/config.json": "{}",
    "hub/models--distilbert--distilgpt2/refs/main": "123", "hub/models--distilbert--distilgpt2/snapshots/123/x": "",
    "hub/models--gpt2/refs/main": "fed", "hub/models--gpt2/snapshots/fed/x": "",
    "hub/models--half--done/refs/main": "777", "hub/version.txt": "1",
  ]

  @Test("hf: finds the snapshot of a revision, of a legacy name, and of a name whose organisation was left out")
  func huggingFace() throws {
    let home = try Folder(Self.cache)
    func path(_ source: String) throws -> String? {
      try ModelLibrary.locate(source, environment: ["HF_HOME": home.path])?.path
        .replacingOccurrences(of: home.path + "/hub/", with: "")
    }
    #expect(try path("hf:openai/gpt") == "models--openai--gpt/snapshots/abc")
    #expect(try path("hf:openai/gpt@def") == "models--openai--gpt/snapshots/def")
    #expect(try path("hf:gpt2") == "models--gpt2/snapshots/fed")
    #expect(try path("hf:distilgpt2") == "models--distilbert--distilgpt2/snapshots/123")
    #expect(
      throws: LibraryError.noSnapshot(
        model: "openai/gpt", folder: "\(home.path)/hub/models--openai--gpt", revision: "v9", present: ["abc", "def"])
    ) { try path("hf:openai/gpt@v9") }
    #expect(
      throws: LibraryError.noSnapshot(
        model: "half/done", folder: "\(home.path)/hub/models--half--done", revision: "main", present: [])
    ) { try path("hf:half/done") }
    #expect(
      throws: LibraryError.notCached(
        model: "distilgpt", folders: ["\(home.path)/hub"],
        present: ["distilbert/distilgpt2", "gpt2", "half/done", "openai/gpt"])
    ) { try path("hf:distilgpt") }
    #expect(
      ModelLibrary.names(environment: ["HF_HUB_CACHE": "\(home.path)/hub"])
        == ["smollm2", "hf:distilbert/distilgpt2", "hf:gpt2", "hf:half/done", "hf:openai/gpt"])
  }

  @Test(
    "names that would leave the cache are refused",
    arguments: ["hf:", "hf:a/b/c", "hf:../x", "hf:a/..", "hf:/etc", "hf:a--b", "hf:gpt2@../../x", "hf:gpt2@", "hf:@x"])
  func hostile(_ source: String) throws {
    let home = try Folder(Self.cache)
    do throws(LibraryError) {
      _ = try ModelLibrary.locate(source, environment: ["HF_HOME": home.path])
      Issue.record("\(source) was found")
    } catch {
      guard case .invalidSource = error else {
        Issue.record("\(error)")
        return
      }
    }
  }

  @Test("the caches are looked for where huggingface_hub looks for them")
  func folders() {
    #expect(HuggingFaceCache(["HOME": "/h"]).folders == ["/h/.cache/huggingface/hub"])
    #expect(HuggingFaceCache(["HOME": "/h", "XDG_CACHE_HOME": "/c"]).folders == ["/c/huggingface/hub"])
    #expect(HuggingFaceCache(["HOME": "/h", "HF_HOME": "~/hf"]).folders == ["/h/hf/hub"])
    #expect(HuggingFaceCache(["HF_HOME": "/hf", "HF_HUB_CACHE": "/hub"]).folders == ["/hub"])
  }
}

@Suite("Package indexes") struct PackageIndexTests {
  @Test("HTML pages: relative links, entities, digests, and tags that are no links")
  func html() {
    let page = PackagePage(
      Data(
        """
        <abbr>x</abbr><a>none</a><a href="">empty</a>
        <a data-requires-python="&gt;=3.9" href = "../../f/a%2B1.whl?x=1&amp;y=2#sha256=ab">a</a>
        <A HREF='https://files.example/b.whl'>b</A><a href="c.whl
        """.utf8), at: "https://me:secret@pypi.example/simple/p/")
    #expect(
      page.links.suffix(2) == [
        .init(file: "a+1.whl", url: "https://me:secret@pypi.example/f/a%2B1.whl?x=1&y=2", digest: "ab"),
        .init(file: "b.whl", url: "https://files.example/b.whl", digest: nil),
      ])
    #expect(page.links.suffix(2).first.map { Transfer.shown($0.url) } == "https://pypi.example/f/a%2B1.whl?x=1&y=2")
  }

  @Test("JSON pages")
  func json() {
    let page = PackagePage(
      Data(#"{"files":[{"filename":"a.whl","url":"a.whl","hashes":{"sha256":"ab"}},{"url":1}]}"#.utf8),
      at: "https://pypi.example/simple/p/")
    #expect(page.links == [.init(file: "a.whl", url: "https://pypi.example/simple/p/a.whl", digest: "ab")])
    #expect(PackagePage(Data("{broken".utf8), at: "https://x/").links.isEmpty)
    #expect(PackagePage(Data(), at: "https://x/").links.isEmpty)
  }

  @Test("pip's files and environment say where the index is; the environment wins")
  func configuration() {
    var pip = PipConfiguration(environment: ["PIP_CONFIG_FILE": "/dev/null"])
    #expect(pip.index == "https://pypi.org/simple" && pip.certificate == nil && pip.proxy == nil)
    pip.read("[list]\nindex-url = no\n[global]\n# index-url = no\nindex_url = https://m/simple/\ncert: /c.pem\n")
    #expect(pip.index == "https://m/simple" && pip.certificate == "/c.pem")
    let environment = ["PIP_CONFIG_FILE": "/dev/null", "PIP_INDEX_URL": "http://e/s/", "PIP_PROXY": "http://p"]
    #expect(PipConfiguration(environment: environment).index == "http://e/s")
    #expect(PipConfiguration(environment: environment).proxy == "http://p")
  }
}
