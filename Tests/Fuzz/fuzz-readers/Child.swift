import Foundation
import FuzzKit

/// The process that reads.
struct Child {
  let reader: FuzzReader
  let folder: URL
  let seed: UInt64

  /// What it found wrong without dying of it.
  struct Finding: Error, CustomStringConvertible {
    let description: String
  }

  /// Changes sound inputs. An input that draws a message of a new form is kept and changed further: messages say how
  /// deep a reader came, which is most of what coverage would tell.
  func mutate(seconds: Double) throws {
    var corpus = try reader.seeds() + reader.hostile().map(\.bytes).filter { $0.count <= 4096 }
    let sound = try reader.seeds().count
    var forms: Set<String> = []
    var mutator = Mutator(seed: seed, structure: reader.structure)
    let largest = 64 << 10
    try limitMemory(file: largest)
    var (executions, loaded) = (0, 0)
    let end = Date().addingTimeInterval(seconds)
    while executions & 63 != 0 || Date() < end {
      // Sound inputs as often as all others together.
      let chosen = mutator.below(2) == 0 ? mutator.below(sound) : mutator.below(corpus.count)
      let input = mutator.mutated(corpus[chosen], with: corpus[mutator.below(corpus.count)])
      switch try reader.run(input, in: folder) {
      case .loaded: loaded += 1
      case .refused(let message):
        let form = String(message.filter { $0.isLetter || $0 == " " }.suffix(60))
        if corpus.count < 1024, input.count <= 16_384, forms.insert(form).inserted { corpus.append(input) }
      }
      executions += 1
    }
    print("\(reader.name): \(executions) executions, \(loaded) read, \(forms.count) kinds of refusal")
  }

  /// The files made to do harm, which must be refused, and sound ones with every sort of damage.
  func hostile() throws {
    var (cases, refused) = (0, 0)
    let made = reader.hostile()
    let largest = made.map(\.bytes.count).max() ?? 0
    // Made before memory is short: some readers' files come from training.
    let sound = try reader.seeds()
    try limitMemory(file: max(largest, 64 << 10))
    for (fault, bytes) in made {
      cases += 1
      guard case .refused = try reader.run(bytes, in: folder) else { throw Finding(description: "read: \(fault)") }
      refused += 1
    }
    for bytes in sound {
      guard case .loaded = try reader.run(bytes, in: folder) else { throw Finding(description: "a sound file refused") }
    }
    var mutator = Mutator(seed: seed, structure: .plain)
    for number in 0..<240 {
      var bytes = sound[number % sound.count]
      if number < 80 {
        bytes.removeLast(bytes.count - number * bytes.count / 80)
      } else if number < 160 {
        for _ in 0...(number % 4) { bytes[mutator.below(bytes.count)] ^= 1 << mutator.below(8) }
      } else {
        bytes = mutator.mutated(bytes, with: sound[mutator.below(sound.count)])
      }
      cases += 1
      if case .refused = try reader.run(bytes, in: folder) { refused += 1 }
    }
    print("\(reader.name): \(cases) cases, \(refused) refused")
  }

  /// From here on the process may map no more than a file, 64 MB and what it has now.
  private func limitMemory(file: Int) throws {
    let pages = try String(contentsOfFile: "/proc/self/statm", encoding: .utf8).split(separator: " ").first
    guard let mapped = pages.flatMap({ Int($0) }) else { return }
    let bytes = mapped * Int(sysconf(Int32(_SC_PAGESIZE))) + file + (64 << 20)
    var limit = rlimit(rlim_cur: rlim_t(bytes), rlim_max: rlim_t(bytes))
    guard setrlimit(__rlimit_resource_t(RLIMIT_AS.rawValue), &limit) == 0 else {
      throw Finding(description: "the limit on memory cannot be set")
    }
  }
}
