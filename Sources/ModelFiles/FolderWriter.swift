import CKernels
import Foundation
import Tensors

/// Writes a folder under a temporary name beside its own and puts it in place when it is complete: whoever looks sees the
/// old folder or the new one, never half of one.
enum FolderWriter {
  /// - Parameters:
  ///   - path: where the folder will be. One that is there is replaced, if all it holds is of the same kind.
  ///   - known: names of files that a folder of this kind may hold.
  ///   - body: writes the files into the folder it is given.
  /// - Throws: `TensorError.file`, and what `body` throws; nothing is left behind then.
  static func write(_ path: String, known: Set<String>, _ body: (String) throws -> Void) throws {
    var path = path
    while path.count > 1, path.hasSuffix("/") { path.removeLast() }
    let manager = FileManager.default
    let exists = try checkReplaceable(path, known)
    let temporary = "\(path).\(getpid()).tvs-tmp"
    try? manager.removeItem(atPath: temporary)
    guard mkdir(temporary, 0o755) == 0 else {
      throw TensorError.file(path: path, reason: FileAccess.reason(errno))
    }
    // After an exchange the temporary name holds the old folder.
    defer { try? manager.removeItem(atPath: temporary) }
    try body(temporary)
    guard (exists ? tvs_exchange(temporary, path) : rename(temporary, path)) == 0 else {
      throw TensorError.file(path: path, reason: FileAccess.reason(errno))
    }
  }

  /// Whether a folder is there. One that holds something else is not replaced.
  private static func checkReplaceable(_ path: String, _ known: Set<String>) throws(TensorError) -> Bool {
    var isDirectory: ObjCBool = false
    guard FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory) else { return false }
    guard isDirectory.boolValue else { throw .file(path: path, reason: "there is a file of that name") }
    let names = (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
    if let foreign = names.sorted().first(where: { !known.contains($0) }) {
      throw .file(path: path, reason: "it is a folder that holds \(foreign), which saving would remove")
    }
    return true
  }
}
