import Checkpoints
import Tensors
import Workers

/// Activations that were read from a model.
public struct Activations: Sendable {
  /// Where, in the order in which they were asked for.
  public let points: [ActivationPoint]
  /// For each point, rows × width numbers in float32.
  public let matrices: [Tensor]
  /// Which rows each sequence has.
  public let rows: [Range<Int>]
}

extension Model {
  /// The most tokens that are read at once.
  private static let readingLimit = 4096
  /// Up to three tokens, products are summed in another order: more than that are read always, so that no sequence
  /// depends on those beside it.
  private static let fewTokens = 4

  /// Reads activations, steered where the model is: at the site of an edit, after it.
  ///
  /// The model computes as far as the deepest point. Sequences of similar length are read together, the shorter ones filled
  /// up. Neither their order nor what is read beside them changes a bit of the result.
  ///
  /// - Parameters:
  ///   - sequences: tokens, at least one in each. Each is a prompt as a whole, or up to its answer.
  ///   - points: at least one.
  ///   - positions: at which tokens.
  ///   - padding: on which side shorter sequences are filled up.
  /// - Throws: ``TransformerError`` for tokens, blocks or positions that are not there, `TensorError`, `Interrupted`.
  public func activations(
    of sequences: [[Int32]], at points: [ActivationPoint], positions: PositionRule = .last,
    padding: PaddingSide = .right
  ) throws -> Activations {
    guard !points.isEmpty else {
      throw TransformerError.invalidOption(field: "layer", value: "[]", reason: "must name a place to read")
    }
    for point in points { try check(point) }
    if sequences.isEmpty { throw TransformerError.emptyData(data: "texts", reason: "there are none") }
    for tokens in sequences { try checkTokens(tokens, self, longest: configuration.context, data: "texts") }
    let reading = try Reading(sequences, positions)
    let width = configuration.width
    let (bytes, overflow) = (reading.rowCount * points.count).multipliedReportingOverflow(by: 4 * width)
    try MemoryBudget.check(bytes: overflow ? .max : bytes)
    var out = try Dictionary(
      Set(points).map { ($0, try FloatVector(zeros: reading.rowCount * width)) },
      uniquingKeysWith: { first, _ in first })

    let groups = Self.groups(of: sequences)
    let isShared = Team.current.isSharing
    let distinct = Set(points).sorted { ($0.layer, $0.site.order) < ($1.layer, $1.site.order) }
    let read = try Team.current.collect("activations", count: groups.count) { index -> [Float] in
      try Cancellation.check()
      let group = groups[index]
      let (grid, offsets) = Self.grid(group.map { sequences[$0] }, padding, ends: group.map { reading.promptEnds[$0] })
      let listener = ActivationListener(points) { point, values in
        guard let base = values.baseAddress else { return }
        try out[point]?.withMutablePointer { target in
          for (row, place) in group.enumerated() {
            reading.write(
              sequence: place, from: base + (row * grid.length + offsets[row]) * width, width: width, into: target)
          }
        }
      }
      try Workspace.withShared { try $0.read(self, grid, listener) }
      // One process has written the rows where they belong; others are told them.
      return isShared ? Self.rows(group, reading, distinct.compactMap { out[$0] }, width) : []
    }
    if isShared {
      for (group, rows) in zip(groups, read) { try Self.put(rows, group, reading, distinct, &out, width) }
    }
    let matrices = try points.map { point in
      guard let vector = out[point] else { throw TransformerError.emptyData(data: "texts", reason: "nothing was read") }
      return try Tensor(vector, shape: [reading.rowCount, width])
    }
    return Activations(points: points, matrices: matrices, rows: reading.rows)
  }

  /// The rows of some sequences, point after point.
  private static func rows(
    _ group: [Int], _ reading: Reading, _ matrices: [FloatVector], _ width: Int
  ) -> [Float] {
    var rows: [Float] = []
    for matrix in matrices {
      matrix.withPointer { source in
        for place in group {
          let range = reading.rows[place]
          rows += UnsafeBufferPointer(start: source + range.lowerBound * width, count: range.count * width)
        }
      }
    }
    return rows
  }

  /// Writes what ``rows(_:_:_:_:)`` gave on some rank.
  private static func put(
    _ rows: [Float], _ group: [Int], _ reading: Reading, _ points: [ActivationPoint],
    _ out: inout [ActivationPoint: FloatVector], _ width: Int
  ) throws {
    var first = 0
    for point in points {
      try out[point]?.withMutablePointer { target in
        for place in group {
          let range = reading.rows[place]
          let count = range.count * width
          guard first + count <= rows.count else { throw WorkerError.malformed }
          for index in 0..<count { target[range.lowerBound * width + index] = rows[first + index] }
          first += count
        }
      }
    }
  }

  /// Sequences of similar length together, by their places.
  private static func groups(of sequences: [[Int32]]) -> [[Int]] {
    let order = sequences.indices.sorted { (sequences[$0].count, $0) < (sequences[$1].count, $1) }
    var groups: [[Int]] = []
    for place in order {
      if let last = groups.last, (last.count + 1) * sequences[place].count <= readingLimit {
        groups[groups.count - 1].append(place)
      } else {
        groups.append([place])
      }
    }
    return groups
  }

  /// Sequences as one grid, and where in its row each begins.
  private static func grid(
    _ sequences: [[Int32]], _ side: PaddingSide, ends: [Int]
  ) -> (grid: TokenGrid, offsets: [Int]) {
    let length = sequences.reduce(1) { max($0, $1.count) }
    var (sequences, ends) = (sequences, ends)
    while sequences.count * length < fewTokens, let first = sequences.first, let end = ends.first {
      sequences.append(first)
      ends.append(end)
    }
    let offsets = sequences.map { side == .left ? length - $0.count : 0 }
    var tokens = [Int32](repeating: 0, count: sequences.count * length)
    for (row, sequence) in sequences.enumerated() {
      let first = row * length + offsets[row]
      tokens.replaceSubrange(first..<first + sequence.count, with: sequence)
    }
    let grid = TokenGrid(
      rows: sequences.count, length: length, tokens: tokens,
      padding: offsets.contains { $0 > 0 } ? offsets : nil, promptEnds: ends)
    return (grid, offsets)
  }
}

/// A rule for positions, worked out for some sequences.
private struct Reading {
  /// The tokens of each sequence that are read.
  private let tokens: [[Int]]
  private let isMean: Bool
  /// Which rows of the result each sequence has.
  let rows: [Range<Int>]
  /// The last token of each prompt.
  let promptEnds: [Int]

  var rowCount: Int { rows.last?.upperBound ?? 0 }

  init(_ sequences: [[Int32]], _ rule: PositionRule) throws(TransformerError) {
    var tokens: [[Int]] = []
    var ends: [Int] = []
    if case .answer(let ranges) = rule { try Self.check(ranges.count, "answers", sequences.count) }
    if case .mask(let masks) = rule { try Self.check(masks.count, "masks", sequences.count) }
    for (number, sequence) in sequences.enumerated() {
      let count = sequence.count
      var end = count - 1
      switch rule {
      case .last: tokens.append([count - 1])
      case .all, .mean: tokens.append(Array(0..<count))
      case .index(let index):
        let place = index < 0 ? index + count : index
        guard (0..<count).contains(place) else {
          throw .invalidOption(
            field: "position", value: "\(index)",
            reason: "must lie within text \(number + 1), which has \(count) tokens")
        }
        tokens.append([place])
      case .answer(let ranges):
        let range = ranges[number]
        guard !range.isEmpty, range.lowerBound >= 0, range.upperBound <= count else {
          throw .invalidOption(
            field: "position", value: "\(range)", reason: "must be tokens of text \(number + 1), which has \(count)")
        }
        tokens.append(Array(range))
        end = max(0, range.lowerBound - 1)
      case .mask(let masks):
        try Self.check(masks[number].count, "flags of mask \(number + 1)", count)
        tokens.append(masks[number].indices.filter { masks[number][$0] })
      }
      ends.append(end)
    }
    switch rule {
    case .mean, .answer: isMean = true
    default: isMean = false
    }
    var first = 0
    var rows: [Range<Int>] = []
    for places in tokens {
      let count = isMean ? 1 : places.count
      rows.append(first..<first + count)
      first += count
    }
    guard first > 0 else { throw .emptyData(data: "texts", reason: "the mask marks no token") }
    (self.tokens, self.rows, promptEnds) = (tokens, rows, ends)
  }

  private static func check(_ count: Int, _ what: String, _ needed: Int) throws(TransformerError) {
    if count != needed {
      throw .invalidOption(field: "position", value: "\(count) \(what)", reason: "must be as many as \(needed)")
    }
  }

  /// Writes the rows of one sequence.
  ///
  /// - Parameter source: the activations of its first token; those of the others follow.
  func write(sequence: Int, from source: UnsafePointer<Float>, width: Int, into out: UnsafeMutablePointer<Float>) {
    let target = out + rows[sequence].lowerBound * width
    guard isMean else {
      for (row, token) in tokens[sequence].enumerated() {
        (target + row * width).update(from: source + token * width, count: width)
      }
      return
    }
    let count = Double(tokens[sequence].count)
    var sums = [Double](repeating: 0, count: width)
    for token in tokens[sequence] {
      for column in 0..<width { sums[column] += Double(source[token * width + column]) }
    }
    for column in 0..<width { target[column] = Float(sums[column] / count) }
  }
}
