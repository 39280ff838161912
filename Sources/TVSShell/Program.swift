import CCheckpoint
import Checkpoints
import Synchronization
import TVSBuiltins
import TVSLanguage
import Workers

/// What the command line can ask for. Each gives the exit status: 0; 1 an error in the program; 2 wrong usage;
/// 130 interrupted.
public enum Program {
  /// The version, as `tvs --version` prints it.
  public static let version = "0.1.0"
  static let interruptedStatus: Int32 = 130

  /// Opens the shell.
  public static func shell() -> Int32 {
    if let status = joinAlone("the shell") { return status }
    prepare()
    return Shell().run()
  }

  /// Opens the shell in a walkthrough, or lists the walkthroughs.
  public static func walkthrough(_ name: String?) -> Int32 {
    if let status = joinAlone("a walkthrough") { return status }
    prepare()
    if let name, System.isTerminal(0) { return Shell().run(walkthrough: name) }
    let session = Session(output: StandardOutput.shared, errors: ErrorStream(), ink: Ink.wanted(on: 1))
    return status(of: session.walk(name ?? ""))
  }

  /// Runs a script, or standard input when `file` is `-`.
  ///
  /// - Parameter arguments: what the script gets as `args`.
  public static func run(file: String, arguments: [String]) -> Int32 {
    prepare()
    if let status = join() { return status }
    var failure: System.Failure?
    do {
      // All workers run the text that the first one reads: only that one has standard input.
      let text = try Team.current.agreed("script") {
        do throws(System.Failure) {
          return try file == "-" ? standardInput() : System.text(of: file)
        } catch {
          failure = error
          throw error
        }
      }
      return run(SourceText(name: file == "-" ? "<stdin>" : file, text: text), arguments: arguments)
    } catch {
      return report(.errors([unreadable(file, because: failure ?? .missing)]), seconds: 0)
    }
  }

  /// Runs a text.
  ///
  /// - Parameter arguments: what it gets as `args`.
  public static func run(code: String, arguments: [String]) -> Int32 {
    prepare()
    if let status = join() { return status }
    return run(SourceText(name: "-e", text: code), arguments: arguments)
  }

  /// Runs scripts with expectations, and transcripts.
  public static func test(_ paths: [String]) -> Int32 {
    if let status = joinAlone("tvs test") { return status }
    prepare()
    return TestCommand.run(paths)
  }

  /// Runs a script and writes its report.
  ///
  /// - Parameters:
  ///   - output: the file of the report, HTML or Markdown; nil for HTML beside the script.
  ///   - arguments: what the script gets as `args`.
  public static func report(_ file: String, output: String?, arguments: [String]) -> Int32 {
    prepare()
    return ReportCommand.run(file, output: output, arguments: arguments)
  }

  /// Brings scripts into their one form, or says which are not in it.
  public static func format(_ paths: [String], isCheck: Bool) -> Int32 {
    prepare()
    return FormatCommand.run(paths, isCheck: isCheck)
  }

  /// Sets how much memory the process may take, and how many steps a program may make; nil for no limit.
  ///
  /// - Returns: false for a size that is none, such as `2 gallons`.
  public static func limit(memory: String?, steps: Int?) -> Bool {
    maxSteps.store(steps ?? 0, ordering: .relaxed)
    guard let memory else { return true }
    guard let bytes = bytes(of: memory) else { return false }
    MemoryLimit.bytes = bytes
    return true
  }

  private static let maxSteps = Atomic<Int>(0)

  /// `512M`, `2G`, `1.5GB` or a number of bytes.
  static func bytes(of size: String) -> Int? {
    var number = size.uppercased()[...]
    if number.hasSuffix("B") { number.removeLast() }
    if number.hasSuffix("I") { number.removeLast() }
    let units: [Character: Double] = ["K": 0x1p10, "M": 0x1p20, "G": 0x1p30, "T": 0x1p40]
    let unit = number.last.flatMap { units[$0] }
    if unit != nil { number.removeLast() }
    guard let count = Double(number), count > 0, count * (unit ?? 1) < 1e18 else { return nil }
    return Int(count * (unit ?? 1))
  }

  /// Brings a model into the user's cache, or lists the models that can be brought.
  public static func fetch(_ name: String?) -> Int32 {
    prepare()
    return FetchCommand.run(name)
  }

  /// Writes the manual into a folder.
  public static func manual(_ folder: String) -> Int32 {
    do {
      try System.makeFolder(folder)
      for page in Manual(builtins: Library.all).pages {
        try System.replace(Path.joined(folder, page.name), with: page.text)
      }
      return 0
    } catch {
      complain("the manual cannot be written to \(folder): \(error.reason)")
      return 1
    }
  }

  /// Prints the page of an error.
  public static func explain(_ code: String) -> Int32 {
    let wanted = code.uppercased()
    guard let documents = Installation.current.documents else {
      complain("the manual is not installed; set TVS_LIBRARY to the folder that holds stdlib and docs")
      return 1
    }
    let folder = Path.joined(documents, "errors")
    if let page = try? System.text(of: Path.joined(folder, wanted + ".md")) {
      StandardOutput.shared.write(page.hasSuffix("\n") ? page : page + "\n")
      return 0
    }
    let codes = System.entries(of: folder).filter { $0.hasPrefix("E") && $0.hasSuffix(".md") }.map { $0.dropLast(3) }
    complain("there is no error \(wanted); the codes are \(codes.joined(separator: " "))")
    return 1
  }

  /// Writes a line to standard output.
  public static func say(_ text: String) { StandardOutput.shared.write(text + "\n") }

  /// Writes a line to standard error.
  public static func complain(_ text: String) { StandardError.write(text + "\n") }

  /// Ends the process with everything written.
  public static func leave(_ status: Int32) -> Never {
    ProgressBar.shared.hide()
    StandardOutput.shared.flush()
    part(status)
    System.exit(status)
  }

  // MARK: - Parts

  /// An interpreter with the whole library.
  static func interpreter(output: any OutputStream, installation: Installation) -> Interpreter {
    Interpreter(
      builtins: Library.all, output: output, libraryPaths: installation.library.map { [$0] } ?? [],
      translate: Library.translate)
  }

  private static func prepare() {
    System.ignoreSignalsOfFiles()
    // Without the handler Ctrl-C would still end the program, only without its words.
    _ = tvs_interrupts_install()
    Activity.observe(with: ProgressBar.shared)
  }

  private static func run(_ source: SourceText, arguments: [String]) -> Int32 {
    let interpreter = interpreter(output: StandardOutput.shared, installation: .current)
    interpreter.arguments = arguments
    let steps = maxSteps.load(ordering: .relaxed)
    interpreter.maxSteps = steps > 0 ? steps : nil
    if System.isTerminal(1) {
      interpreter.style.width = TerminalSize.current.columns
      interpreter.style.height = TerminalSize.current.rows
      interpreter.style.show(PictureSupport.current)
    }
    interpreter.style.color = Ink.wanted(on: 1).isOn
    let began = ContinuousClock.now
    do throws(TVSLanguage.Failure) {
      try interpreter.run(source)
      return 0
    } catch {
      return report(error, seconds: began.duration(to: .now).inSeconds)
    }
  }

  private static func report(_ failure: TVSLanguage.Failure, seconds: Double) -> Int32 {
    switch failure {
    case .errors(let diagnostics):
      let isColoured = Ink.wanted(on: 2).isOn
      StandardError.write(diagnostics.map { $0.rendered(color: isColoured) + "\n" }.joined())
      return 1
    case .interrupted(let interrupted, let range):
      // The reader of the pipe has seen enough: nobody interrupted, and nothing failed.
      if StandardOutput.shared.isClosed { return 0 }
      StandardError.write(Notice.interruption(interrupted, at: range, seconds: seconds) + "\n")
      return interruptedStatus
    case .exit(let status):
      return status
    }
  }

  static func status(of outcome: Session.Outcome) -> Int32 {
    switch outcome {
    case .ready: 0
    case .failed: 1
    case .interrupted: StandardOutput.shared.isClosed ? 0 : interruptedStatus
    case .leave(let status): status
    }
  }

  private static func standardInput() throws(System.Failure) -> String {
    var bytes: [UInt8] = []
    while let more = try System.read(0) { bytes += more }
    return String(decoding: bytes, as: UTF8.self)
  }

  /// The error of a script that cannot be read, with the nearest file beside it.
  static func unreadable(_ path: String, because failure: System.Failure) -> Diagnostic {
    guard failure.isMissing else {
      return Diagnostic(.file, "cannot read \(path): \(failure.reason.lowercased())", range: nil)
    }
    let folder = Path.folder(of: path)
    guard folder.isEmpty || System.kind(of: folder) == .folder else {
      return Diagnostic(
        .file, "there is no folder \(folder)", range: nil, help: "it should hold \(Path.name(of: path))")
    }
    let scripts = System.entries(of: folder.isEmpty ? "." : folder)
    let near = Spelling.nearest(to: Path.name(of: path), among: scripts)
    let verb = Spelling.nearest(to: path, among: ["test", "report", "walkthrough", "fetch", "explain"])
    let help =
      if let near { "did you mean \(Path.joined(folder, near))?" } else if let verb {
        "did you mean the command tvs \(verb)?"
      } else {
        "the folder \(folder.isEmpty ? System.currentFolder : folder) does not hold it"
      }
    return Diagnostic(.file, "there is no file \(path)", range: nil, help: help)
  }
}

/// Standard error, where the language wants a stream.
final class ErrorStream: OutputStream {
  func write(_ text: String) { StandardError.write(text) }
}
