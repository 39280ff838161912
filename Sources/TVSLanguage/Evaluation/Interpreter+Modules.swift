import Foundation

extension Interpreter {
  /// Finds, loads and runs a module, or gives the one that was loaded before.
  func loadModule(_ syntax: ImportSyntax, at range: SourceRange) throws -> ModuleValue {
    let path = try locate(syntax, at: range)
    if let module = modules[path] { return module }
    if let start = loading.firstIndex(of: path) {
      let cycle = (loading[start...] + [path]).map { ($0 as NSString).lastPathComponent }
      throw RuntimeFailure(
        ErrorReport(
          .importCycle, "the modules import each other: " + cycle.joined(separator: " → "),
          help: "move what both need into a third file"), at: range)
    }
    guard let data = FileManager.default.contents(atPath: path) else {
      throw RuntimeFailure(ErrorReport(.file, "\(syntax.path) cannot be read"), at: range)
    }
    guard let text = String(data: data, encoding: .utf8) else {
      throw RuntimeFailure(ErrorReport(.fileFormat, "\(syntax.path) is not text in UTF-8"), at: range)
    }
    loading.append(path)
    defer { loading.removeLast() }
    let scope = ModuleScope()
    do {
      try runModule(SourceText(name: shown(path), text: text), in: scope)
    } catch var failure as RuntimeFailure {
      failure.diagnostic.trace.append(TracedCall(function: "import \(syntax.name)", range: range))
      throw failure
    }
    let module = ModuleValue(name: syntax.name, scope: scope)
    modules[path] = module
    return module
  }

  /// The real path of a module.
  private func locate(_ syntax: ImportSyntax, at range: SourceRange) throws -> String {
    let candidates: [String]
    if syntax.isLibrary {
      candidates = libraryPaths.map { $0 + "/" + syntax.path + ".tvs" }
    } else if syntax.path.hasPrefix("/") {
      candidates = [syntax.path]
    } else {
      candidates = [directory + "/" + syntax.path]
    }
    let manager = FileManager.default
    for candidate in candidates {
      var isFolder: ObjCBool = false
      if manager.fileExists(atPath: candidate, isDirectory: &isFolder), !isFolder.boolValue {
        return URL(fileURLWithPath: candidate).resolvingSymlinksInPath().path
      }
    }
    throw RuntimeFailure(notFound(syntax), at: range)
  }

  private func notFound(_ syntax: ImportSyntax) -> ErrorReport {
    let manager = FileManager.default
    if syntax.isLibrary {
      let known = libraryPaths.flatMap { (try? manager.contentsOfDirectory(atPath: $0)) ?? [] }
        .filter { $0.hasSuffix(".tvs") }.map { String($0.dropLast(4)) }.sorted()
      let help =
        Habits.modules[syntax.path] ?? Spelling.suggestion(for: syntax.path, among: known)
        ?? "a file of your own is imported as import \"\(syntax.path).tvs\" as \(syntax.path)"
      return ErrorReport(.unknownModule, "the library has no module \(syntax.path)", help: help)
    }
    let folder = syntax.path.hasPrefix("/") ? syntax.path : directory + "/" + syntax.path
    let name = (folder as NSString).lastPathComponent
    let neighbours = (try? manager.contentsOfDirectory(atPath: (folder as NSString).deletingLastPathComponent)) ?? []
    let nearest = Spelling.suggestion(for: name, among: neighbours.sorted())
    return ErrorReport(
      .unknownModule, "there is no file \(syntax.path)",
      help: nearest ?? "paths start from the folder of the file that imports")
  }

  /// A path as errors show it: from the working folder if the file lies in it.
  private func shown(_ path: String) -> String {
    let folder = URL(fileURLWithPath: FileManager.default.currentDirectoryPath).resolvingSymlinksInPath().path + "/"
    return path.hasPrefix(folder) ? String(path.dropFirst(folder.count)) : path
  }
}
