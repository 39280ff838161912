import Checkpoints
import Foundation

/// Keeps vectors: in memory up to a limit, and past it in a temporary file that is mapped back.
///
/// The file has no name from the first moment on, so that nothing is left of it however the process ends, and its space is
/// free again when the spool and the last vector are gone. A vector that is mapped is read from the disk when it is looked
/// at, is copied before it is written, and is otherwise like any other.
public final class FloatSpool {
  /// Bytes that may stay in memory.
  public let limit: Int
  /// Bytes that stay in memory, and bytes in the file.
  public private(set) var bytesInMemory = 0, bytesOnDisk = 0
  private let folder: String
  private var descriptor: Int32 = -1
  /// Where the next vector begins, on a page of its own.
  private var end = 0

  /// A spool without vectors.
  ///
  /// - Parameters:
  ///   - limit: bytes that may stay in memory.
  ///   - folder: where the file is made: `TMPDIR` when nil, else `/var/tmp`, which unlike `/tmp` is never memory itself.
  public init(limit: Int, folder: String? = nil) {
    self.limit = limit
    let given = ProcessInfo.processInfo.environment["TMPDIR"] ?? ""
    self.folder = folder ?? (given.isEmpty ? access("/var/tmp", W_OK) == 0 ? "/var/tmp" : "/tmp" : given)
  }

  /// Keeps a vector.
  ///
  /// - Returns: a vector with the same elements, which is to be used from now on; the given one may go.
  /// - Throws: ``TensorError``, as when the disk is full; `Interrupted`.
  public func append(_ vector: FloatVector) throws -> FloatVector {
    let bytes = vector.count * MemoryLayout<Float>.stride
    if bytes == 0 || bytes <= limit - bytesInMemory {
      bytesInMemory += bytes
      return vector
    }
    if descriptor < 0 { descriptor = try FloatSpool.makeFile(in: folder) }
    try vector.withPointer { try put(UnsafeRawBufferPointer(start: $0, count: bytes)) }
    let storage = try AlignedStorage<Float>(mapping: descriptor, offset: end, count: vector.count, folder: folder)
    let page = max(1, sysconf(Int32(_SC_PAGESIZE)))
    end += (bytes + page - 1) / page * page
    bytesOnDisk += bytes
    return FloatVector(storage: storage)
  }

  private func put(_ bytes: UnsafeRawBufferPointer) throws {
    var done = 0
    while done < bytes.count {
      try Cancellation.check()
      // Written, not stored into a mapping: a full disk is an error here and would be a signal there.
      let size = min(bytes.count - done, 8 << 20)
      let count = pwrite(descriptor, bytes.baseAddress.map { $0 + done }, size, off_t(end + done))
      if count < 0 && errno == EINTR { continue }
      guard count > 0 else { throw TensorError.file(path: folder, reason: FileAccess.reason(errno)) }
      done += count
    }
  }

  private static func makeFile(in folder: String) throws(TensorError) -> Int32 {
    var template = Array("\(folder)/tvs-spool-XXXXXX".utf8CString)
    let descriptor = mkstemp(&template)
    guard descriptor >= 0 else { throw .file(path: folder, reason: FileAccess.reason(errno)) }
    unlink(template)
    _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
    return descriptor
  }

  deinit { if descriptor >= 0 { close(descriptor) } }
}
