#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// A program under test in a pseudo-terminal of its own, driven key by key.
///
///     let terminal = try Terminal(["-e", "while true {}"])
///     terminal.send(.controlC)
///     try terminal.expect("interrupted")
final class Terminal {
  /// Why a step of a test failed, with what the terminal had received.
  struct Failure: Error, CustomStringConvertible {
    var description: String
  }

  /// Keys that are not letters.
  enum Key: String {
    case enter = "\r"
    case tab = "\t"
    case backspace = "\u{7F}"
    case escape = "\u{1B}"
    case controlA = "\u{01}"
    case controlC = "\u{03}"
    case controlD = "\u{04}"
    case controlE = "\u{05}"
    case controlR = "\u{12}"
    case up = "\u{1B}[A"
    case down = "\u{1B}[B"
    case right = "\u{1B}[C"
    case left = "\u{1B}[D"
  }

  private let primary: Int32
  private var process: pid_t = 0
  private var status: Int32?
  /// Everything received and not yet matched by ``expect(_:within:)``.
  private(set) var pending = ""
  /// Everything received.
  private(set) var received = ""
  private var undecoded: [UInt8] = []

  /// `TIOCSPTLCK` and `TIOCGPTN` of Linux.
  private static let setLock: UInt = 0x4004_5431
  private static let getNumber: UInt = 0x8004_5430
  /// `POSIX_SPAWN_SETSID`: makes the program the leader of a session of its own.
  private static let ownSession: Int16 = 0x80

  /// The built `tvs`, which stands beside the test bundle.
  static var program: String {
    guard let real = realpath("/proc/self/exe", nil) else { return "tvs" }
    defer { free(real) }
    let bundle = String(cString: real)
    return bundle.prefix(bundle.utf8.count - (bundle.split(separator: "/").last?.utf8.count ?? 0)) + "tvs"
  }

  /// Starts `tvs`, or another program, with arguments.
  ///
  /// - Parameters:
  ///   - environment: added to a plain environment: `TERM=xterm`, `C.UTF-8`, a home without files.
  ///   - folder: the working directory.
  init(
    _ arguments: [String] = [], environment: [String: String] = [:], folder: String? = nil, columns: UInt16 = 80,
    rows: UInt16 = 24, program: String = Terminal.program
  ) throws {
    // What posix_openpt, unlockpt and ptsname do: Swift does not see them.
    primary = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC)
    var isLocked: Int32 = 0
    var number: UInt32 = 0
    guard primary >= 0, ioctl(primary, Self.setLock, &isLocked) == 0, ioctl(primary, Self.getNumber, &number) == 0
    else {
      throw Failure(description: "no pseudo-terminal: \(String(cString: strerror(errno)))")
    }
    let name = "/dev/pts/\(number)"
    var size = winsize(ws_row: rows, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0)
    _ = ioctl(primary, UInt(TIOCSWINSZ), &size)

    var plain = [
      "TERM": "xterm", "LC_ALL": "C.UTF-8", "HOME": "/nonexistent", "PATH": "/usr/bin:/bin", "NO_COLOR": "1",
      "EDITRC": "/nonexistent",
    ]
    plain.merge(environment) { $1 }
    process = try Self.spawn(
      [program] + arguments, environment: plain.map { "\($0)=\($1)" }, folder: folder
    ) { actions in
      // Opened by the leader of a new session, the terminal becomes its controlling one, which Ctrl-C needs.
      for descriptor in Int32(0)...2 { posix_spawn_file_actions_addopen(&actions, descriptor, name, O_RDWR, 0) }
    }
  }

  deinit {
    if status == nil {
      kill(process, SIGKILL)
      _ = wait(within: 5)
    }
    close(primary)
  }

  // MARK: - Sending

  func send(_ text: String) { send(bytes: Array(text.utf8)) }

  func send(bytes: [UInt8]) {
    var rest = ArraySlice(bytes)
    // A terminal takes some thousands of bytes at a time: what the program says meanwhile must be read too.
    while !rest.isEmpty {
      let count = rest.prefix(512).withUnsafeBytes { write(primary, $0.baseAddress, $0.count) }
      if count > 0 { rest = rest.dropFirst(count) }
      receive(for: 0)
    }
  }

  func send(_ key: Key) { send(key.rawValue) }

  /// Types a line and presses Enter.
  func enter(_ line: String) {
    send(line)
    send(.enter)
  }

  /// Sends a text as a terminal pastes it.
  func paste(_ text: String) { send("\u{1B}[200~\(text)\u{1B}[201~") }

  /// Gives the window another size, as a terminal does when the user pulls at its corner.
  func resize(columns: UInt16, rows: UInt16) {
    var size = winsize(ws_row: rows, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0)
    _ = ioctl(primary, UInt(TIOCSWINSZ), &size)
  }

  /// Lets the program run for a while.
  func pause(_ seconds: Double) {
    let deadline = ContinuousClock.now + .seconds(seconds)
    while ContinuousClock.now < deadline { receive(for: 0.01) }
  }

  // MARK: - Expecting

  /// Waits for a text and forgets everything up to its end.
  ///
  /// - Returns: what came before it.
  @discardableResult
  func expect(_ text: String, within seconds: Double = 10) throws -> String {
    let deadline = ContinuousClock.now + .seconds(seconds)
    while true {
      if let range = pending.firstRange(of: text) {
        let before = String(pending[..<range.lowerBound])
        pending.removeSubrange(..<range.upperBound)
        return before
      }
      if ContinuousClock.now > deadline || (status != nil && !receive(for: 0)) {
        throw Failure(
          description: "no \(text.debugDescription) within \(seconds) s; received \(pending.debugDescription)")
      }
      if !receive(for: 0.02) { poll() }
    }
  }

  /// Waits for the prompt.
  @discardableResult
  func expectPrompt(within seconds: Double = 10) throws -> String { try expect("tvs> ", within: seconds) }

  /// Waits for the end of the program and gives its exit status; of a signal, 128 more than its number.
  func expectEnd(within seconds: Double = 10) throws -> Int32 {
    guard let status = wait(within: seconds) else {
      throw Failure(description: "still running after \(seconds) s; received \(pending.debugDescription)")
    }
    while receive(for: 0.05) {}
    return status
  }

  private func wait(within seconds: Double) -> Int32? {
    let deadline = ContinuousClock.now + .seconds(seconds)
    while status == nil && ContinuousClock.now < deadline {
      receive(for: 0.01)
      poll()
    }
    return status
  }

  private func poll() {
    var raw: Int32 = 0
    if status == nil && waitpid(process, &raw, WNOHANG) == process { status = Self.exitStatus(raw) }
  }

  /// Reads what has arrived, waiting up to `seconds` for it; false if nothing came.
  @discardableResult
  private func receive(for seconds: Double) -> Bool {
    var waiting = pollfd(fd: primary, events: Int16(POLLIN), revents: 0)
    guard Glibc.poll(&waiting, 1, Int32(seconds * 1000)) > 0, waiting.revents & Int16(POLLIN) != 0 else { return false }
    var buffer = [UInt8](repeating: 0, count: 16384)
    let count = read(primary, &buffer, buffer.count)
    guard count > 0 else { return false }
    undecoded += buffer[..<count]
    // A character may be cut in two by the read.
    var end = undecoded.count
    while end > 0, undecoded.count - end < 4, String(validating: undecoded[..<end], as: UTF8.self) == nil { end -= 1 }
    let text = String(decoding: undecoded[..<end], as: UTF8.self)
    undecoded.removeFirst(end)
    received += text
    pending += text
    return true
  }

  static func exitStatus(_ raw: Int32) -> Int32 {
    let signal = raw & 0x7F
    return signal == 0 ? (raw >> 8) & 0xFF : 128 + signal
  }

  /// Starts a program in a session of its own.
  static func spawn(
    _ command: [String], environment: [String], folder: String?,
    prepare: (inout posix_spawn_file_actions_t) -> Void
  ) throws -> pid_t {
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    prepare(&actions)
    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    // The threads that run tests block signals, and a program inherits that.
    var defaults = sigset_t()
    sigfillset(&defaults)
    posix_spawnattr_setsigdefault(&attributes, &defaults)
    var blocked = sigset_t()
    sigemptyset(&blocked)
    posix_spawnattr_setsigmask(&attributes, &blocked)
    let flags = Self.ownSession | Int16(POSIX_SPAWN_SETSIGDEF) | Int16(POSIX_SPAWN_SETSIGMASK)
    posix_spawnattr_setflags(&attributes, flags)
    var process: pid_t = 0
    let command = folder.map { ["/usr/bin/env", "-C", $0] + command } ?? command
    var arguments: [UnsafeMutablePointer<CChar>?] = command.map { strdup($0) } + [nil]
    var variables: [UnsafeMutablePointer<CChar>?] = environment.map { strdup($0) } + [nil]
    defer { (arguments + variables).forEach { free($0) } }
    let code = posix_spawn(&process, command[0], &actions, &attributes, &arguments, &variables)
    guard code == 0 else { throw Failure(description: "\(command[0]): \(String(cString: strerror(code)))") }
    return process
  }
}
