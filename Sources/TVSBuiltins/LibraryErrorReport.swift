import ModelFiles
import TVSLanguage

extension ErrorReport {
  /// What the language says about a model that was asked for by name.
  public init(_ error: LibraryError) {
    switch error {
    case .notFetched(let name):
      self.init(.file, "the model \(name) is not here", help: "run: tvs fetch \(name)", argument: "source")
    case .unknownName(let name, let known):
      self.init(
        .unknownChoice, "there is no model \(name) to fetch",
        help: Spelling.suggestion(for: name, among: known) ?? "it is \(known.joined(separator: " or "))",
        argument: "source")
    case .notCached(let model, let folders, let present):
      let listed = present.prefix(8).map { "hf:\($0)" }.joined(separator: ", ")
      let more = present.count > 8 ? " and \(present.count - 8) more" : ""
      // `distilgpt` is near to `distilbert/distilgpt2` by its last part.
      let near = ErrorReport.nearest(to: model, among: present)
      self.init(
        .file, "there is no model \(model) in \(folders.joined(separator: " or "))",
        help: near.map { "did you mean hf:\($0)?" }
          ?? (present.isEmpty ? "the folder holds no models; HF_HUB_CACHE names another" : "there is \(listed)\(more)"),
        argument: "source")
    case .noSnapshot(let model, let folder, let revision, let present):
      self.init(
        .file, "the cache has no revision \(revision) of \(model)", label: "looked in \(folder)",
        help: present.isEmpty
          ? "its download was not finished"
          : "there is " + present.map { "hf:\(model)@\($0)" }.joined(separator: ", "), argument: "source")
    case .invalidSource(let source, let reason):
      self.init(.invalidArgument, "\(source) is no name of a model", label: reason, argument: "source")
    case .network(let url, let reason):
      self.init(
        .download, "\(url): \(reason)",
        help: "what has arrived is kept; try again, or set https_proxy or PIP_INDEX_URL to a way that is open")
    case .notListed(let file, let index):
      self.init(.download, "\(index) does not offer \(file)", help: "set PIP_INDEX_URL to an index that does")
    case .wrongContent(let file, let reason):
      self.init(
        .download, "\(file) is not the file that it should be: \(reason)",
        help: "nothing of it is kept; set PIP_INDEX_URL to an index that you trust, such as https://pypi.org/simple")
    case .missingProgram(let name):
      self.init(.download, "the program \(name) is not installed", help: "install it: apt-get install \(name)")
    case .busy(let path):
      self.init(.file, "\(path): another process is at it", help: "wait until it is done")
    }
  }

  private static func nearest(to model: String, among present: [String]) -> String? {
    if let near = Spelling.nearest(to: model, among: present) { return near }
    let last = model.split(separator: "/").last.map(String.init) ?? model
    let tails = present.map { $0.split(separator: "/").last.map(String.init) ?? $0 }
    guard let near = Spelling.nearest(to: last, among: tails) else { return nil }
    return tails.firstIndex(of: near).map { present[$0] }
  }
}
