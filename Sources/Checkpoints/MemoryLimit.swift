import Foundation
import Synchronization

/// How much memory the process may take: what `--max-memory` says, else what the machine has.
///
/// Large values ask before they are made, since Linux grants almost any request and ends the process later.
public enum MemoryLimit {
  private static let limit = Atomic<Int>(0)

  /// Requests below this are not worth a look at the process: 1 MiB.
  public static let smallest = 1 << 20

  /// The limit in bytes that was set, or nil.
  public static var bytes: Int? {
    get {
      let bytes = limit.load(ordering: .relaxed)
      return bytes > 0 ? bytes : nil
    }
    set { limit.store(max(0, newValue ?? 0), ordering: .relaxed) }
  }

  /// Bytes of memory that the process holds now; 0 where the system does not say.
  public static var resident: Int {
    guard let file = fopen("/proc/self/statm", "r") else { return 0 }
    defer { fclose(file) }
    var buffer = [CChar](repeating: 0, count: 128)
    guard fgets(&buffer, 128, file) != nil else { return 0 }
    let fields = String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
      .split(separator: " ")
    guard fields.count > 1, let pages = Int(fields[1]) else { return 0 }
    return pages * Int(sysconf(Int32(_SC_PAGESIZE)))
  }

  /// Bytes that may still be taken.
  public static var left: Int { (bytes ?? Int(clamping: ProcessInfo.processInfo.physicalMemory)) - resident }

  /// Whether so many bytes more may be taken.
  public static func allows(_ more: Int) -> Bool { more < smallest || more <= left }
}
