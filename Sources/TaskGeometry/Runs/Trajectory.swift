import Checkpoints
import Tensors
import Transformers

/// Reads a run from checkpoints that another trainer saved.
///
/// At any time the start, two neighbouring checkpoints and their difference are in memory; the differences are kept by a
/// spool, which puts them on the disk past a limit. What a trainer alone knows, losses, seed and optimiser, is unknown.
///
/// - Parameters:
///   - paths: the checkpoints. Names that differ in their numbers only are taken in the order of these numbers, so that
///     `checkpoint-2` comes before `checkpoint-10`; other names are taken as they are given.
///   - base: θ_0, if it lives in the space of the checkpoints. The model below adapters is no point of their space, and
///     the first adapter is θ_0 then, as it is without a base.
///   - limit: bytes of steps that stay in memory; a quarter of what is free when nil.
///   - load: reads a checkpoint.
/// - Throws: ``GeometryError``, `TensorError`, `Interrupted`, and what `load` throws.
public func trajectory(
  _ paths: [String], base: Model? = nil, limit: Int? = nil, load: (String) throws -> Model
) throws -> Run {
  func refuse(_ reason: String) -> GeometryError { .degenerate(operation: "trajectory", reason: reason) }
  if let limit, limit < 0 { throw GeometryError.outOfRange(what: "limit", value: limit, allowed: 0...Int.max) }
  let order = try CheckpointOrder.sorted(paths)
  guard let first = order.first else { throw refuse("there are no checkpoints") }
  let activity = Activity("trajectory", total: order.count)
  defer { activity.finish() }

  var last = try load(first)
  var files = [first]
  var start = last
  var rest = order.dropFirst()
  /// The first checkpoint, when it is not θ_0.
  var pending: Model?
  try activity.advance()
  if let base {
    if base.parameterSpace == last.parameterSpace {
      pending = last
      (start, last, files, rest) = (base, base, ["base"], order[...])
    } else if last.adapter == nil || last.baseDigest != base.baseDigest {
      throw GeometryError.differentCheckpoints(
        first: "base", second: first, left: base.parameterSpace, right: last.parameterSpace)
    }
  }
  guard !rest.isEmpty else { throw refuse("one checkpoint makes no step; there must be another one, or base=") }

  let spool = FloatSpool(limit: limit ?? Int(MemoryBudget.available / 4))
  var steps: [FloatVector] = []
  var squaredLengths: [Double] = []
  for path in rest {
    let next: Model
    if let model = pending {
      (next, pending) = (model, nil)
    } else {
      next = try load(path)
      try activity.advance()
    }
    guard next.parameterSpace == start.parameterSpace else {
      throw GeometryError.differentCheckpoints(
        first: files.last ?? first, second: path, left: start.parameterSpace, right: next.parameterSpace)
    }
    let step = try next.freeWeights.subtracting(last.freeWeights)
    let norm = step.norm
    guard norm.isFinite else {
      throw refuse("\(path) holds weights that are not finite numbers, or \(files.last ?? first) does")
    }
    squaredLengths.append(norm * norm)
    steps.append(try spool.append(step))
    files.append(path)
    last = next
  }
  return try Run(
    start: start, end: last, steps: steps, squaredLengths: squaredLengths, losses: [], every: 1, seed: nil,
    optimizer: "unknown", data: "unknown", files: files)
}

/// The order of checkpoints by the numbers in their names.
enum CheckpointOrder {
  /// Sorts paths that differ in their numbers only. Other lists stay as they are given, unless that contradicts the
  /// numbers of those that do.
  ///
  /// - Throws: ``GeometryError/degenerate(operation:reason:)`` when two paths are one step, or the order is doubtful.
  static func sorted(_ paths: [String]) throws(GeometryError) -> [String] {
    func refuse(_ reason: String) -> GeometryError { .degenerate(operation: "trajectory", reason: reason) }
    let names = paths.map(Name.init)
    var latest: [[String]: Name] = [:]
    var isAscending = true
    for name in names {
      if let previous = latest[name.words], !previous.precedes(name) { isAscending = false }
      latest[name.words] = name
    }
    if latest.count > 1, !isAscending {
      throw refuse("these paths are of several kinds, and their numbers are not in order; give them in step order")
    }
    // Without a number in any name nothing is sorted, and equal names are duplicates all the same.
    let order = latest.count > 1 ? names : names.sorted { $0.precedes($1) }
    for (one, two) in zip(order, order.dropFirst()) where one.words == two.words && one.numbers == two.numbers {
      throw refuse(
        one.path == two.path ? "\(one.path) is there twice" : "\(one.path) and \(two.path) are the same step")
    }
    return order.map(\.path)
  }

  /// A path, cut into digits and what stands between them.
  private struct Name {
    let path: String
    private(set) var words: [String] = [""]
    /// Without zeros at the front; of any length.
    private(set) var numbers: [String] = []

    init(_ path: String) {
      self.path = path
      var parts = path.split(separator: "/").filter { $0 != "." }.joined(separator: "/")
      if path.hasPrefix("/") { parts = "/" + parts }
      var isNumber = false
      for character in parts {
        let isDigit = character.isASCII && character.isNumber
        if isDigit && !isNumber { numbers.append("") }
        if !isDigit && isNumber { words.append("") }
        isNumber = isDigit
        if isDigit { numbers[numbers.count - 1].append(character) } else { words[words.count - 1].append(character) }
      }
      numbers = numbers.map { String($0.drop { $0 == "0" }) }
    }

    func precedes(_ other: Name) -> Bool {
      for (mine, theirs) in zip(numbers, other.numbers) where mine != theirs {
        return mine.count != theirs.count ? mine.count < theirs.count : mine < theirs
      }
      return false
    }
  }
}
