/// What can go wrong when a model is asked for by name. The language turns each case into an error with a code and a help
/// line; failures of files are `TensorError`s.
public enum LibraryError: Error, Sendable, Equatable {
  /// A model that `tvs fetch` brings and has not brought yet.
  case notFetched(name: String)
  /// A name that `tvs fetch` does not know.
  case unknownName(name: String, known: [String])
  /// A model that is in none of the Hugging Face caches, with what is there.
  case notCached(model: String, folders: [String], present: [String])
  /// A model whose cache lacks the revision that was asked for, with the snapshots that are there.
  case noSnapshot(model: String, folder: String, revision: String, present: [String])
  /// A source such as `hf:a/b/c` that cannot be the name of a model.
  case invalidSource(source: String, reason: String)
  /// A transfer that did not succeed.
  case network(url: String, reason: String)
  /// A package index that does not list the file.
  case notListed(file: String, index: String)
  /// A file that is another one than was asked for; it has been removed.
  case wrongContent(file: String, reason: String)
  /// A program that is needed and not installed.
  case missingProgram(name: String)
  /// Another process is at the same file.
  case busy(path: String)
}
