import Autograd
import Tensors

/// What all adapters of one shape on one base compute alike on the same tokens, kept from the first of them for the
/// others: the residual stream before the first block that the adapter touches, and in that block the frozen products
/// W·x + b of the layers that read it.
///
/// A random search scores thousands of such adapters on the same examples. How much it saves depends on where the adapter
/// sits: on the last of twelve blocks eleven are shared, on all of them only the queries, keys and values of the first.
/// The numbers are the very ones that would be computed again, so that no bit of a score changes.
///
/// It belongs to one thread at a time.
public final class FrozenPrefix {
  private let shape: Adapter.Shape
  /// The first block that the adapter touches.
  let layer: Int
  private var known: [Key: Kept] = [:]
  private var bytes = 0
  /// More is computed again instead.
  private let limit: Int

  private struct Key: Hashable {
    let rows: Int
    let tokens: [Int32]
  }

  /// What is kept of one grid of tokens.
  final class Kept {
    /// Rows × width; empty until it is known.
    fileprivate(set) var stream: [Float] = []
    /// W·x + b, by the path of the layer.
    fileprivate(set) var products: [String: [Float]] = [:]
    /// Whether another adapter has filled it.
    fileprivate(set) var isComplete = false
  }

  /// - Parameter limit: bytes that may be kept.
  /// - Returns: nil for a model without an adapter, or one that is steered, whose edits depend on more than the tokens.
  public init?(_ model: Model, limit: Int = 512 << 20) {
    guard let adapter = model.adapter, model.steering.isEmpty,
      let layer = adapter.shape.layers.compactMap(FrozenPrefix.block).min()
    else { return nil }
    shape = adapter.shape
    self.layer = layer
    self.limit = limit
  }

  /// The number of the block of a path such as `blocks.3.attn.q`.
  private static func block(_ path: String) -> Int? {
    let parts = path.split(separator: ".")
    return parts.count > 1 && parts[0] == "blocks" ? Int(parts[1]) : nil
  }

  /// What is known of a grid, for a model that computes the same there.
  func kept(_ grid: TokenGrid, for model: Model) -> Kept? {
    guard model.adapter?.shape == shape, model.steering.isEmpty, grid.start == 0, grid.padding == nil else {
      return nil
    }
    let key = Key(rows: grid.rows, tokens: grid.tokens)
    if let kept = known[key] {
      kept.isComplete = !kept.stream.isEmpty
      return kept
    }
    let sizes = model.configuration
    let columns = sizes.width + sizes.queryWidth + 2 * sizes.keyWidth
    let size = grid.tokens.count * columns * MemoryLayout<Float>.stride
    guard size <= limit - bytes else { return nil }
    bytes += size
    let kept = Kept()
    known[key] = kept
    return kept
  }
}

// MARK: - What architectures call

extension ForwardPass {
  /// The blocks that are left to compute.
  var blocks: Range<Int> {
    let first = shared.map { $0.kept.isComplete ? $0.layer : 0 } ?? 0
    return first..<architecture.configuration.layers
  }

  /// The residual stream before the first of ``blocks``: what `embed` gives, unless it is known.
  func stream(_ grid: TokenGrid, embed: () throws -> Variable) throws -> Variable {
    guard let shared, shared.kept.isComplete else { return try embed() }
    return try constant(shared.kept.stream, rows: grid.tokens.count)
  }

  /// The residual stream before a block, as whoever steers there leaves it.
  func enter(_ x: Variable, _ place: BlockPlace) throws -> Variable {
    if let shared, !shared.kept.isComplete, place.layer == shared.layer { shared.kept.stream = tape.values(of: x) }
    return try visit(x, .residPre, place)
  }

  /// W·x + b of a layer that reads the stream of the first block with an adapter, unless it is computed anew.
  func product(_ x: Variable, _ name: String, compute: () throws -> Variable) throws -> Variable? {
    guard let shared, ForwardPass.readers.contains(where: { name == "blocks.\(shared.layer).\($0)" }) else {
      return nil
    }
    if let known = shared.kept.products[name] { return try constant(known, rows: x.rows) }
    let result = try compute()
    shared.kept.products[name] = tape.values(of: result)
    return result
  }

  /// The layers whose input is the stream, or a function of it that has no adapter.
  private static let readers = ["attn.qkv", "attn.q", "attn.k", "attn.v"]

  private func constant(_ values: [Float], rows: Int) throws -> Variable {
    try tape.constant(rows: rows, columns: values.count / max(1, rows)) { out in
      values.withUnsafeBufferPointer { source in
        guard let base = source.baseAddress, source.count == out.count else { return }
        out.baseAddress?.update(from: base, count: source.count)
      }
    }
  }
}
