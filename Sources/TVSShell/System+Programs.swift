#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

import Checkpoints

/// The editor and the pager of the user, on the terminal of the shell.
final class UserPrograms: TerminalPrograms {
  /// VISUAL and EDITOR may hold options, so that a shell must read them.
  private static let editor = #"exec ${VISUAL:-${EDITOR:-vi}} "$1""#
  private static let pager = #"LESS=${LESS:--RS} exec ${PAGER:-$(command -v less || command -v more || echo cat)} "$1""#

  func edit(_ text: String) throws(System.Failure) -> String? {
    try System.withTemporaryFile(text, ending: ".tvs") { path throws(System.Failure) in
      try System.run(Self.editor, path) == 0 ? try System.text(of: path) : nil
    }
  }

  func page(_ text: String) throws(System.Failure) {
    try System.withTemporaryFile(text, ending: ".txt") { path throws(System.Failure) in
      _ = try System.run(Self.pager, path)
    }
  }
}

extension System {
  /// Makes a file that only the user can read, for as long as the body runs.
  static func withTemporaryFile<Result>(
    _ text: String, ending: String, _ body: (String) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    let folder = environment("TMPDIR").flatMap { $0.hasPrefix("/") ? $0 : nil } ?? "/tmp"
    var template = Array("\(folder)/tvs-XXXXXX\(ending)".utf8CString)
    let descriptor = mkstemps(&template, Int32(ending.utf8.count))
    guard descriptor >= 0 else { throw .last }
    let path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    defer { unlink(path) }
    defer { close(descriptor) }
    try write(Array(text.utf8), to: descriptor)
    return try body(path)
  }

  /// What a line of the system's shell prints, if it ends well.
  static func output(of script: String) -> String? {
    guard let stream = popen(script, "r") else { return nil }
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 4096)
    while true {
      let count = fread(&buffer, 1, buffer.count, stream)
      if count == 0 { break }
      bytes += buffer[..<count]
    }
    return pclose(stream) == 0 ? String(decoding: bytes, as: UTF8.self) : nil
  }

  /// Runs a line of the system's shell with one argument on this terminal, to its end; gives its exit status.
  static func run(_ script: String, _ argument: String) throws(Failure) -> Int32 {
    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    var defaults = sigset_t()
    sigemptyset(&defaults)
    sigaddset(&defaults, SIGPIPE)
    posix_spawnattr_setsigdefault(&attributes, &defaults)
    posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGDEF))
    let command: [String] = ["sh", "-c", script, "sh", argument]
    var words: [UnsafeMutablePointer<CChar>?] = command.map { strdup($0) } + [nil]
    defer { words.forEach { free($0) } }
    var process: pid_t = 0
    let code = posix_spawn(&process, "/bin/sh", nil, &attributes, &words, environ)
    guard code == 0 else { throw Failure(code: code) }
    var status: Int32 = 0
    while waitpid(process, &status, 0) < 0 {
      guard errno == EINTR else { throw .last }
    }
    // Ctrl-C was meant for the program.
    Cancellation.take()
    return status & 0x7F == 0 ? (status >> 8) & 0xFF : 128 + status & 0x7F
  }
}
