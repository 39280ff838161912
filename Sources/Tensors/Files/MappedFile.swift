import Foundation

/// A file mapped into memory, read-only. Pages come in as they are read, and ``release(_:_:)`` lets them go again, so
/// that reading a file through costs no memory that stays.
///
/// Another process that makes the file shorter takes pages away: touching one is SIGBUS, which nobody can catch as a
/// value. ``checkLength()`` before each array keeps that to the milliseconds of one read. Writers that rename a
/// finished file into place, as ``FileAccess/write(_:_:)`` does, never cause it.
public final class MappedFile: @unchecked Sendable {
  /// Where the file is.
  public let path: String
  /// Its length when it was mapped.
  public let count: Int
  private let descriptor: Int32
  private let base: UnsafeMutableRawPointer?

  /// Maps a whole file.
  ///
  /// - Throws: ``TensorError/file(path:reason:)``.
  public init(_ path: String) throws(TensorError) {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else {
      let isAbsent = errno == ENOENT || errno == ENOTDIR
      throw .file(path: path, reason: isAbsent ? "there is no such file" : "it cannot be read")
    }
    var status = stat()
    guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG, let count = Int(exactly: status.st_size)
    else {
      let isFolder = status.st_mode & S_IFMT == S_IFDIR
      close(descriptor)
      throw .file(path: path, reason: isFolder ? "it is a folder" : "it is not a plain file")
    }
    var base: UnsafeMutableRawPointer?
    if count > 0 {
      base = mmap(nil, count, PROT_READ, MAP_PRIVATE, descriptor, 0)
      guard base != MAP_FAILED else {
        close(descriptor)
        throw .file(path: path, reason: "it cannot be mapped into memory")
      }
    }
    (self.path, self.count, self.descriptor, self.base) = (path, count, descriptor, base)
  }

  deinit {
    if let base { munmap(base, count) }
    close(descriptor)
  }

  /// The bytes; valid while the file is.
  public func withBytes<Result, Failure: Error>(
    _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    try body(UnsafeRawBufferPointer(start: base, count: count))
  }

  /// Drops the pages that lie wholly within a range from this process; they come back when they are read again.
  public func release(_ offset: Int, _ length: Int) {
    guard let base, offset >= 0, length > 0, offset <= count, length <= count - offset else { return }
    let page = Int(sysconf(Int32(_SC_PAGESIZE)))
    let first = (offset + page - 1) / page * page
    let end = offset + length == count ? count : (offset + length) / page * page
    if end > first { madvise(base + first, end - first, MADV_DONTNEED) }
  }

  /// Refuses a file that has become shorter since it was mapped.
  ///
  /// - Throws: ``TensorError/file(path:reason:)``.
  public func checkLength() throws(TensorError) {
    var status = stat()
    guard fstat(descriptor, &status) == 0, Int(status.st_size) >= count else {
      throw .file(path: path, reason: "it has become shorter since it was opened")
    }
  }
}
