import Autograd
import Tensors

/// Who reads and who changes the activations of one computation. There is none where nobody does, so that it costs nothing.
struct ActivationHooks {
  /// What is changed, without edits that change nothing.
  private let edits: [ActivationPoint: [SteeringEdit]]
  /// Who reads.
  private let listener: ActivationListener?

  /// - Returns: nil when nobody reads and nothing is changed.
  init?(_ model: Model, listener: ActivationListener?) {
    let active = model.steering.filter(\.isActive)
    if active.isEmpty, listener == nil { return nil }
    edits = Dictionary(grouping: active, by: \.point)
    self.listener = listener
  }

  func steers(_ point: ActivationPoint) -> Bool { edits[point] != nil }
  func hears(_ point: ActivationPoint) -> Bool { listener?.waits(for: point) ?? false }

  /// Tells who listens what enters a linear layer.
  func hear(input x: Variable, of linear: String, _ tape: Tape) throws {
    try listener?.hear(input: x, of: linear, tape)
  }

  /// Tells who listens what attention is computed from. The variables come with their first columns.
  func hear(
    attentionOf layer: Int, queries: (Variable, Int), keys: (Variable, Int), _ shape: AttentionShape, _ tape: Tape
  ) throws {
    try listener?.hear(attentionOf: layer, queries: queries, keys: keys, shape, tape)
  }

  /// The activations as they go on: changed, then heard.
  func visit(_ x: Variable, at point: ActivationPoint, _ place: BlockPlace, _ tape: Tape) throws -> Variable {
    var x = x
    for edit in edits[point] ?? [] {
      let vector = try tape.constant(rows: 1, columns: x.columns) { try edit.write(into: $0) }
      x = try tape.steer(x, along: vector, edit.operation, selected: place.selected(edit.positions, rows: x.rows))
    }
    if hears(point) { try listener?.hear(x, at: point, tape) }
    return x
  }
}

/// Somebody who reads activations at some points of one computation, which ends with the last of them.
final class ActivationListener {
  /// The reader has all it waited for: nothing after it needs to be computed.
  struct Satisfied: Error {}

  private var waiting: Set<ActivationPoint>
  private let read: (ActivationPoint, UnsafeBufferPointer<Float>) throws -> Void
  /// A linear layer whose inputs are read.
  private let linear: (name: String, read: (UnsafeBufferPointer<Float>) throws -> Void)?
  /// Blocks whose attention is read.
  private var attention: Set<Int> = []
  private let readAttention: (Int, AttentionReading) throws -> Void

  /// - Parameter read: gets rows × width numbers, a row a token.
  init(_ points: [ActivationPoint], read: @escaping (ActivationPoint, UnsafeBufferPointer<Float>) throws -> Void) {
    waiting = Set(points)
    self.read = read
    linear = nil
    readAttention = { _, _ in }
  }

  /// One who reads what enters a linear layer.
  ///
  /// - Parameter read: gets rows × inputs numbers, a row a token.
  init(linear name: String, read: @escaping (UnsafeBufferPointer<Float>) throws -> Void) {
    waiting = []
    self.read = { _, _ in }
    linear = (name, read)
    readAttention = { _, _ in }
  }

  /// One who reads what the attention of some blocks is computed from.
  init(attentionOf layers: Set<Int>, read: @escaping (_ layer: Int, AttentionReading) throws -> Void) {
    waiting = []
    self.read = { _, _ in }
    linear = nil
    attention = layers
    readAttention = read
  }

  func waits(for point: ActivationPoint) -> Bool { waiting.contains(point) }

  func hear(input x: Variable, of name: String, _ tape: Tape) throws {
    guard let linear, linear.name == name else { return }
    try tape.withValues(of: x) { try linear.read($0) }
    throw Satisfied()
  }

  func hear(
    attentionOf layer: Int, queries: (Variable, Int), keys: (Variable, Int), _ shape: AttentionShape, _ tape: Tape
  ) throws {
    guard attention.contains(layer) else { return }
    try tape.withValues(of: queries.0) { q in
      try tape.withValues(of: keys.0) { k in
        guard let q = q.baseAddress, let k = k.baseAddress else { return }
        try readAttention(
          layer,
          AttentionReading(
            queries: .init(base: q + queries.1, stride: queries.0.columns),
            keys: .init(base: k + keys.1, stride: keys.0.columns), shape: shape))
      }
    }
    attention.remove(layer)
    if attention.isEmpty { throw Satisfied() }
  }

  func hear(_ x: Variable, at point: ActivationPoint, _ tape: Tape) throws {
    try tape.withValues(of: x) { try read(point, $0) }
    waiting.remove(point)
    if waiting.isEmpty { throw Satisfied() }
  }
}

/// A block of one computation, and which tokens its rows are.
struct BlockPlace {
  /// The block.
  let layer: Int
  /// What the computation reads.
  let grid: TokenGrid
  /// The tokens of the grid that are left; nil for all.
  var rows: [Int32]?

  init(_ layer: Int, _ grid: TokenGrid) {
    self.layer = layer
    self.grid = grid
  }

  /// Which rows an edit changes; nil for all.
  func selected(_ positions: SteeringEdit.Positions, rows count: Int) -> [Bool]? {
    if positions == .all { return nil }
    return (0..<count).map { row in
      let token = rows.map { Int($0[row]) } ?? row
      let sequence = token / max(1, grid.length)
      let place = grid.start + token % max(1, grid.length) - (grid.padding?[sequence] ?? 0)
      let end = grid.promptEnd(of: sequence)
      return switch positions {
      case .all: true
      case .afterPrompt: place >= end
      case .last: place == end
      case .range(let range): range.contains(place)
      }
    }
  }
}

/// The two halves of a block.
enum Sublayer {
  case attention
  case mlp

  /// What it adds to the residual stream.
  var output: ActivationSite { self == .attention ? .attnOut : .mlpOut }
  /// The residual stream after it.
  var sum: ActivationSite { self == .attention ? .residMid : .residPost }
}

extension SteeringEdit {
  fileprivate var operation: Tape.Steering {
    switch kind {
    case .add: .add
    case .ablate: .ablate(scale: Float(scale))
    case .rotate: .rotate
    }
  }

  /// What the operation of the tape needs: scale·v, or v/‖v‖ where it is ablated.
  fileprivate func write(into out: UnsafeMutableBufferPointer<Float>) throws {
    let factor = kind == .ablate ? 1 / vector.norm : scale
    vector.withPointer { v in
      for index in 0..<min(out.count, vector.count) { out[index] = Float(factor * Double(v[index])) }
    }
  }
}

// MARK: - What architectures call

extension ForwardPass {
  /// The residual stream at a site, as whoever steers there leaves it.
  func visit(_ x: Variable, _ site: ActivationSite, _ place: BlockPlace) throws -> Variable {
    guard let hooks else { return x }
    return try hooks.visit(x, at: ActivationPoint(layer: place.layer, site: site), place, tape)
  }

  /// The residual stream `stream` after a sublayer whose last linear layer has the weight and bias under `name`.
  func linear(
    _ x: Variable, _ name: String, onto stream: Variable, _ sublayer: Sublayer, _ place: BlockPlace
  ) throws -> Variable {
    guard let hooks else { return try linear(x, name, residual: stream) }
    let output = ActivationPoint(layer: place.layer, site: sublayer.output)
    if hooks.steers(output) { return try add(linear(x, name), to: stream, sublayer, place) }
    // Read beside the sum, whose fused form rounds once: listening changes no bit of what follows.
    if hooks.hears(output) { _ = try visit(linear(x, name), sublayer.output, place) }
    return try visit(linear(x, name, residual: stream), sublayer.sum, place)
  }

  /// The residual stream `stream` after a sublayer with this result.
  func add(_ result: Variable, to stream: Variable, _ sublayer: Sublayer, _ place: BlockPlace) throws -> Variable {
    let sum = try tape.add(stream, visit(result, sublayer.output, place))
    return try visit(sum, sublayer.sum, place)
  }

  /// Leaves out the rows of the residual stream and of the last attention's result that nobody needs: nothing after it
  /// looks at another position.
  func select(
    _ positions: [Int32]?, _ x: inout Variable, _ mixed: inout Variable, _ place: inout BlockPlace
  ) throws {
    guard let positions, place.layer == architecture.configuration.layers - 1 else { return }
    x = try tape.selectRows(x, rows: positions)
    mixed = try tape.selectRows(mixed, rows: positions)
    place.rows = positions
  }
}
