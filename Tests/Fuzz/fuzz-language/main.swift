import Foundation
import LanguageFuzz

// Runs texts that nobody wrote; scripts/fuzz calls it.
//
//   fuzz-language tokens|scripts COUNT SEED     status 1 and the text's place when there is a finding
//
// A child process runs them, so that a crash is a result like any other; a text that takes more than 20 seconds ends it.

let arguments = CommandLine.arguments
guard arguments.count >= 4, ["tokens", "scripts"].contains(arguments[1]), let count = Int(arguments[2]),
  let seed = UInt64(arguments[3])
else {
  print("usage: fuzz-language tokens|scripts COUNT SEED")
  exit(2)
}

func child(_ path: String) throws {
  var fuzz = try LanguageFuzz(root: FileManager.default.currentDirectoryPath, seed: seed)
  var codes: [String: Int] = [:]
  for _ in 0..<count {
    let text = fuzz.text(ofTokens: arguments[1] == "tokens")
    try text.write(toFile: path, atomically: false, encoding: .utf8)
    alarm(20)
    switch try fuzz.run(text) {
    case .ran: codes["ran", default: 0] += 1
    case .failed(let code): codes[code, default: 0] += 1
    }
  }
  let counts = codes.sorted { $0.value > $1.value }.map { "\($0.key) \($0.value)" }.joined(separator: ", ")
  print("\(arguments[1]): \(count) texts; \(counts)")
}

if arguments.count == 5 {
  do {
    try child(arguments[4])
    exit(0)
  } catch {
    print("\(arguments[1]): \(error)")
    exit(1)
  }
}

let memory = FileManager.default.isWritableFile(atPath: "/dev/shm") ? "/dev/shm" : NSTemporaryDirectory()
let input = "\(memory)/tvs-fuzz-\(UUID().uuidString).tvs"
defer { try? FileManager.default.removeItem(atPath: input) }
let process = Process()
process.executableURL = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
process.arguments = Array(arguments.dropFirst()) + [input]
try process.run()
process.waitUntilExit()
if process.terminationReason == .exit, process.terminationStatus == 0 {
  try? FileManager.default.removeItem(atPath: input)
  exit(0)
}
try FileManager.default.createDirectory(atPath: "fuzz-findings", withIntermediateDirectories: true)
let kept = "fuzz-findings/language-\(arguments[1])-\(seed).tvs"
try? FileManager.default.removeItem(atPath: kept)
try FileManager.default.copyItem(atPath: input, toPath: kept)
let signal = process.terminationStatus
let cause =
  process.terminationReason == .exit ? "failed" : signal == SIGALRM ? "did not come back" : "died of signal \(signal)"
print("\(arguments[1]): \(cause); the text is in \(kept)")
exit(1)
