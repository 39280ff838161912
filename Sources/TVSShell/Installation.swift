/// Where the parts of tvs that are files are found: the standard library, the walkthroughs and the manual.
public struct Installation: Sendable, Equatable {
  /// The folder with the standard library's modules.
  public var library: String?
  /// The folder with the walkthroughs.
  public var walkthroughs: String?
  /// The folder with the manual; its `errors` folder has one page a code.
  public var documents: String?

  /// The installation that this program belongs to.
  public static let current = Installation(
    executable: System.executable ?? "", override: System.environment("TVS_LIBRARY"))

  /// Looks for the parts, from any working directory.
  ///
  /// - Parameters:
  ///   - executable: the program's own file. Installed, `<prefix>/bin/tvs` has its parts in `<prefix>/share/tvs`.
  ///     Built, it stands below the folder with `Package.swift` and `stdlib`.
  ///   - override: the value of `TVS_LIBRARY`: a folder like `share/tvs`, or one with modules only.
  init(executable: String, override: String? = nil) {
    let folder = Path.folder(of: executable)
    let share = Path.joined(Path.folder(of: folder), "share/tvs")
    if System.kind(of: "\(share)/stdlib") == .folder {
      find(library: "\(share)/stdlib", walkthroughs: "\(share)/walkthroughs", documents: "\(share)/docs")
    } else {
      var root = folder
      while !root.isEmpty {
        if System.kind(of: Path.joined(root, "Package.swift")) == .file
          && System.kind(of: Path.joined(root, "stdlib")) == .folder
        {
          find(
            library: Path.joined(root, "stdlib"), walkthroughs: Path.joined(root, "scripts/walkthroughs"),
            documents: Path.joined(root, "docs"))
          break
        }
        root = root == "/" ? "" : Path.folder(of: root)
      }
    }
    guard let override, !override.isEmpty else { return }
    if System.kind(of: "\(override)/stdlib") == .folder {
      find(library: "\(override)/stdlib", walkthroughs: "\(override)/walkthroughs", documents: "\(override)/docs")
    } else {
      library = override
    }
  }

  /// A part that is not there keeps the place found before, if any.
  private mutating func find(library: String, walkthroughs: String, documents: String) {
    if System.kind(of: library) == .folder { self.library = library }
    if System.kind(of: walkthroughs) == .folder { self.walkthroughs = walkthroughs }
    if System.kind(of: documents) == .folder { self.documents = documents }
  }
}
