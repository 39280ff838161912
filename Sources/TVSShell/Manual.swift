import TVSBuiltins
import TVSLanguage

/// The manual: Markdown made from the records of the builtins, one page a topic, and one about the shell. `scripts/manual`
/// writes it to `docs/manual`, and a test compares.
struct Manual {
  private let builtins: [Builtin]

  init(builtins: [Builtin]) { self.builtins = builtins }

  /// File names and texts.
  var pages: [(name: String, text: String)] {
    [("README.md", contents), ("shell.md", shell)] + topics.map { ("\($0).md", page(of: $0)) }
  }

  private var topics: [String] {
    var seen: Set<String> = []
    return builtins.map(\.topic).filter { seen.insert($0).inserted }
  }

  private static let origin =
    "<!-- Made by scripts/manual from the records of the builtins; change those, then run it again. -->\n\n"

  private var contents: String {
    var lines = [Self.origin + "# The manual of tvs", ""]
    lines.append("- [The shell](shell.md): keys, help and what begins with a colon")
    lines.append("- [A tour](../tour.md): twenty-five lines to begin with")
    lines.append("- [Errors](../errors): one page a code, which `tvs explain E0203` prints too")
    for topic in topics {
      lines += ["", "## [\(topic)](\(topic).md)", ""]
      lines += builtins.filter { $0.topic == topic }.map { "- [`\($0.name)`](\(topic).md#\(anchor($0))) \($0.summary)" }
    }
    return lines.joined(separator: "\n") + "\n"
  }

  private var shell: String {
    var lines = [Self.origin + "# The shell", "", Help.opening, ""]
    lines += ["## The four most helpful things", ""] + Help.best.map { "- `\($0.0)` \($0.1)" }
    lines += ["", "## Keys and help", ""] + Help.keys.map { "- `\($0.0)` \($0.1)" }
    lines += ["", "## Session", "", "A command may be abbreviated as long as it stays the only one.", ""]
    lines += SessionCommand.allCases.map { command in
      "- `:\(command.rawValue)\(command.usage.isEmpty ? "" : " \(command.usage)")` \(command.summary)"
    }
    return lines.joined(separator: "\n") + "\n"
  }

  private func page(of topic: String) -> String {
    let members = builtins.filter { $0.topic == topic }
    return Self.origin + "# \(topic)\n\n" + members.map(entry).joined(separator: "\n")
  }

  private func entry(_ builtin: Builtin) -> String {
    let page = HelpPage(builtin)
    var lines = ["## \(builtin.name)", ""]
    let ending = builtin.returns.isEmpty || builtin.returns == "nil" ? "" : " → \(builtin.returns)"
    lines += ["`\(builtin.name)(\(page.signature.joined(separator: ", ")))\(ending)`", "", builtin.summary, ""]
    if !page.arguments.isEmpty {
      lines += page.arguments.map { argument in
        let kinds = argument.kinds.isEmpty ? "" : " (\(argument.kinds))"
        return "- `\(argument.name)`\(kinds)\(argument.help.isEmpty ? "" : ": \(argument.help)")"
      }
      lines.append("")
    }
    if !builtin.details.isEmpty { lines += [paragraphs(builtin.details), ""] }
    for example in builtin.examples {
      let code = example.code.split(whereSeparator: \.isNewline).flatMap { line in
        line.count > 100 ? HelpPage.statements(String(line)) : [line]
      }
      lines.append("```")
      lines += zip(code.indices, code).map { ($0 == 0 ? Transcript.prompt : Transcript.continuation) + $1 }
      lines += (example.shows ?? "").split(whereSeparator: \.isNewline).map(String.init)
      lines += ["```", ""]
    }
    if !builtin.errors.isEmpty {
      lines += ["Errors: " + builtin.errors.map { "[\($0)](../errors/\($0).md)" }.joined(separator: ", "), ""]
    }
    if !builtin.seeAlso.isEmpty { lines += ["See also: " + builtin.seeAlso.map(link).joined(separator: ", "), ""] }
    return lines.joined(separator: "\n")
  }

  /// Each line of the details is a paragraph; indented ones are formulas.
  private func paragraphs(_ text: String) -> String {
    text.split(separator: "\n", omittingEmptySubsequences: true)
      .map { $0.hasPrefix(" ") ? "    " + $0.drop { $0 == " " } : String($0) }.joined(separator: "\n\n")
  }

  private func anchor(_ builtin: Builtin) -> String { builtin.name.lowercased() }

  private func link(_ name: String) -> String {
    guard let builtin = builtins.first(where: { $0.name == name }) else { return "`\(name)`" }
    return "[`\(name)`](\(builtin.topic).md#\(anchor(builtin)))"
  }
}
