#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// What a program without a terminal gave: a run of `tvs` with pipes.
struct Piped {
  var status: Int32
  var output: String
  var errors: String

  /// Runs `tvs`, or another program, to its end.
  ///
  /// - Parameters:
  ///   - input: what it reads on standard input.
  ///   - interruptAfter: seconds after which it gets SIGINT.
  static func run(
    _ arguments: [String], input: String = "", environment: [String: String] = [:], folder: String? = nil,
    interruptAfter: Double? = nil, program: String = Terminal.program
  ) throws -> Piped {
    let scratch = try Scratch()
    try scratch.write("in", input)
    var plain = ["PATH": "/usr/bin:/bin", "HOME": "/nonexistent", "LC_ALL": "C.UTF-8"]
    plain.merge(environment) { $1 }
    let process = try Terminal.spawn(
      [program] + arguments, environment: plain.map { "\($0)=\($1)" }, folder: folder
    ) { actions in
      posix_spawn_file_actions_addopen(&actions, 0, scratch.path("in"), O_RDONLY, 0)
      posix_spawn_file_actions_addopen(&actions, 1, scratch.path("out"), O_WRONLY | O_CREAT, 0o600)
      posix_spawn_file_actions_addopen(&actions, 2, scratch.path("err"), O_WRONLY | O_CREAT, 0o600)
    }
    if let interruptAfter {
      usleep(UInt32(interruptAfter * 1e6))
      kill(process, SIGINT)
    }
    var raw: Int32 = 0
    while waitpid(process, &raw, 0) < 0 && errno == EINTR {}
    return Piped(
      status: Terminal.exitStatus(raw), output: try scratch.read("out"), errors: try scratch.read("err"))
  }
}

/// A folder that is gone when the test is over.
final class Scratch {
  let folder: String

  init() throws {
    var template = Array("/tmp/tvs-test-XXXXXX".utf8CString)
    guard mkdtemp(&template) != nil else { throw Terminal.Failure(description: "no scratch folder") }
    folder = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  deinit {
    let words: [String] = ["/bin/rm", "-rf", folder]
    var command: [UnsafeMutablePointer<CChar>?] = words.map { strdup($0) } + [nil]
    defer { command.forEach { free($0) } }
    var process: pid_t = 0
    var raw: Int32 = 0
    if posix_spawn(&process, "/bin/rm", nil, nil, &command, environ) == 0 { waitpid(process, &raw, 0) }
  }

  /// The permission bits of a file, or nil if it is not there.
  func mode(_ name: String) -> UInt32? {
    var status = stat()
    return stat(path(name), &status) == 0 ? UInt32(status.st_mode & 0o777) : nil
  }

  func path(_ name: String) -> String { "\(folder)/\(name)" }

  func write(_ name: String, _ text: String) throws {
    guard let file = fopen(path(name), "w") else { throw Terminal.Failure(description: "cannot write \(name)") }
    defer { fclose(file) }
    guard fputs(text, file) >= 0 else { throw Terminal.Failure(description: "cannot write \(name)") }
  }

  func read(_ name: String) throws -> String {
    guard let file = fopen(path(name), "r") else { throw Terminal.Failure(description: "no file \(name)") }
    defer { fclose(file) }
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 65536)
    while true {
      let count = fread(&buffer, 1, buffer.count, file)
      if count == 0 { break }
      bytes += buffer[..<count]
    }
    return String(decoding: bytes, as: UTF8.self)
  }
}
