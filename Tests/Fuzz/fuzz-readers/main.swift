import Foundation
import FuzzKit

// Feeds one reader changed files until the time is up; scripts/fuzz runs it.
//
//   fuzz-readers                         names the readers
//   fuzz-readers READER SECONDS SEED     mutates; status 1 and the input's place when there is a finding
//   fuzz-readers READER hostile SEED     the files made to do harm, then damaged sound ones, 240 at least
//
// A child process reads, so that a crash is a result like any other. It may map no more than the largest input and 64 MB
// beyond what it has at its start (RLIMIT_AS): an allocation past that fails, and the failure is a crash.

let arguments = CommandLine.arguments
if arguments.count == 1 {
  for reader in FuzzReaders.all { print(reader.name) }
  exit(0)
}
guard arguments.count >= 4, let reader = FuzzReaders.all.first(where: { $0.name == arguments[1] }),
  let seed = UInt64(arguments[3])
else {
  print("usage: fuzz-readers READER SECONDS|hostile SEED")
  exit(2)
}
if arguments.count == 5 {
  let child = Child(reader: reader, folder: URL(fileURLWithPath: arguments[4]), seed: seed)
  do {
    if arguments[2] == "hostile" { try child.hostile() } else { try child.mutate(seconds: Double(arguments[2]) ?? 60) }
    exit(0)
  } catch {
    print("\(reader.name): \(error)")
    exit(1)
  }
}
exit(try Parent(reader: reader, mode: arguments[2], seed: seed).run())
