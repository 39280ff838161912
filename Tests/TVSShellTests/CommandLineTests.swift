import Testing

/// `tvs` without a terminal: what it prints where, and its exit status.
@Suite("The command line")
struct CommandLineTests {
  @Test("-e runs a text and prints what it shows")
  func code() throws {
    let result = try Piped.run(["-e", "x = 6; x * 7"])
    #expect(result.status == 0)
    #expect(result.output == "42\n")
    #expect(result.errors.isEmpty)
  }

  @Test("-e takes a text that begins with a sign, and arguments after it")
  func codeAndArguments() throws {
    #expect(try Piped.run(["-e", "-1 + 2"]).output == "1\n")
    #expect(try Piped.run(["-e", "args", "a", "--b"]).output == "[\"a\", \"--b\"]\n")
  }

  @Test("a script gets its arguments, those that look like options too")
  func script() throws {
    let scratch = try Scratch()
    try scratch.write("s.tvs", "args\n")
    let result = try Piped.run(["s.tvs", "a", "-e", "--help", "-"], folder: scratch.folder)
    #expect(result.status == 0)
    #expect(result.output == "[\"a\", \"-e\", \"--help\", \"-\"]\n")
  }

  @Test("standard input runs, as a script with - and entry by entry without")
  func standardInput() throws {
    #expect(try Piped.run(["-"], input: "x = 40\nx + 2\n").output == "42\n")
    #expect(try Piped.run(["-", "a"], input: "args").output == "[\"a\"]\n")
    let piped = try Piped.run([], input: "fn f(x) {\n  x + 2\n}\nf(40)\n:vars\n")
    #expect(piped.status == 0)
    #expect(piped.output.hasPrefix("42\n"))
    #expect(!piped.output.contains("tvs>"))
  }

  @Test("an error goes to standard error with its place, and the status is 1")
  func errors() throws {
    let result = try Piped.run(["-e", "x = 1\nx / 0"])
    #expect(result.status == 1)
    #expect(result.output.isEmpty)
    #expect(result.errors.hasPrefix("error[E0208]: "))
    #expect(result.errors.contains("-e:2:"))
  }

  @Test("a syntax error in line 3 of a file names line 3, and nothing of the file has run")
  func syntax() throws {
    let scratch = try Scratch()
    try scratch.write("bad.tvs", "print(\"one\")\nx = 2\ny = = 3\n")
    let result = try Piped.run(["bad.tvs"], folder: scratch.folder)
    #expect(result.status == 1)
    #expect(result.output.isEmpty)
    #expect(result.errors.contains("bad.tvs:3:"))
    let piped = try Piped.run([], input: "x = 1\n\ny = = 3\n")
    #expect(piped.status == 1)
    #expect(piped.errors.contains("<stdin>:3:"))
  }

  @Test("a file that is not there is an error that offers the nearest one")
  func missing() throws {
    let scratch = try Scratch()
    try scratch.write("drift.tvs", "1\n")
    let result = try Piped.run(["drfit.tvs"], folder: scratch.folder)
    #expect(result.status == 1)
    #expect(result.errors == "error[E0301]: there is no file drfit.tvs\nhelp: did you mean drift.tvs?\n")
    let folder = try Piped.run([scratch.folder])
    #expect(folder.status == 1)
    #expect(folder.errors.hasPrefix("error[E0301]: "))
  }

  @Test("exit(n) gives the status, after everything was written")
  func leaving() throws {
    let result = try Piped.run(["-e", "print(\"last\"); exit(7)"])
    #expect(result.status == 7)
    #expect(result.output == "last\n")
  }

  @Test("wrong usage has status 2 and prints nothing to standard output")
  func usage() throws {
    for arguments in [["--nonsense"], ["-e"], ["test"], ["explain"]] {
      let result = try Piped.run(arguments)
      #expect(result.status == 2, "\(arguments)")
      #expect(result.output.isEmpty)
      #expect(!result.errors.isEmpty)
    }
  }

  @Test("--version and --help go to standard output with status 0")
  func help() throws {
    let version = try Piped.run(["--version"])
    #expect(version.status == 0)
    #expect(version.output.contains("0.1"))
    let help = try Piped.run(["--help"])
    #expect(help.status == 0)
    #expect(help.output.contains("tvs -e CODE"))
  }

  @Test("a reader that goes away ends the program quietly")
  func brokenPipe() throws {
    let scratch = try Scratch()
    let script = "\(Terminal.program) -e 'for i in range(1000000) { print(i) }' | head -2; echo ${PIPESTATUS[0]}"
    try scratch.write("s.sh", script)
    let result = try Piped.run(["s.sh"], folder: scratch.folder, program: "/bin/bash")
    #expect(result.output == "0\n1\n0\n")
    #expect(result.errors.isEmpty)
  }

  @Test("output and errors keep their order in one file")
  func order() throws {
    let scratch = try Scratch()
    try scratch.write("s.sh", "\(Terminal.program) -e 'print(1); print(2); 1/0' 2>&1")
    let result = try Piped.run(["s.sh"], folder: scratch.folder, program: "/bin/bash")
    #expect(result.output.hasPrefix("1\n2\nerror[E0208]"))
  }
}
