#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

import Tensors

/// What a result depends on beside its script.
enum Machine {
  /// The processor, such as `Intel(R) Xeon(R) Platinum 8370C CPU @ 2.80GHz`.
  static var processor: String {
    let lines = (try? System.text(of: "/proc/cpuinfo"))?.split(separator: "\n") ?? []
    if let line = lines.first(where: { $0.hasPrefix("model name") }), let colon = line.firstIndex(of: ":") {
      return Columns.trimmed(String(line[line.index(after: colon)...].drop(while: \.isWhitespace)))
    }
    return architecture
  }

  /// The architecture of the processor, such as `x86_64`.
  static var architecture: String {
    #if arch(x86_64)
    "x86_64"
    #elseif arch(arm64)
    "aarch64"
    #else
    "another architecture"
    #endif
  }

  /// Cores that run now.
  static var cores: Int { max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN))) }

  /// Bytes of memory.
  static var memory: Int { sysconf(Int32(_SC_PHYS_PAGES)) * sysconf(Int32(_SC_PAGESIZE)) }

  /// The operating system, such as `Debian GNU/Linux 12 (bookworm)`.
  static var system: String {
    let lines = (try? System.text(of: "/etc/os-release"))?.split(separator: "\n") ?? []
    guard let line = lines.first(where: { $0.hasPrefix("PRETTY_NAME=") }) else { return "unknown" }
    return String(line.dropFirst("PRETTY_NAME=".count).filter { $0 != "\"" })
  }

  /// Seconds of processor time that this process has taken, on all its threads.
  static var processorSeconds: Double {
    var time = timespec()
    guard clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time) == 0 else { return 0 }
    return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
  }

  /// The time in the form of ISO 8601, in UTC: `2026-11-27 21:45 UTC`.
  static var date: String {
    var now = time(nil)
    var parts = tm()
    gmtime_r(&now, &parts)
    func digits(_ number: Int32) -> String { number < 10 ? "0\(number)" : "\(number)" }
    return "\(parts.tm_year + 1900)-\(digits(parts.tm_mon + 1))-\(digits(parts.tm_mday)) "
      + "\(digits(parts.tm_hour)):\(digits(parts.tm_min)) UTC"
  }

  /// Versions of the program and of the libraries that numbers depend on.
  static func versions(_ installation: Installation) -> [String] {
    [
      "tvs \(Program.version)" + (installation.revision.map { ", revision \($0)" } ?? ""),
      "Swift's library \(_SwiftStdlibVersion.current)", "oneDNN \(EngineLibraries.oneDNN)",
      "OpenBLAS \(EngineLibraries.openBLAS)",
    ]
  }
}

extension Installation {
  /// The revision of the sources: that of the clone, with `-dirty` behind it where files were changed since, or the one
  /// that scripts/install wrote down. Nil where neither is known.
  var revision: String? {
    guard let library else { return nil }
    let root = Path.folder(of: library)
    if let text = try? System.text(of: Path.joined(root, "revision")) { return Columns.trimmed(text) }
    guard System.exists(Path.joined(root, ".git")) else { return nil }
    let name = "'" + root.replacing("'", with: "'\\''") + "'"
    let text = System.output(of: "git -C \(name) describe --always --dirty --abbrev=12 2>/dev/null")
    return text.map(Columns.trimmed).flatMap { $0.isEmpty ? nil : $0 }
  }
}
