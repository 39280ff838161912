import Testing

@testable import Transformers

@Suite("Tasks and mixtures")
struct TaskTests {
  @Test("a sequence is [task] question [sep] answer, scored on the answer only", arguments: DigitTask.Kind.allCases)
  func sequence(kind: DigitTask.Kind) throws {
    let task = try DigitTask(kind, length: 5)
    for example in try task.examples(count: 50, seed: 3, index: 7) {
      let question = Array(example.tokens[1...5])
      #expect(example.tokens[0] == task.token)
      #expect(example.tokens[6] == DigitTask.separator)
      #expect(question.allSatisfy { (0...9).contains($0) })
      // The model reads the answer up to its last digit, and each digit is the target of the token before it.
      #expect(Array(example.tokens[7...]) == Array(example.targets.dropLast()))
      #expect(example.targets == independentAnswer(kind, question))
    }
  }

  /// The answers, written in another way.
  private func independentAnswer(_ kind: DigitTask.Kind, _ d: [Int32]) -> [Int32] {
    let n = d.count
    switch kind {
    case .copy: return d
    case .reverse: return (0..<n).map { d[n - 1 - $0] }
    case .sort: return (0...9).flatMap { digit in d.filter { $0 == digit } }
    case .modAdd: return (0..<n).map { (d[$0] + d[($0 + n - 1) % n]) % 10 }
    }
  }

  @Test("batches depend on seed and index, and a row does not depend on the size of the batch")
  func determinism() throws {
    let task = try DigitTask("sort")
    let batch = try task.batch(size: 16, seed: 1, index: 2)
    #expect(batch == (try task.batch(size: 16, seed: 1, index: 2)))
    #expect(batch != (try task.batch(size: 16, seed: 1, index: 3)))
    #expect(batch != (try task.batch(size: 16, seed: 2, index: 2)))
    let short = try task.batch(size: 4, seed: 1, index: 2)
    #expect(Array(batch.tokens[..<(4 * batch.length)]) == short.tokens)
    #expect(batch.length == task.requiredContext)
  }

  @Test("digits are uniform")
  func uniformity() throws {
    var counts = [Int](repeating: 0, count: 10)
    for example in try DigitTask("copy").examples(count: 2500, seed: 0, index: 0) {
      for target in example.targets { counts[Int(target)] += 1 }
    }
    let expected = 2000.0
    let chiSquare = counts.reduce(0.0) { $0 + (Double($1) - expected) * (Double($1) - expected) / expected }
    #expect(chiSquare < 27.9)  // the 99.9th percentile with 9 degrees of freedom
  }

  @Test("an unknown task is refused with the tasks there are")
  func unknown() {
    #expect(
      throws: TransformerError.unknownChoice(of: "task", name: "srot", known: ["copy", "reverse", "sort", "mod-add"])
    ) { try DigitTask("srot") }
  }

  @Test("a mixture splits every batch exactly")
  func split() throws {
    let tasks = try DigitTask.Kind.allCases.map { try DigitTask($0) }
    let batch = try Mixture(tasks).batch(size: 128, seed: 0, index: 5)
    for part in 0..<4 { #expect(batch.parts.count { $0 == part } == 32) }
    for row in 0..<batch.rows { #expect(batch.tokens[row * batch.length] == 10 + Int32(batch.parts[row])) }
    #expect(try Mixture(tasks, weights: [5, 2, 2, 1]).split(of: 30, index: 0) == [15, 6, 6, 3])
  }

  @Test("sequences left over take turns")
  func turns() throws {
    let mixture = try Mixture(DigitTask.Kind.allCases.map { try DigitTask($0) })
    let splits = (0..<4).map { mixture.split(of: 10, index: $0) }
    #expect(splits.allSatisfy { $0.reduce(0, +) == 10 && $0.allSatisfy { $0 == 2 || $0 == 3 } })
    for part in 0..<4 { #expect(splits.map { $0[part] }.reduce(0, +) == 10) }
  }

  @Test("tasks of different lengths share a batch")
  func padding() throws {
    let mixture = try Mixture([DigitTask("copy", length: 2), DigitTask("copy", length: 4)])
    let batch = try mixture.batch(size: 4, seed: 0, index: 0)
    #expect(batch.length == 9)
    #expect(batch.targetCounts == [2, 2, 4, 4])
    #expect(batch.positions.prefix(2) == [3, 4])
    #expect(batch.tokens[5..<9] == [0, 0, 0, 0])
  }

  @Test("a task mixed with itself does not repeat its examples")
  func twins() throws {
    let task = try DigitTask("copy")
    let batch = try Mixture([task, task]).batch(size: 2, seed: 0, index: 0)
    #expect(batch.targets.prefix(8) != batch.targets.suffix(8))
  }

  @Test("the two parts of a holdout share no question and have the right sizes")
  func holdout() throws {
    let parts = try DigitTask("copy", length: 3).holdout(0.25, seed: 4)
    func questions(_ data: any Dataset) throws -> Set<[Int32]> {
      Set(try data.examples(count: 4000, seed: 1, index: 0).map { $0.targets })
    }
    let (kept, heldOut) = (try questions(parts.kept), try questions(parts.heldOut))
    #expect(kept.isDisjoint(with: heldOut))
    #expect(abs(heldOut.count - 250) < 60)
    #expect(abs(kept.count - 740) < 70)
  }

  @Test("chance is the probability that random answers match")
  func chance() throws {
    #expect(try DigitTask("copy", length: 3).chance == 1e-3)
    // Two random digits and two more: the multisets agree with probability (90·2 + 10)/10⁴.
    #expect(abs(try #require(try DigitTask("sort", length: 2).chance) - 0.019) < 1e-12)
    #expect(abs(try #require(try DigitTask("sort", length: 1).chance) - 0.1) < 1e-12)
  }
}
