import Foundation

/// The folders in which `huggingface_hub` keeps what it has downloaded:
/// `models--ORG--NAME/refs/REVISION` names a commit, `models--ORG--NAME/snapshots/COMMIT` holds its files.
struct HuggingFaceCache: Sendable {
  /// Where it may be, the first one first.
  let folders: [String]

  /// Finds the folders as `huggingface_hub` does.
  init(_ environment: [String: String]) {
    func path(_ name: String) -> String? { environment[name].flatMap { $0.isEmpty ? nil : $0 } }
    let home = ModelLibrary.home(environment)
    let places =
      [path("HF_HUB_CACHE"), path("HUGGINGFACE_HUB_CACHE"), path("HF_HOME").map { "\($0)/hub" }].compactMap { $0 }
    // An override replaces the usual place there, and so it does here.
    let usual = path("XDG_CACHE_HOME") ?? "\(home)/.cache"
    folders = (places.first.map { [$0] } ?? ["\(usual)/huggingface/hub"]).map {
      $0.hasPrefix("~/") ? home + $0.dropFirst() : $0
    }
  }

  /// The models that are there, as `org/name` or, under a name from before there were organisations, `name`.
  var models: [String] {
    folders.flatMap { entries($0) }.filter { $0.hasPrefix("models--") }.map {
      $0.dropFirst(8).replacingOccurrences(of: "--", with: "/")
    }.sorted()
  }

  /// The folder with the files of a model.
  ///
  /// - Parameter source: `hf:name`, `hf:org/name` or `hf:org/name@revision`.
  /// - Throws: ``LibraryError``.
  func locate(_ source: String) throws(LibraryError) -> String {
    let parts = source.dropFirst(3).split(separator: "@", maxSplits: 1, omittingEmptySubsequences: false).map(
      String.init)
    let model = parts[0]
    let revision = parts.count > 1 ? parts[1] : "main"
    let names = model.split(separator: "/", omittingEmptySubsequences: false)
    let isName = (1...2).contains(names.count) && names.allSatisfy { isSafe(String($0)) } && !model.contains("--")
    guard isName, revision.split(separator: "/", omittingEmptySubsequences: false).allSatisfy({ isSafe(String($0)) })
    else {
      throw .invalidSource(source: source, reason: "it is hf:name or hf:org/name, with @revision if you like")
    }
    let entry = "models--" + names.joined(separator: "--")
    for folder in folders {
      if let place = entries(folder).first(where: { $0 == entry }) {
        return try snapshot("\(folder)/\(place)", model, revision)
      }
    }
    // `distilgpt2` is `distilbert/distilgpt2` today; the cache has it under the name by which it was loaded.
    if names.count == 1 {
      let heirs = folders.flatMap { folder in
        entries(folder).filter { $0.hasPrefix("models--") && $0.hasSuffix("--\(model)") }.map { "\(folder)/\($0)" }
      }
      if heirs.count == 1, let heir = heirs.first { return try snapshot(heir, model, revision) }
    }
    throw .notCached(model: model, folders: folders, present: models)
  }

  private func snapshot(_ folder: String, _ model: String, _ revision: String) throws(LibraryError) -> String {
    let text = try? String(contentsOfFile: "\(folder)/refs/\(revision)", encoding: .utf8)
    let commit = text?.trimmingCharacters(in: .whitespacesAndNewlines) ?? revision
    let present = entries("\(folder)/snapshots")
    guard present.contains(commit) else {
      throw .noSnapshot(model: model, folder: folder, revision: revision, present: present)
    }
    return "\(folder)/snapshots/\(commit)"
  }

  private func isSafe(_ name: String) -> Bool {
    !name.isEmpty && name != "." && name != ".." && !name.contains { $0 == "/" || $0 == "\0" || $0.isNewline }
  }

  private func entries(_ folder: String) -> [String] {
    ((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []).sorted()
  }
}
