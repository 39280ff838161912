import Checkpoints
import Foundation
import Tensors

/// A program that is run beside this one and read from.
///
/// Transfers are curl's: it knows proxies, certificates, redirections and ranges, is kept by people who do nothing else,
/// and costs nothing until it is wanted, while Foundation's networking would be linked into every start. Digests are
/// sha256sum's for the same reason: a library for one hash in one command is a minute and a half of every clean build.
/// What the program prints comes through a pipe, so that it ends when this process is killed and nobody reads on.
enum ChildProcess {
  struct Outcome {
    /// The exit status, or 128 + the signal that ended it.
    var status: Int32
    /// What it said on standard error.
    var errors: String
  }

  enum Input {
    /// At most some kilobytes, which the pipe itself can hold.
    case text(String)
    case file(String)
  }

  /// How long nobody looks at the flag that Ctrl-C raises, in milliseconds.
  private static let patience: Int32 = 20

  /// Runs a program to its end, or until somebody throws.
  ///
  /// - Parameters:
  ///   - take: gets what it prints.
  ///   - wait: is called at least every 20 ms.
  /// - Throws: ``LibraryError/missingProgram(name:)``, `TensorError`, `Interrupted`, and what the closures throw; the
  ///   program has been ended then.
  static func run(
    _ program: String, _ arguments: [String], input: Input,
    take: (UnsafeRawBufferPointer) throws -> Void, wait: () throws -> Void = {}
  ) throws -> Outcome {
    let (output, errors) = (try Pipe(), try Pipe())
    var actions = try Actions()
    defer { actions.destroy() }
    var text: Pipe?
    switch input {
    case .text(let words):
      let pipe = try Pipe()
      // Before there is a reader that could go away: the write cannot block, nor raise SIGPIPE.
      guard words.utf8.count < 32_768, try pipe.put(words) else { throw failure(program) }
      actions.connect(pipe.reading, to: 0)
      text = pipe
    case .file(let path): actions.open(path, as: 0)
    }
    actions.connect(output.writing, to: 1)
    actions.connect(errors.writing, to: 2)
    let process = try actions.spawn(program, arguments)
    text = nil
    output.closeWriting()
    errors.closeWriting()
    var isRunning = true
    defer {
      withExtendedLifetime(text) {}
      if isRunning {
        kill(process, SIGKILL)
        _ = status(of: process)
      }
    }
    var said: [UInt8] = []
    try collect(output, errors, take: take, hear: { if said.count < 65_536 { said += $0 } }, wait: wait)
    isRunning = false
    return Outcome(status: status(of: process), errors: String(decoding: said, as: UTF8.self))
  }

  /// Reads both streams to their ends.
  private static func collect(
    _ output: Pipe, _ errors: Pipe, take: (UnsafeRawBufferPointer) throws -> Void,
    hear: (UnsafeRawBufferPointer) -> Void, wait: () throws -> Void
  ) throws {
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 18, alignment: 16)
    defer { buffer.deallocate() }
    var streams = [output, errors].map { pollfd(fd: $0.reading, events: Int16(POLLIN), revents: 0) }
    while streams.contains(where: { $0.fd >= 0 }) {
      let count = poll(&streams, nfds_t(streams.count), patience)
      try Cancellation.check()
      try wait()
      if count <= 0 { continue }
      for index in streams.indices where streams[index].revents != 0 && streams[index].fd >= 0 {
        let size = read(streams[index].fd, buffer.baseAddress, buffer.count)
        if size < 0 && (errno == EINTR || errno == EAGAIN) { continue }
        guard size > 0 else {
          streams[index].fd = -1
          continue
        }
        let bytes = UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(buffer)[..<size])
        if index == 0 { try take(bytes) } else { hear(bytes) }
      }
    }
    // Ctrl-C reaches the child too: its end must not be taken for a failure of its own.
    try Cancellation.check()
  }

  private static func status(of process: pid_t) -> Int32 {
    var raw: Int32 = 0
    while waitpid(process, &raw, 0) < 0 { if errno != EINTR { return 127 } }
    let signal = raw & 0x7F
    return signal == 0 ? (raw >> 8) & 0xFF : 128 + signal
  }

  fileprivate static func failure(_ program: String) -> TensorError {
    .file(path: program, reason: "it cannot be started (\(String(cString: strerror(errno))))")
  }

  /// Two connected descriptors, which a child does not inherit by accident.
  private final class Pipe {
    private(set) var reading: Int32
    private(set) var writing: Int32

    init() throws {
      var ends: [Int32] = [-1, -1]
      guard pipe(&ends) == 0 else { throw failure("a pipe") }
      (reading, writing) = (ends[0], ends[1])
      for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
    }

    func put(_ text: String) throws -> Bool {
      let bytes = Array(text.utf8)
      return write(writing, bytes, bytes.count) == bytes.count
    }

    func closeWriting() {
      close(writing)
      writing = -1
    }

    deinit {
      close(reading)
      if writing >= 0 { close(writing) }
    }
  }

  /// What a child's descriptors are.
  private struct Actions {
    #if canImport(Darwin)
    private var actions: posix_spawn_file_actions_t?
    private var attributes: posix_spawnattr_t?
    #else
    private var actions = posix_spawn_file_actions_t()
    private var attributes = posix_spawnattr_t()
    #endif

    init() throws {
      guard posix_spawn_file_actions_init(&actions) == 0, posix_spawnattr_init(&attributes) == 0 else {
        throw failure("a program")
      }
      // This process ignores SIGPIPE and catches SIGINT; the child does what programs do.
      var signals = sigset_t()
      sigemptyset(&signals)
      for signal in [SIGPIPE, SIGINT, SIGALRM] { sigaddset(&signals, signal) }
      posix_spawnattr_setsigdefault(&attributes, &signals)
      posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGDEF))
    }

    mutating func connect(_ descriptor: Int32, to place: Int32) {
      posix_spawn_file_actions_adddup2(&actions, descriptor, place)
    }

    mutating func open(_ path: String, as place: Int32) {
      posix_spawn_file_actions_addopen(&actions, place, path, O_RDONLY, 0)
    }

    mutating func spawn(_ program: String, _ arguments: [String]) throws -> pid_t {
      var words = ([program] + arguments).map { strdup($0) }
      words.append(nil)
      defer { words.forEach { free($0) } }
      var process: pid_t = 0
      let code = posix_spawnp(&process, program, &actions, &attributes, words, environ)
      if code == ENOENT { throw LibraryError.missingProgram(name: program) }
      errno = code
      guard code == 0 else { throw failure(program) }
      return process
    }

    mutating func destroy() {
      posix_spawn_file_actions_destroy(&actions)
      posix_spawnattr_destroy(&attributes)
    }
  }
}

/// SHA-256 of files.
enum FileDigest {
  /// The SHA-256 of a file, 64 hexadecimal digits.
  ///
  /// - Throws: ``LibraryError/missingProgram(name:)``, `TensorError`, `Interrupted`.
  static func sha256(_ path: String) throws -> String {
    // posix_spawn reports a file that cannot be opened as if the program were missing.
    guard access(path, R_OK) == 0 else { throw TensorError.file(path: path, reason: "it cannot be read") }
    do {
      return try digest(path, "sha256sum", [])
    } catch LibraryError.missingProgram {
      return try digest(path, "shasum", ["-a", "256"])
    }
  }

  private static func digest(_ path: String, _ program: String, _ arguments: [String]) throws -> String {
    var output: [UInt8] = []
    let outcome = try ChildProcess.run(program, arguments, input: .file(path), take: { output += $0 })
    let digits = String(decoding: output.prefix(64), as: UTF8.self)
    guard outcome.status == 0, digits.count == 64, digits.allSatisfy(\.isHexDigit) else {
      throw TensorError.file(path: path, reason: "\(program) could not read it")
    }
    return digits.lowercased()
  }
}
