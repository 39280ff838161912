import TVSLanguage

extension Session {
  /// Lists the walkthroughs, or goes through the one that `name` means.
  func walk(_ name: String) -> Outcome {
    guard let folder = installation.walkthroughs else {
      return refuse(
        Diagnostic(
          .file, "the walkthroughs are not installed", range: nil,
          help: "set TVS_LIBRARY to the folder that holds stdlib and walkthroughs"))
    }
    let names = Walkthrough.names(in: folder)
    if name.isEmpty { return list(names, in: folder) }
    guard let resolved = Walkthrough.resolve(name, among: names) else {
      let near = Spelling.nearest(to: name, among: names).map { "did you mean \($0)?" }
      return refuse(
        Diagnostic(
          .file, "there is no walkthrough \(name)", range: nil,
          help: near ?? "the walkthroughs are \(names.joined(separator: ", "))"))
    }
    let path = Path.joined(folder, resolved + ".tvs")
    do {
      let walkthrough = Walkthrough(try System.text(of: path), isComplete: isComplete)
      let next = names.drop { $0 != resolved }.dropFirst().first
      var guide = WalkthroughGuide(session: self, walkthrough: walkthrough, name: resolved, next: next)
      return guide.run()
    } catch {
      return refuse(Program.unreadable(path, because: error))
    }
  }

  private func list(_ names: [String], in folder: String) -> Outcome {
    let all = names.map { name in
      let text = (try? System.text(of: Path.joined(folder, name + ".tvs"))) ?? ""
      return (name: name, walkthrough: Walkthrough(text, isComplete: isComplete))
    }
    let nameWidth = names.map(\.count).max() ?? 0
    let timeWidth = all.map { $0.walkthrough.time?.count ?? 0 }.max() ?? 0
    for (name, walkthrough) in all {
      let time = walkthrough.time ?? ""
      let margin = String(repeating: " ", count: timeWidth - time.count)
      let needs = walkthrough.needs.map { ink.dim(" (needs \($0))") } ?? ""
      output.write("  \(Columns.padded(name, to: nameWidth))  \(margin)\(time)  \(walkthrough.title)\(needs)\n")
    }
    let command = asker == nil ? "tvs walkthrough" : ":walkthrough"
    output.write(ink.dim("Times are those of its code on two cores. \(command) 4 opens the fourth.") + "\n")
    return .ready
  }
}
