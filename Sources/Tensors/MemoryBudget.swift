import Checkpoints
import Foundation

/// Sizes are checked before they are allocated: Linux grants almost any request and kills the process later.
public enum MemoryBudget {
  /// Requests below this are never checked: 64 MiB.
  private static let smallest = 64 << 20

  /// Bytes that could be allocated now without swapping, as the kernel estimates it (`MemAvailable`).
  public static var available: Double {
    if MemoryLimit.bytes != nil { return max(0, min(Double(MemoryLimit.left), unused)) }
    return unused
  }

  private static var unused: Double {
    guard let text = try? String(contentsOfFile: "/proc/meminfo", encoding: .utf8),
      let line = text.split(separator: "\n").first(where: { $0.hasPrefix("MemAvailable:") }),
      let kilobytes = line.split(separator: " ").dropFirst().first.flatMap({ Double($0) })
    else { return Double(ProcessInfo.processInfo.physicalMemory) }
    return kilobytes * 1024
  }

  /// Throws if `bytes` more would not fit.
  ///
  /// - Throws: ``TensorError/tooLarge(bytes:available:)``.
  public static func check(bytes: Int) throws(TensorError) {
    guard bytes >= (MemoryLimit.bytes == nil ? smallest : MemoryLimit.smallest) else { return }
    let available = available
    if Double(bytes) > available { throw .tooLarge(bytes: Double(bytes), available: available) }
  }
}
