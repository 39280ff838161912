import Checkpoints
import Reports
import TVSLanguage
import Tensors

/// `tvs report`: runs a script and writes what came out as a page or as Markdown.
enum ReportCommand {
  private enum Form {
    case html, markdown

    init?(path: String) {
      switch Path.name(of: path).split(separator: ".").last?.lowercased() {
      case "html", "htm": self = .html
      case "md", "markdown": self = .markdown
      default: return nil
      }
    }
  }

  /// Runs a script and writes its report, also when the script fails or is interrupted.
  ///
  /// - Parameters:
  ///   - output: the file of the report; nil puts it beside the script, as HTML.
  ///   - arguments: what the script gets as `args`.
  /// - Returns: the exit status: that of the script, or 1 if there is no report.
  static func run(_ file: String, output: String?, arguments: [String], maxSteps: Int? = nil) -> Int32 {
    let path = output ?? (file.hasSuffix(".tvs") ? String(file.dropLast(4)) : file) + ".html"
    guard let form = Form(path: path) else {
      Program.complain("a report is x.html or x.md, not \(path)")
      return 2
    }
    let text: String
    do {
      text = try System.text(of: file)
    } catch {
      return refuse(Program.unreadable(file, because: error))
    }
    // Before an hour of training, not after it.
    let folder = Path.folder(of: path)
    guard folder.isEmpty || System.kind(of: folder) == .folder else {
      return refuse(Diagnostic(.file, "there is no folder \(folder)", range: nil))
    }
    let command = (["tvs", "report", file, "-o", path] + arguments).map(quoted).joined(separator: " ")
    let began = ContinuousClock.now
    let date = Machine.date
    let stream = ReportStream()
    let interpreter = Program.interpreter(output: stream, installation: .current)
    interpreter.arguments = arguments
    interpreter.maxSteps = maxSteps
    let run = ReportRun(file: file, text: text, interpreter: interpreter, stream: stream)
    let seconds = began.duration(to: .now).inSeconds
    if let complaint = run.complaint { StandardError.write(complaint + "\n") }
    let origins = run.origins()
    let facts = Self.facts(
      command: command, seconds: seconds, date: date, seed: interpreter.seed, origins: origins)
    let name = Path.name(of: file)
    let report = Report(
      name: name, summary: "\(name), \(date), \(Figures.duration(seconds)) with tvs \(Program.version)",
      parts: run.parts, facts: facts, origins: origins, generator: "tvs \(Program.version)",
      folder: Path.folder(of: file).isEmpty ? "." : Path.folder(of: file))
    do throws(System.Failure) {
      switch form {
      case .html: try System.replace(path, with: report.html)
      case .markdown: try write(report, to: path)
      }
    } catch {
      return refuse(Diagnostic(.file, "\(path) cannot be written: \(error.reason.lowercased())", range: nil))
    }
    Program.say("\(path): \(contents(run.parts)), \(Figures.duration(seconds))")
    return run.status
  }

  /// Markdown, and its pictures in a folder beside it.
  private static func write(_ report: Report, to path: String) throws(System.Failure) {
    let name = Path.name(of: path).split(separator: ".").dropLast().joined(separator: ".") + "-pictures"
    let markdown = report.markdown(picturesIn: name)
    if !markdown.pictures.isEmpty {
      let folder = Path.joined(Path.folder(of: path), name)
      try System.makeFolder(folder)
      for picture in markdown.pictures { try System.replace(Path.joined(folder, picture.name), with: picture.svg) }
    }
    try System.replace(path, with: markdown.text)
  }

  private static func refuse(_ diagnostic: Diagnostic) -> Int32 {
    StandardError.write(diagnostic.rendered(color: Ink.wanted(on: 2).isOn) + "\n")
    return 1
  }

  /// Such as `14 results, 3 of them tables and 2 pictures`.
  private static func contents(_ parts: [Report.Part]) -> String {
    var (results, tables, pictures) = (0, 0, 0)
    for case .value(let exhibit, _) in parts {
      results += 1
      switch exhibit {
      case .table: tables += 1
      case .picture: pictures += 1
      case .text: break
      }
    }
    func count(_ number: Int, _ noun: String) -> String { "\(number) \(noun)\(number == 1 ? "" : "s")" }
    return "\(count(results, "result")), \(count(tables, "table")) and \(count(pictures, "picture")) among them"
  }

  // MARK: - Facts

  private static func facts(
    command: String, seconds: Double, date: String, seed: UInt64, origins: [Report.Origin]
  ) -> [Report.Fact] {
    let seeds = Set(origins.map(\.seed).filter { !$0.isEmpty }).sorted { (Int($0) ?? 0, $0) < (Int($1) ?? 0, $1) }
    let calls = seeds.isEmpty ? "" : "; the values below were made with \(seeds.joined(separator: ", "))"
    let processor = Figures.duration(Machine.processorSeconds)
    return [
      Report.Fact("Command", [command], isCode: true),
      Report.Fact("Time", ["\(date), \(Figures.duration(seconds)), \(processor) of processor time"]),
      Report.Fact("Seeds", ["the session's was \(seed) at the end\(calls)"]),
      Report.Fact("Versions", Machine.versions(.current)),
      Report.Fact(
        "Machine",
        [
          "\(Machine.processor), \(Machine.cores) cores, \(Figures.size(Machine.memory)) of memory",
          "\(Parallel.width) threads", Machine.system,
        ]),
      Report.Fact(
        "Same bits", ["the same script, seeds, versions, machine and number of threads give the same bits"]),
    ]
  }

  /// A word of a command line.
  private static func quoted(_ word: String) -> String {
    let isPlain = !word.isEmpty && word.allSatisfy { $0.isLetter || $0.isNumber || "/._-+=:,@%".contains($0) }
    return isPlain ? word : "'" + word.replacing("'", with: "'\\''") + "'"
  }
}
