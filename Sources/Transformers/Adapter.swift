import Foundation
import Tensors

/// A low-rank adapter (Hu et al., "LoRA", arXiv 2106.09685): each adapted linear layer computes
/// `x·Wᵀ + (α/r)·x·Aᵀ·Bᵀ` with W frozen, A of shape r × inputs and B of shape outputs × r.
public struct Adapter: Sendable {
  /// Everything but the numbers.
  public let shape: Shape
  /// All factors in one flat vector, in the layout of the shape.
  public internal(set) var factors: FloatVector

  /// Which layers an adapter sits on, at which rank and scale.
  public struct Shape: Sendable, Hashable {
    /// Columns of B and rows of A.
    public let rank: Int
    /// The numerator of the scale.
    public let alpha: Double
    /// The paths that were asked for.
    public let targets: [String]
    /// The layers it sits on, such as `blocks.0.attn.qkv`, in the order of the base's layout.
    public let layers: [String]
    /// Segments `<layer>.a` (rank × inputs) and `<layer>.b` (outputs × rank), layer after layer.
    public let layout: ParameterLayout
    /// Digest of the frozen weights it was made for.
    public let baseDigest: String
    /// What multiplies B·A: α/r.
    public var scale: Double { alpha / Double(rank) }
  }

  /// How the factor A of a fresh adapter is drawn.
  public enum Initialization: String, Sendable, Hashable, CaseIterable {
    /// Uniformly from ±1/√inputs: Kaiming's bound with a = √5, peft's default.
    case kaiming
    /// From N(0, 1/r²), peft's `init_lora_weights="gaussian"`.
    case gaussian

    /// The initialisation of a name.
    ///
    /// - Throws: ``TransformerError/unknownChoice(of:name:known:)``.
    public init(named name: String) throws(TransformerError) {
      guard let choice = Self(rawValue: name) else {
        throw .unknownChoice(of: "init", name: name, known: Self.allCases.map(\.rawValue))
      }
      self = choice
    }
  }

  /// An adapter from its parts.
  ///
  /// - Throws: ``TransformerError/layoutMismatch(operation:left:right:)`` when the counts disagree.
  public init(shape: Shape, factors: FloatVector) throws(TransformerError) {
    guard shape.layout.count == factors.count else {
      throw .layoutMismatch(
        operation: "adapter", left: "\(shape.layout.count) factors", right: "\(factors.count) numbers")
    }
    self.shape = shape
    self.factors = factors
  }

  func add(to hash: inout Digest) {
    hash.add("rank \(shape.rank) scale \(shape.scale) \(shape.layout.digest)")
    hash.add(factors)
  }
}

extension Model {
  /// The linear layers, such as `blocks.0.attn.qkv`, in the order of the layout.
  public var linearLayers: [String] {
    layout.segments.filter { $0.role == .linear }.map { String($0.name.dropLast(".weight".count)) }
  }

  /// The linear layers that a target names, by our paths or by the module names of transformers: its dotted parts must
  /// occur one after the other in either, so that `attn.q`, `q_proj`, `blocks.2` and `model.layers.2.mlp.up_proj` all
  /// select what they say. `all-linear` selects every one, as in peft.
  public func linearLayers(matching target: String) -> [String] {
    if target == "all-linear" { return linearLayers }
    let wanted = target.split(separator: ".")
    if wanted.isEmpty { return [] }
    func occurs(in path: String) -> Bool {
      let parts = path.split(separator: ".")
      let starts = 0..<max(0, parts.count - wanted.count + 1)
      return starts.contains { parts[$0..<$0 + wanted.count].elementsEqual(wanted) }
    }
    let names = architecture.checkpointNames
    return linearLayers.filter { layer in occurs(in: layer) || names.module(of: layer).map(occurs) ?? false }
  }

  /// A model with a fresh adapter on some linear layers; its factors become the free weights.
  ///
  /// A is drawn as peft draws it and B is zero, so that the adapted model starts out equal to its base.
  ///
  /// - Parameters:
  ///   - rank: r.
  ///   - alpha: α; 2r unless given.
  ///   - targets: paths of linear layers; the inputs of attention unless given.
  ///   - seed: of A.
  ///   - initialization: how A is drawn.
  /// - Throws: ``TransformerError/alreadyAdapted(model:)``, ``TransformerError/unknownTarget(name:known:)``,
  ///   ``TransformerError/invalidOption(field:value:reason:)``, `TensorError`.
  public func adapted(
    rank: Int = 8, alpha: Double? = nil, targets: [String]? = nil, seed: UInt64 = 0,
    initialization: Adapter.Initialization = .kaiming
  ) throws -> Model {
    if adapter != nil { throw TransformerError.alreadyAdapted(model: name) }
    let shape = try adapterShape(rank: rank, alpha: alpha ?? 2 * Double(rank), targets: targets)
    let factors = try FloatVector(count: shape.layout.count) { base in
      for segment in shape.layout.segments {
        if segment.role == .up {
          (base + segment.offset).update(repeating: 0, count: segment.count)
        } else {
          let stream = RandomStream(seed: seed, purpose: "adapter", name: segment.name)
          switch initialization {
          case .kaiming:
            let bound = 1 / Float(segment.columns).squareRoot()
            stream.fillUniform(base + segment.offset, count: segment.count, low: -bound, high: bound)
          case .gaussian:
            stream.fillGaussian(base + segment.offset, count: segment.count, scale: 1 / Float(rank))
          }
        }
      }
    }
    var copy = self
    copy.adapter = try Adapter(shape: shape, factors: factors)
    copy.name = "\(name)/lora-\(rank)"
    return copy
  }

  /// The shape of an adapter for this model.
  ///
  /// - Throws: as ``adapted(rank:alpha:targets:seed:)``.
  public func adapterShape(rank: Int, alpha: Double, targets: [String]?) throws(TransformerError) -> Adapter.Shape {
    let targets = targets ?? architecture.defaultTargets
    if targets.isEmpty {
      throw .invalidOption(field: "targets", value: "[]", reason: "an adapter needs at least one linear layer")
    }
    var chosen: Set<String> = []
    for target in targets {
      let found = linearLayers(matching: target)
      if found.isEmpty { throw .unknownTarget(name: target, known: targetSuggestions) }
      chosen.formUnion(found)
    }
    let layers = linearLayers.filter(chosen.contains)
    guard alpha.isFinite, alpha > 0 else {
      throw .invalidOption(field: "alpha", value: "\(alpha)", reason: "must be positive")
    }
    var entries: [(name: String, shape: [Int], role: Segment.Role)] = []
    for layer in layers {
      let weight = try layout.segment(layer + ".weight")
      guard (1...min(weight.rows, weight.columns)).contains(rank) else {
        throw .invalidOption(
          field: "rank", value: "\(rank)",
          reason: "must lie between 1 and \(min(weight.rows, weight.columns)), the smaller side of \(layer)")
      }
      entries.append((layer + ".a", [rank, weight.columns], .down))
      entries.append((layer + ".b", [weight.rows, rank], .up))
    }
    return Adapter.Shape(
      rank: rank, alpha: alpha, targets: targets, layers: layers, layout: ParameterLayout(entries),
      baseDigest: baseDigest)
  }

  /// Paths within a block, each once, then module names of transformers: `attn.q`, `mlp.up`, …, `q_proj`, `up_proj`, …
  public var targetSuggestions: [String] {
    var seen: Set<String> = []
    let paths = linearLayers.map { layer in
      layer.split(separator: ".").drop { $0 == "blocks" || $0.allSatisfy(\.isNumber) }.joined(separator: ".")
    }
    let modules = linearLayers.compactMap { layer in
      architecture.checkpointNames.module(of: layer)?.split(separator: ".").last.map(String.init)
    }
    return (paths + modules).filter { seen.insert($0).inserted }
  }

  /// The name without what ``adapted(rank:alpha:targets:seed:initialization:)`` put at its end.
  var baseName: String {
    guard let adapter else { return name }
    let suffix = "/lora-\(adapter.shape.rank)"
    return name.hasSuffix(suffix) ? String(name.dropLast(suffix.count)) : name
  }

  /// The same function without an adapter: (α/r)·B·A added into the weights it sits on.
  ///
  /// - Throws: ``TransformerError/notAdapted(model:)``, `TensorError`, `Interrupted`.
  public func merged() throws -> Model {
    guard let adapter else { throw TransformerError.notAdapted(model: name) }
    var weights = weights
    try weights.withMutablePointer { base in
      for factor in FactoredDelta(adapter).blocks {
        try factor.add(to: base + layout.segment(factor.layer + ".weight").offset)
      }
    }
    let name = baseName == name ? name : baseName + "+lora"
    return try Model(architecture: architecture, weights: weights, name: name, tokenizer: tokenizer)
      .steered(by: steering)
  }
}

extension Model {
  /// A copy that carries an adapter which was made for these weights.
  ///
  /// - Throws: ``TransformerError/alreadyAdapted(model:)``, or ``TransformerError/layoutMismatch(operation:left:right:)``
  ///   when the adapter was made for other weights.
  public func with(adapter: Adapter) throws(TransformerError) -> Model {
    if self.adapter != nil { throw .alreadyAdapted(model: name) }
    guard adapter.shape.baseDigest == baseDigest else {
      throw .layoutMismatch(operation: "adapter", left: name, right: "an adapter of \(adapter.shape.baseDigest)")
    }
    var copy = self
    copy.adapter = adapter
    return copy
  }
}
