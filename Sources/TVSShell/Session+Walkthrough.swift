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
      return go(through: Walkthrough(try System.text(of: path), isComplete: isComplete), source: resolved + ".tvs")
    } catch {
      return refuse(Program.unreadable(path, because: error))
    }
  }

  private func list(_ names: [String], in folder: String) -> Outcome {
    let nameWidth = names.map(\.count).max() ?? 0
    for name in names {
      let text = (try? System.text(of: Path.joined(folder, name + ".tvs"))) ?? ""
      let title = Walkthrough(text, isComplete: isComplete).title
      output.write(Columns.cut("  \(Columns.padded(name, to: nameWidth))  \(title)", to: width) + "\n")
    }
    output.write("Open one with :walkthrough NAME.\n")
    return .ready
  }

  private func go(through walkthrough: Walkthrough, source: String) -> Outcome {
    let width = min(self.width, 100)
    for (index, step) in walkthrough.steps.enumerated() {
      if index > 0, let pause, !pause() { return .ready }
      let text = Self.paragraphs(step.text).flatMap { Columns.wrapped($0, to: width) }
      if !text.isEmpty { write(text + [""]) }
      if step.code.isEmpty { continue }
      let lines = step.code.split(separator: "\n", omittingEmptySubsequences: false)
      output.write(
        zip(lines.indices, lines).map { row, line in
          ink.dim(row == 0 ? Transcript.prompt : Transcript.continuation) + ink.bold(String(line)) + "\n"
        }.joined())
      let outcome = enter(step.code, source: source, line: step.line)
      if outcome != .ready { return outcome }
      output.write("\n")
    }
    return .ready
  }

  /// Joins the lines of a comment into paragraphs; indented lines stay as they are.
  static func paragraphs(_ lines: [String]) -> [String] {
    var result: [String] = []
    var isOpen = false
    for line in lines {
      if line.isEmpty || line.hasPrefix(" ") || line.hasPrefix("-") {
        result.append(line)
        isOpen = line.hasPrefix("-")
      } else if isOpen, let last = result.last {
        result[result.count - 1] = "\(last) \(line)"
      } else {
        result.append(line)
        isOpen = true
      }
    }
    while result.last?.isEmpty == true { result.removeLast() }
    return result
  }
}
