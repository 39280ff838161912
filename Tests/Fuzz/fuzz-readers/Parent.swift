import Foundation
import FuzzKit

/// The process that watches.
struct Parent {
  let reader: FuzzReader
  let mode: String
  let seed: UInt64

  /// Runs the child, and keeps its last input if it did not end well.
  func run() throws -> Int32 {
    // In memory where that is possible: each input is a file.
    let memory = URL(fileURLWithPath: "/dev/shm")
    let place =
      FileManager.default.isWritableFile(atPath: memory.path) ? memory : FileManager.default.temporaryDirectory
    let folder = place.appendingPathComponent("tvs-fuzz-\(UUID().uuidString)")
    try reader.prepare(folder)
    defer { try? FileManager.default.removeItem(at: folder) }
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
    process.arguments = [reader.name, mode, String(seed), folder.path]
    // One pool of memory: glibc would reserve 64 MB of addresses for each thread's, and OpenBLAS 128.
    process.environment = ProcessInfo.processInfo.environment.merging([
      "MALLOC_ARENA_MAX": "1", "TVS_THREADS": "1", "OPENBLAS_NUM_THREADS": "1",
    ]) { $1 }
    try process.run()
    let end = Date().addingTimeInterval((Double(mode) ?? 60) + 20)
    while process.isRunning, Date() < end { usleep(20_000) }
    let isHanging = process.isRunning
    if isHanging { kill(process.processIdentifier, SIGKILL) }
    process.waitUntilExit()
    if process.terminationReason == .exit, process.terminationStatus == 0 { return 0 }
    let kept = "fuzz-findings/\(reader.name)-\(seed)-\(UUID().uuidString.prefix(8))"
    try FileManager.default.createDirectory(atPath: "fuzz-findings", withIntermediateDirectories: true)
    try FileManager.default.copyItem(atPath: folder.appendingPathComponent(reader.fileName).path, toPath: kept)
    let cause =
      isHanging
      ? "did not come back"
      : process.terminationReason == .exit ? "failed" : "died of signal \(process.terminationStatus)"
    print("\(reader.name): \(cause); the input is in \(kept)")
    return 1
  }
}
