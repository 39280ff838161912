import Checkpoints
import Tensors

extension Model {
  /// What enters a linear layer, such as `blocks.5.mlp.down`, at every token of some sequences.
  ///
  /// The model computes as far as that layer, steered where it is.
  ///
  /// - Returns: for each sequence tokens × inputs numbers, row-major.
  /// - Throws: ``TransformerError`` for tokens or layers that are not there, `TensorError`, `Interrupted`.
  public func inputs(of linear: String, texts sequences: [[Int32]]) throws -> [[Float]] {
    let columns = try layout.segment(linear + ".weight").columns
    if sequences.isEmpty { throw TransformerError.emptyData(data: "texts", reason: "there are none") }
    for tokens in sequences { try checkTokens(tokens, self, longest: configuration.context, data: "texts") }
    let count = sequences.reduce(0) { $0 + $1.count }
    let (bytes, overflow) = count.multipliedReportingOverflow(by: 4 * columns)
    try MemoryBudget.check(bytes: overflow ? .max : bytes)
    let activity = Activity("activations", total: sequences.count)
    defer { activity.finish() }
    return try sequences.map { tokens in
      var found: [Float] = []
      let listener = ActivationListener(linear: linear) { found = Array($0) }
      let grid = TokenGrid(rows: 1, length: tokens.count, tokens: tokens, promptEnds: [tokens.count - 1])
      try Workspace.withShared { try $0.read(self, grid, listener) }
      try activity.advance()
      return found
    }
  }
}
