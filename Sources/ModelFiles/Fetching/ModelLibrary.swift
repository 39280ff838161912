import Foundation

/// Models that have a name instead of a path: those that `tvs fetch` brings, and those in the Hugging Face cache.
public enum ModelLibrary {
  /// Where a named model is.
  public struct Located: Sendable, Equatable {
    /// What it was asked for as, such as `smollm2` or `hf:distilgpt2`.
    public let name: String
    /// The file or folder that holds it.
    public let path: String
  }

  /// Finds a model by its name: `smollm2`, `hf:distilgpt2`, `hf:org/name` or `hf:org/name@revision`. Nil when the source
  /// is no such name; whether it is a path is the caller's question.
  ///
  /// - Throws: ``LibraryError`` for a name that is known or begins with `hf:`, and whose model is not there.
  public static func locate(_ source: String) throws(LibraryError) -> Located? {
    try locate(source, environment: ProcessInfo.processInfo.environment)
  }

  /// Names of models that are there or can be fetched, for completion inside `load("`.
  public static func names() -> [String] { names(environment: ProcessInfo.processInfo.environment) }

  /// The models that can be fetched, with the place of those that are there.
  public static func fetchable() -> [(model: FetchableModel, path: String?)] {
    let folder = folder(ProcessInfo.processInfo.environment)
    return FetchableModel.all.map { ($0, isFile($0.path(in: folder)) ? $0.path(in: folder) : nil) }
  }

  // MARK: - With an environment

  static func locate(_ source: String, environment: [String: String]) throws(LibraryError) -> Located? {
    if source.hasPrefix("hf:") {
      return Located(name: source, path: try HuggingFaceCache(environment).locate(source))
    }
    guard let model = FetchableModel.all.first(where: { $0.name == source }) else { return nil }
    let path = model.path(in: folder(environment))
    guard isFile(path) else { throw .notFetched(name: source) }
    return Located(name: source, path: path)
  }

  static func names(environment: [String: String]) -> [String] {
    FetchableModel.all.map(\.name) + HuggingFaceCache(environment).models.map { "hf:\($0)" }
  }

  /// Where fetched models are kept: `TVS_MODELS`, or `tvs/models` in the user's cache.
  static func folder(_ environment: [String: String]) -> String {
    if let folder = environment["TVS_MODELS"], !folder.isEmpty { return folder }
    // The XDG base directory specification has a relative path ignored.
    if let cache = environment["XDG_CACHE_HOME"], cache.hasPrefix("/") { return "\(cache)/tvs/models" }
    return "\(home(environment))/.cache/tvs/models"
  }

  static func home(_ environment: [String: String]) -> String {
    environment["HOME"].flatMap { $0.isEmpty ? nil : $0 } ?? NSHomeDirectory()
  }

  static func isFile(_ path: String) -> Bool {
    var isFolder: ObjCBool = false
    return FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) && !isFolder.boolValue
  }
}

extension FetchableModel {
  /// Where the weights are in a folder of models.
  func path(in folder: String) -> String { "\(folder)/\(name)/\(file)" }
}
