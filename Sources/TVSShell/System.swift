#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// What the shell asks of the operating system. Everything that differs between platforms is in this file.
enum System {
  /// A call that failed, with the reason in words.
  struct Failure: Error {
    /// The `errno` of the call.
    var code: Int32
    /// Such as `No such file or directory`.
    var reason: String { String(cString: strerror(code)) }
    /// Whether the file is simply not there.
    var isMissing: Bool { code == ENOENT || code == ENOTDIR }

    /// Whether a signal ended the wait.
    var isInterruption: Bool { code == EINTR }

    /// A file that is not there.
    static let missing = Failure(code: ENOENT)

    static var last: Failure { Failure(code: errno) }
  }

  /// What a path names.
  enum Kind {
    case file, folder
  }

  // MARK: - The process

  static func environment(_ name: String) -> String? {
    guard let value = getenv(name) else { return nil }
    return String(cString: value)
  }

  static func isTerminal(_ descriptor: Int32) -> Bool {
    // mpirun reads the output of processes through a terminal of its own, whatever it passes it on to.
    if descriptor == 1, environment("OMPI_COMM_WORLD_SIZE") != nil { return false }
    return isatty(descriptor) == 1
  }

  /// The program's own file, through every link.
  static var executable: String? {
    #if os(Linux)
    return resolved("/proc/self/exe")
    #else
    return CommandLine.arguments.first.flatMap(resolved)
    #endif
  }

  static var currentFolder: String {
    guard let folder = getcwd(nil, 0) else { return "." }
    defer { free(folder) }
    return String(cString: folder)
  }

  static var home: String? {
    if let home = environment("HOME"), !home.isEmpty { return home }
    guard let entry = getpwuid(getuid()), let folder = entry.pointee.pw_dir else { return nil }
    return String(cString: folder)
  }

  /// Ends the process. Nothing that is held back is written.
  static func exit(_ status: Int32) -> Never {
    #if canImport(Glibc)
    Glibc.exit(status)
    #else
    Darwin.exit(status)
    #endif
  }

  /// Lets a write to a closed pipe, or beyond the permitted size of a file, fail with an error instead of ending the
  /// process.
  static func ignoreSignalsOfFiles() {
    signal(SIGPIPE, SIG_IGN)
    signal(SIGXFSZ, SIG_IGN)
  }

  // MARK: - Descriptors

  /// Writes all bytes.
  static func write(_ bytes: [UInt8], to descriptor: Int32) throws(Failure) {
    var done = 0
    while done < bytes.count {
      let count = bytes.withUnsafeBytes { buffer in
        #if canImport(Glibc)
        Glibc.write(descriptor, buffer.baseAddress.map { $0 + done }, buffer.count - done)
        #else
        Darwin.write(descriptor, buffer.baseAddress.map { $0 + done }, buffer.count - done)
        #endif
      }
      if count > 0 {
        done += count
      } else if errno == EAGAIN {
        var ready = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
        _ = poll(&ready, 1, 100)
      } else if errno != EINTR {
        throw .last
      }
    }
  }

  /// Reads what is there, up to `limit` bytes; nil at the end. An interrupt ends the wait with `EINTR`.
  static func read(_ descriptor: Int32, limit: Int = 65536) throws(Failure) -> [UInt8]? {
    var count = 0
    let bytes = [UInt8](unsafeUninitializedCapacity: limit) { buffer, initialized in
      #if canImport(Glibc)
      count = Glibc.read(descriptor, buffer.baseAddress, limit)
      #else
      count = Darwin.read(descriptor, buffer.baseAddress, limit)
      #endif
      initialized = max(count, 0)
    }
    if count < 0 { throw .last }
    return count == 0 ? nil : bytes
  }

  // MARK: - Files

  static func kind(of path: String) -> Kind? {
    var status = stat()
    guard stat(path, &status) == 0 else { return nil }
    return status.st_mode & S_IFMT == S_IFDIR ? .folder : .file
  }

  /// Which file a path names, and how long it is: enough to see that somebody added to it or put another in its place.
  struct Stamp: Equatable {
    var file: UInt64
    var size: Int

    /// The same file while it was empty.
    var emptied: Stamp { Stamp(file: file, size: 0) }

    func grown(by count: Int) -> Stamp { Stamp(file: file, size: size + count) }
  }

  static func stamp(of path: String) -> Stamp? {
    var status = stat()
    guard stat(path, &status) == 0 else { return nil }
    return Stamp(file: UInt64(status.st_ino), size: Int(status.st_size))
  }

  /// Whether a path names anything.
  static func exists(_ path: String) -> Bool { access(path, F_OK) == 0 }

  static func resolved(_ path: String) -> String? {
    guard let real = realpath(path, nil) else { return nil }
    defer { free(real) }
    return String(cString: real)
  }

  /// A file's text. Bytes that are not UTF-8 become U+FFFD.
  static func text(of path: String) throws(Failure) -> String {
    if kind(of: path) == .folder { throw Failure(code: EISDIR) }
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw .last }
    defer { close(descriptor) }
    var bytes: [UInt8] = []
    while let more = try read(descriptor) { bytes += more }
    return String(decoding: bytes, as: UTF8.self)
  }

  /// The names in a folder, sorted, without `.` and `..`.
  static func entries(of folder: String) -> [String] {
    guard let stream = opendir(folder) else { return [] }
    defer { closedir(stream) }
    var names: [String] = []
    while let entry = readdir(stream) {
      let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
        pointer.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
      }
      if name != "." && name != ".." { names.append(name) }
    }
    return names.sorted()
  }

  /// Makes a folder and those above it, readable by the user only.
  static func makeFolder(_ path: String) throws(Failure) {
    if path.isEmpty || kind(of: path) == .folder { return }
    try makeFolder(Path.folder(of: path))
    if mkdir(path, 0o700) != 0 && errno != EEXIST { throw .last }
  }

  /// Writes a file in one step: whoever reads it sees the old text or the new one.
  static func replace(_ path: String, with text: String, mode: mode_t = 0o644) throws(Failure) {
    let draft = "\(path).\(getpid())"
    do throws(Failure) {
      try put(text, into: draft, flags: O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode: mode)
      if rename(draft, path) != 0 { throw Failure.last }
    } catch {
      unlink(draft)
      throw error
    }
  }

  /// Adds text at the end of a file, which is made if it is not there.
  static func append(_ text: String, to path: String, mode: mode_t) throws(Failure) {
    try put(text, into: path, flags: O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, mode: mode)
  }

  private static func put(_ text: String, into path: String, flags: Int32, mode: mode_t) throws(Failure) {
    let descriptor = open(path, flags, mode)
    guard descriptor >= 0 else { throw .last }
    defer { close(descriptor) }
    try write(Array(text.utf8), to: descriptor)
  }
}

/// Pure text operations on paths.
enum Path {
  /// Everything before the last slash: `/` for `/a`, empty for `a`.
  static func folder(of path: String) -> String {
    guard let slash = path.lastIndex(of: "/") else { return "" }
    return slash == path.startIndex ? "/" : String(path[..<slash])
  }

  /// What follows the last slash.
  static func name(of path: String) -> String {
    guard let slash = path.lastIndex(of: "/") else { return path }
    return String(path[path.index(after: slash)...])
  }

  /// A path as it is typed after a command: in quotes or without, and from the home folder after `~/`.
  static func typed(_ text: String) -> String {
    var path = text
    if path.count >= 2, path.first == "\"", path.last == "\"" { path = String(path.dropFirst().dropLast()) }
    guard path == "~" || path.hasPrefix("~/"), let home = System.home else { return path }
    return home + path.dropFirst()
  }

  static func joined(_ folder: String, _ name: String) -> String {
    if folder.isEmpty { return name }
    return folder.hasSuffix("/") ? folder + name : "\(folder)/\(name)"
  }
}
