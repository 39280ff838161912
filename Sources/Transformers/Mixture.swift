/// Several data sets in fixed shares of every batch.
///
/// The split is exact rather than random: with four equal weights each batch of 128 holds 32 sequences a task. When
/// the shares are not whole numbers the sequences left over go to the largest remainders, and ties take turns from
/// one batch to the next.
public struct Mixture: Dataset {
  /// The parts; none unless it is a mixture.
  public let children: [any Dataset]
  /// The share of each child; they add up to 1.
  public let weights: [Double]

  /// Mixes data sets.
  ///
  /// - Parameter weights: relative shares, one a child; nil for equal ones.
  /// - Throws: ``TransformerError/invalidOption(field:value:reason:)`` for no children or for weights that are not
  ///   positive, finite and one a child.
  public init(_ children: [any Dataset], weights: [Double]? = nil) throws(TransformerError) {
    if children.isEmpty {
      throw .invalidOption(field: "list", value: "[]", reason: "a mixture needs at least one part")
    }
    let weights = weights ?? Array(repeating: 1, count: children.count)
    guard weights.count == children.count else {
      throw .invalidOption(
        field: "weights", value: "\(weights)",
        reason: "\(children.count) parts need as many weights, not \(weights.count)")
    }
    guard weights.allSatisfy({ $0.isFinite && $0 > 0 }) else {
      throw .invalidOption(field: "weights", value: "\(weights)", reason: "weights must be positive")
    }
    let sum = weights.reduce(0, +)
    self.children = children
    self.weights = weights.map { $0 / sum }
  }

  private init(children: [any Dataset], shares: [Double]) {
    self.children = children
    weights = shares
  }

  /// A mixture that is read back: its shares stay as they are, to the last bit.
  ///
  /// - Throws: ``TransformerError/invalidOption(field:value:reason:)`` for shares that do not add up to 1.
  public init(restoring children: [any Dataset], shares: [Double]) throws(TransformerError) {
    guard !children.isEmpty, children.count == shares.count, shares.allSatisfy({ $0 > 0 && $0.isFinite }),
      abs(shares.reduce(0, +) - 1) < 1e-9
    else {
      throw .invalidOption(field: "weights", value: "\(shares.prefix(8))", reason: "are not the shares of a mixture")
    }
    self.init(children: children, shares: shares)
  }

  /// What calls and tables say.
  public var name: String { "mix(" + children.map(\.name).joined(separator: ", ") + ")" }
  /// The model needs at least so many tokens.
  public var requiredVocabulary: Int { children.map(\.requiredVocabulary).max() ?? 0 }
  /// The model needs at least such a context.
  public var requiredContext: Int { children.map(\.requiredContext).max() ?? 0 }
  /// How many examples there are; nil when they are generated.
  public var exampleCount: Int? {
    children.reduce(Optional(0)) { sum, child in sum.flatMap { sum in child.exampleCount.map { sum + $0 } } }
  }
  /// Whether only a model with a tokenizer can read one of the parts.
  public var needsTokenizer: Bool { children.contains { $0.needsTokenizer } }
  /// How many examples one batch can hold before a part repeats one; nil when all parts are generated.
  public var distinctCount: Int? {
    zip(children, weights).compactMap { child, share in
      // The epsilon keeps the quota of a part that is just exhausted, such as 3 / 0.3, from losing one to rounding.
      child.distinctCount.map { Int((Double($0) / share + 1e-9).rounded(.down)) }
    }.min()
  }

  /// The mixture of the parts as a model reads them.
  ///
  /// - Throws: as the parts' own.
  public func bound(to model: Model) throws -> any Dataset {
    Mixture(children: try children.map { try $0.bound(to: model) }, shares: weights)
  }

  /// The first examples of batch number `index` as a person reads them.
  public func texts(count: Int, seed: UInt64, index: Int) throws -> [String] {
    try draw(count: count, seed: seed, index: index) { child, share, seed in
      try children[child].texts(count: share, seed: seed, index: index)
    }
  }

  /// The probability of an exact match by chance; nil if not known.
  public var chance: Double? {
    zip(children, weights).reduce(Optional(0)) { sum, part in
      sum.flatMap { sum in part.0.chance.map { sum + $0 * part.1 } }
    }
  }

  /// The children's, by their weights.
  public var guessLoss: Double? {
    zip(children, weights).reduce(Optional(0)) { sum, part in
      sum.flatMap { sum in part.0.guessLoss.map { sum + $0 * part.1 } }
    }
  }

  /// How many sequences of batch `index` each child supplies.
  public func split(of count: Int, index: Int) -> [Int] {
    let quotas = weights.map { $0 * Double(count) }
    // The epsilon keeps a quota such as 0.1 · 30 = 2.9999…96 from losing a sequence to rounding.
    var counts = quotas.map { Int(($0 + 1e-9).rounded(.down)) }
    let left = count - counts.reduce(0, +)
    let first = index &* max(left, 0)
    let order = quotas.indices.sorted { a, b in
      let (x, y) = (quotas[a] - Double(counts[a]), quotas[b] - Double(counts[b]))
      if abs(x - y) > 1e-9 { return x > y }
      return turn(a, first) < turn(b, first)
    }
    for child in order.prefix(max(left, 0)) { counts[child] += 1 }
    return counts
  }

  private func turn(_ child: Int, _ first: Int) -> Int {
    let shifted = (child - first) % children.count
    return shifted < 0 ? shifted + children.count : shifted
  }

  /// The examples of batch number `index`.
  public func examples(count: Int, seed: UInt64, index: Int) throws -> [Batch.Example] {
    try draw(count: count, seed: seed, index: index) { child, share, seed in
      try children[child].examples(count: share, seed: seed, index: index).map { example in
        var example = example
        example.part = child
        return example
      }
    }
  }

  private func draw<Item>(
    count: Int, seed: UInt64, index: Int, _ from: (_ child: Int, _ share: Int, _ seed: UInt64) throws -> [Item]
  ) rethrows -> [Item] {
    var items: [Item] = []
    items.reserveCapacity(count)
    for (child, share) in split(of: count, index: index).enumerated() where share > 0 {
      // Parts of one name must not repeat each other's examples.
      let twins = children[..<child].count { $0.name == children[child].name }
      items += try from(child, share, seed &+ UInt64(twins) &* 0x9E37_79B9_7F4A_7C15)
    }
    return items
  }

  /// An example as a person reads it.
  public func text(of example: Batch.Example) -> String {
    children.indices.contains(example.part) ? children[example.part].text(of: example) : ""
  }
}
