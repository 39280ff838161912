import Foundation
import Synchronization
import Tensors
import Transformers
import Workers

/// The scores of a search in a file, from which a search that was stopped goes on.
///
/// It is text, one line a fact, each with a checksum at its end: what was searched, then the number, the loss and the
/// right answers of one candidate a line, in the order in which they came. A line is given to the system as soon as its
/// candidate is scored, so that a process that is killed loses no score, and reaches the disk within a second.
public final class SearchJournal: Sendable {
  /// Where it is.
  public let path: String
  /// The scores that were there when it was opened, by number.
  public let known: [Int: CandidateScore]
  private let state: Mutex<State>

  private struct State {
    var descriptor: Int32
    /// Bytes of whole lines.
    var size: off_t
    var synced = ContinuousClock.now
  }

  private static let open = Mutex<[String]>([])

  /// The journals that are being written, for what is said when the process is ended from outside.
  public static var underWay: [String] { open.withLock { $0 } }

  private static let title = "tvs search journal 1"
  private static let interval = Duration.seconds(1)

  /// Opens a journal, or begins one.
  ///
  /// A line at the end that was cut off when a process or a machine stopped is dropped.
  ///
  /// - Parameters:
  ///   - key: what decides the scores, by name. A journal with anything else belongs to another search.
  ///   - base: the score of the base, which must be the same to the last bit.
  /// - Throws: ``GeometryError/otherSearch(path:what:theirs:ours:)``, `TensorError.file` when it cannot be read or written or
  ///   another process writes to it, `TensorError.malformed` for a file that is damaged or no journal.
  public init(_ path: String, key: [(name: String, value: String)], base: CandidateScore) throws {
    self.path = path
    let descriptor = Foundation.open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
    guard descriptor >= 0 else { throw TensorError.file(path: path, reason: FileAccess.reason(errno)) }
    do {
      // Some file systems of clusters know no locks: then nobody looks.
      if flock(descriptor, LOCK_EX | LOCK_NB) != 0, errno == EWOULDBLOCK {
        throw TensorError.file(path: path, reason: "another process writes to it")
      }
      let text = try SearchJournal.contents(descriptor, path)
      let head = SearchJournal.head(key, base)
      let read = try SearchJournal.read(text, path, head: head, answers: base.right.count)
      known = read.scores
      var state = State(descriptor: descriptor, size: off_t(read.size))
      guard ftruncate(descriptor, state.size) == 0 else {
        throw TensorError.file(path: path, reason: FileAccess.reason(errno))
      }
      if read.size == 0 { try SearchJournal.append(head.map(SearchJournal.line).joined(), path, &state) }
      try SearchJournal.sync(path, &state)
      if read.size == 0 { SearchJournal.syncFolder(of: path) }
      self.state = Mutex(state)
      SearchJournal.open.withLock { $0.append(path) }
    } catch {
      close(descriptor)
      throw error
    }
  }

  deinit {
    state.withLock { _ = close($0.descriptor) }
    SearchJournal.open.withLock { open in
      if let place = open.firstIndex(of: path) { open.remove(at: place) }
    }
  }

  /// Notes the score of a candidate. Threads may call it together.
  ///
  /// - Throws: `TensorError.file` when it cannot be written; the lines before it are whole.
  public func add(_ index: Int, _ score: CandidateScore) throws {
    let line = SearchJournal.line(SearchJournal.text(index, score))
    try state.withLock { state in
      try SearchJournal.append(line, path, &state)
      if state.synced.duration(to: .now) > SearchJournal.interval { try SearchJournal.sync(path, &state) }
    }
  }

  /// Waits until everything is on the disk.
  ///
  /// - Throws: `TensorError.file`.
  public func sync() throws { try state.withLock { try SearchJournal.sync(path, &$0) } }

  // MARK: - Lines

  private static func head(_ key: [(name: String, value: String)], _ base: CandidateScore) -> [String] {
    [title] + key.map { "\($0.name): \($0.value)" } + ["base: \(text(base))"]
  }

  private static func text(_ score: CandidateScore) -> String {
    let hex = BitList(score.right).bytes.map { byte in
      let digits = String(byte, radix: 16)
      return byte < 16 ? "0" + digits : digits
    }
    // The shortest decimal that reads back as the same number; every other kind of NaN is one NaN here.
    return "\(score.loss.isNaN ? .nan : score.loss) \(score.right.isEmpty ? "-" : hex.joined())"
  }

  private static func text(_ index: Int, _ score: CandidateScore) -> String { "\(index) \(text(score))" }

  private static func line(_ text: String) -> String { "\(text) \(checksum(text))\n" }

  private static func checksum(_ text: String) -> String {
    var digest = Digest()
    digest.add(text)
    return digest.hex
  }

  /// The text of a line without its checksum; nil when that is wrong.
  private static func sound(_ line: Substring) -> String? {
    guard let space = line.lastIndex(of: " ") else { return nil }
    let text = String(line[..<space])
    return checksum(text) == line[line.index(after: space)...] ? text : nil
  }

  private static func score(_ text: String, answers: Int) -> (index: Int, score: CandidateScore)? {
    let fields = text.split(separator: " ")
    guard fields.count == 3, let index = Int(fields[0]), index >= 0, index < RandomSearch.limit,
      let loss = Double(fields[1])
    else { return nil }
    if answers == 0 { return fields[2] == "-" ? (index, CandidateScore(loss: loss)) : nil }
    let digits = Array(fields[2])
    let bytes = stride(from: 0, to: digits.count - 1, by: 2).compactMap {
      UInt8(String(digits[$0...($0 + 1)]), radix: 16)
    }
    guard digits.count % 2 == 0, 2 * bytes.count == digits.count, bytes.count == (answers + 7) / 8 else { return nil }
    return (index, CandidateScore(loss: loss, right: BitList(bytes: bytes, count: answers).values))
  }

  // MARK: - Reading

  private static func read(
    _ text: String, _ path: String, head: [String], answers: Int
  ) throws -> (scores: [Int: CandidateScore], size: Int) {
    var scores: [Int: CandidateScore] = [:]
    var size = 0
    // Where lines end is a question of bytes.
    let lines = text.utf8.split(separator: 10, omittingEmptySubsequences: false).map { Substring($0) }
    // What follows the last newline was cut off.
    for (number, line) in lines.dropLast().enumerated() {
      guard let text = sound(line) else {
        // A page that never reached the disk is at the end; a line that is wrong before others was changed.
        if number > 0, lines[(number + 1)...].allSatisfy({ sound($0) == nil }) { break }
        throw TensorError.malformed(
          path: path, reason: number == 0 ? "it is no journal of a search" : "line \(number + 1) is damaged")
      }
      if number < head.count {
        if text != head[number] { throw difference(text, head[number], path) }
      } else {
        guard let (index, score) = score(text, answers: answers) else {
          throw TensorError.malformed(path: path, reason: "line \(number + 1) is no score of a candidate")
        }
        if let other = scores[index], other.loss.bitPattern != score.loss.bitPattern || other.right != score.right {
          throw TensorError.malformed(path: path, reason: "it holds two scores of candidate \(index)")
        }
        scores[index] = score
      }
      size += line.utf8.count + 1
    }
    if size == 0, !text.isEmpty, !head[0].utf8.starts(with: text.utf8.prefix(head[0].utf8.count)) {
      throw TensorError.malformed(path: path, reason: "it is no journal of a search")
    }
    // A head that was cut off is written again.
    return scores.isEmpty && lines.count - 1 < head.count ? ([:], 0) : (scores, size)
  }

  private static func difference(_ theirs: String, _ ours: String, _ path: String) -> any Error {
    func parts(_ line: String) -> (String, String) {
      guard let colon = line.firstRange(of: ": ") else { return ("format", line) }
      return (String(line[..<colon.lowerBound]), String(line[colon.upperBound...]))
    }
    return GeometryError.otherSearch(path: path, what: parts(ours).0, theirs: parts(theirs).1, ours: parts(ours).1)
  }

  private static func contents(_ descriptor: Int32, _ path: String) throws -> String {
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 1 << 16)
    while true {
      let count = Foundation.read(descriptor, &buffer, buffer.count)
      if count < 0, errno == EINTR { continue }
      if count < 0 {
        throw TensorError.file(path: path, reason: "it cannot be read (\(String(cString: strerror(errno))))")
      }
      if count == 0 { break }
      bytes += buffer[..<count]
    }
    return String(decoding: bytes, as: UTF8.self)
  }

  // MARK: - Writing

  private static func append(_ line: String, _ path: String, _ state: inout State) throws {
    let bytes = Array(line.utf8)
    var done = 0
    while done < bytes.count {
      let count = bytes.withUnsafeBytes { buffer in
        pwrite(state.descriptor, buffer.baseAddress.map { $0 + done }, bytes.count - done, state.size + off_t(done))
      }
      if count < 0, errno == EINTR { continue }
      guard count > 0 else {
        let code = errno
        // Half a line would be dropped when it is read; it is not left there.
        _ = ftruncate(state.descriptor, state.size)
        _ = fdatasync(state.descriptor)
        throw TensorError.file(path: path, reason: FileAccess.reason(code))
      }
      done += count
    }
    state.size += off_t(bytes.count)
  }

  /// A new name must reach the disk too. Where a folder cannot be opened for that, its file system does without.
  private static func syncFolder(of path: String) {
    let folder = (path as NSString).deletingLastPathComponent
    let descriptor = Foundation.open(folder.isEmpty ? "." : folder, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return }
    _ = fsync(descriptor)
    close(descriptor)
  }

  private static func sync(_ path: String, _ state: inout State) throws {
    guard fsync(state.descriptor) == 0 || errno == EINVAL || errno == EINTR else {
      throw TensorError.file(path: path, reason: FileAccess.reason(errno))
    }
    state.synced = .now
  }
}

extension CandidateScore: Portable {
  /// Appends the value.
  public func write(to sink: inout ByteSink) {
    loss.write(to: &sink)
    BitList(right).write(to: &sink)
  }

  /// Reads what was appended.
  public init(from source: inout ByteSource) throws(WorkerError) {
    self.init(loss: try Double(from: &source), right: try BitList(from: &source).values)
  }
}

// MARK: - What decides the scores of a search

extension Perturbations {
  /// What decides the candidates, for a journal.
  var key: [(name: String, value: String)] {
    let size =
      switch length {
      case .deviation(let value): "sigma \(value)"
      case .deviations(let values): "sigma \(values)"
      case .norm(let value): "norm \(value)"
      }
    return [
      ("space", space.layoutDigest + (space.frozenDigest.map { " on \($0)" } ?? "")),
      ("within", subspace?.digest ?? "all directions"), ("size", size), ("seed", "\(seed)"),
      ("antithetic", "\(isAntithetic)"),
    ]
  }
}

extension Subspace {
  /// Sixteen hexadecimal digits over the basis as it is made.
  fileprivate var digest: String {
    var hash = Digest()
    for generator in generators { hash.add(generator) }
    coefficients.values.withUnsafeBytes { hash.add($0) }
    return hash.hex
  }
}

extension ScoringSet {
  /// Sixteen hexadecimal digits over all examples.
  var digest: String {
    var hash = Digest()
    func add(_ numbers: [Int32]) { numbers.withUnsafeBytes { hash.add($0) } }
    for batch in batches {
      hash.add("\(batch.rows) \(batch.length) \(batch.targetCounts)")
      for numbers in [batch.tokens, batch.positions, batch.targets] { add(numbers) }
      for example in batch.alternatives.joined() {
        add(example.tokens)
        add(example.targets)
      }
    }
    return hash.hex
  }
}
