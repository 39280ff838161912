import Foundation
import Tensors
import Testing
import Transformers

@testable import TaskGeometry

@Suite("The journal of a search")
struct JournalTests {
  private let folder: URL

  init() throws {
    folder = FileManager.default.temporaryDirectory.appending(path: "tvs-journal-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
  }

  private func path(_ name: String = "run.tvj") -> String { folder.appending(path: name).path }

  private func search(
    _ count: Int = 12, seed: UInt64 = 4, sigma: Double = 0.05, within: Subspace? = nil, paired: Bool = false,
    journal: String? = nil
  ) throws -> Candidates {
    try RandomSearch.run(
      tinyModel(), on: tinyTask(), candidates: count, length: .deviation(sigma), within: within, count: 40, seed: seed,
      isAntithetic: paired, journal: journal)
  }

  private func lines(_ name: String = "run.tvj") throws -> [String] {
    try String(contentsOfFile: path(name), encoding: .utf8).split(separator: "\n").map(String.init)
  }

  @Test("A search that was cut off at any byte goes on to the same bits")
  func resumed() throws {
    let whole = try search()
    #expect(try search(journal: path()).scores == whole.scores)
    let bytes = [UInt8](try Data(contentsOf: URL(filePath: path())))
    for length in Array(stride(from: 0, to: bytes.count, by: 97)) + [bytes.count - 1] {
      try Data(bytes.prefix(length)).write(to: URL(filePath: path("cut.tvj")))
      let again = try search(journal: path("cut.tvj"))
      #expect(again.scores == whole.scores && again.base == whole.base, "cut at \(length)")
      // What is written at the end is what an undisturbed search wrote.
      #expect([UInt8](try Data(contentsOf: URL(filePath: path("cut.tvj")))) == bytes, "cut at \(length)")
    }
  }

  @Test("What is known is not scored again")
  func known() throws {
    let space = try tinyModel().parameterSpace
    let perturbations = try Perturbations(in: space, length: .deviation(0.1), seed: 1)
    let base = try FloatVector(zeros: space.count)
    var calls = 0
    func run(_ count: Int) throws -> Candidates {
      try RandomSearch.run(
        perturbations, count: count, around: base,
        journal: { try SearchJournal(path(), key: [("what", "a function")], base: $0) }
      ) { point in
        calls += 1
        return CandidateScore(loss: point.norm)
      }
    }
    let first = try run(20)
    #expect(calls == 21)
    #expect(try run(20).scores == first.scores)
    #expect(calls == 22)
    // A larger search goes on from a smaller one.
    #expect(try run(25).scores.prefix(20).elementsEqual(first.scores))
    #expect(calls == 28)
    #expect(try run(10).scores == Array(first.scores.prefix(10)))
  }

  @Test("An error in the middle loses no score")
  func stopped() throws {
    struct Stop: Error {}
    let space = try tinyModel().parameterSpace
    let perturbations = try Perturbations(in: space, length: .deviation(0.1), seed: 1)
    let base = try FloatVector(zeros: space.count)
    var calls = 0
    #expect(throws: Stop.self) {
      try RandomSearch.run(
        perturbations, count: 20, around: base, journal: { try SearchJournal(path(), key: [], base: $0) }
      ) { point in
        calls += 1
        if calls == 12 { throw Stop() }
        return CandidateScore(loss: point.norm, right: [true, false, true])
      }
    }
    let journal = try SearchJournal(path(), key: [], base: CandidateScore(loss: 0, right: [true, false, true]))
    #expect(journal.known.keys.sorted() == Array(0..<10))
    #expect(journal.known[3]?.right == [true, false, true])
  }

  @Test("Losses of every kind come back bit for bit")
  func losses() throws {
    let losses = [0.1 + 0.2, -0.0, .infinity, -.infinity, .leastNonzeroMagnitude, 1e300, .pi]
    let base = CandidateScore(loss: 1)
    do {
      let journal = try SearchJournal(path(), key: [("a", "b: c")], base: base)
      for (index, loss) in losses.enumerated() { try journal.add(index, CandidateScore(loss: loss)) }
      try journal.add(losses.count, CandidateScore(loss: .nan))
    }
    let read = try SearchJournal(path(), key: [("a", "b: c")], base: base).known
    for (index, loss) in losses.enumerated() { #expect(read[index]?.loss.bitPattern == loss.bitPattern) }
    #expect(read[losses.count]?.loss.isNaN == true)
  }

  @Test("The journal of another search is refused, and stays as it is")
  func others() throws {
    _ = try search(journal: path())
    let before = try lines()
    let model = try tinyModel()
    let plane = try Subspace.random(
      in: model.parameterSpace, dimension: 3, seed: 1, origin: model, source: "test")
    func refused(_ what: String, _ body: () throws -> Candidates) throws {
      do {
        _ = try body()
        Issue.record("\(what) was not noticed")
      } catch let error as GeometryError {
        guard case .otherSearch(_, let found, _, _) = error else { throw error }
        #expect(found == what)
      }
      #expect(try lines() == before)
    }
    try refused("data") { try search(seed: 5, journal: path()) }
    try refused("size") { try search(sigma: 0.06, journal: path()) }
    try refused("within") { try search(within: plane, journal: path()) }
    try refused("antithetic") { try search(paired: true, journal: path()) }
    try refused("model") {
      try RandomSearch.run(
        Model(PreNormDecoder(model.configuration), seed: 99), on: tinyTask(), candidates: 12, length: .deviation(0.05),
        count: 40, seed: 4, journal: path())
    }
  }

  @Test("A damaged line before others, and a file that is no journal, are refused and kept")
  func damaged() throws {
    _ = try search(journal: path())
    var text = try lines()
    let changed = text.count - 3
    text[changed] = text[changed].replacing(/^\d+/, with: "3")
    for content in [text.joined(separator: "\n") + "\n", "x = 1\nprint(x)\n", "no newline", "\u{0}\u{1}\n"] {
      try content.write(toFile: path("other"), atomically: true, encoding: .utf8)
      do {
        _ = try search(journal: path("other"))
        Issue.record("it was taken for a journal: \(content.prefix(20))")
      } catch let error as TensorError {
        guard case .malformed = error else { throw error }
      }
      #expect(try String(contentsOfFile: path("other"), encoding: .utf8) == content)
    }
  }

  @Test("A base with other bits is refused")
  func otherBits() throws {
    _ = try SearchJournal(path(), key: [("model", "m")], base: CandidateScore(loss: 1))
    let expected = GeometryError.otherSearch(path: path(), what: "base", theirs: "1.0 -", ours: "1.0000000000000002 -")
    #expect(throws: expected) {
      _ = try SearchJournal(path(), key: [("model", "m")], base: CandidateScore(loss: 1.nextUp))
    }
  }

  @Test("Two processes do not write to one journal")
  func locked() throws {
    let base = CandidateScore(loss: 1)
    let first = try SearchJournal(path(), key: [], base: base)
    #expect(throws: TensorError.file(path: path(), reason: "another process writes to it")) {
      _ = try SearchJournal(path(), key: [], base: base)
    }
    try first.add(0, base)
  }

  @Test("A journal that cannot be written stops before the search")
  func unwritable() throws {
    #expect(throws: TensorError.file(path: "/no/such/run.tvj", reason: "its folder does not exist")) {
      _ = try search(journal: "/no/such/run.tvj")
    }
    #expect(throws: TensorError.file(path: folder.path, reason: "it is a folder")) {
      _ = try search(journal: folder.path)
    }
  }

  @Test("A disk that becomes full stops the search at once, and what was written is whole")
  func full() throws {
    // A file may not become longer than this: the same refusal as that of a full disk, in the middle of a line.
    var old = rlimit()
    getrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &old)
    let handler = signal(SIGXFSZ, SIG_IGN)
    let whole = try search(journal: path("whole.tvj"))
    let size = try Data(contentsOf: URL(filePath: path("whole.tvj"))).count
    var small = rlimit(rlim_cur: rlim_t(size - 100), rlim_max: old.rlim_max)
    setrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &small)
    let failure = Result { try search(journal: path()) }
    setrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &old)
    signal(SIGXFSZ, handler)
    do {
      _ = try failure.get()
      Issue.record("nothing was refused")
    } catch let error as TensorError {
      guard case .file(path(), _) = error else { throw error }
    }
    let written = try lines()
    let all = try lines("whole.tvj")
    #expect(written.count > 8 && written.count < all.count && Array(all.prefix(written.count)) == written)
    #expect(try search(journal: path()).scores == whole.scores)
  }
}
