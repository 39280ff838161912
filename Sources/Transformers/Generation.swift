import Checkpoints

/// Continues a sequence of tokens greedily: each next token is the model's first choice.
///
/// - Parameters:
///   - model: the model.
///   - prompt: tokens to begin with, at least one.
///   - count: tokens to add at most; fewer when the context is full.
/// - Returns: the new tokens.
/// - Throws: ``TransformerError``, `TensorError`, `Interrupted`.
public func generate(_ model: Model, prompt: [Int32], count: Int) throws -> [Int32] {
  try checkTokens(prompt, model)
  var tokens = prompt
  try Workspace.withShared { workspace in
    while tokens.count < model.configuration.context + 1, tokens.count < prompt.count + count {
      try Cancellation.check()
      let grid = TokenGrid(rows: 1, length: tokens.count, tokens: tokens)
      let next = try workspace.logits(model, grid, at: [Int32(tokens.count - 1)]) { argmax($0) }
      tokens.append(Int32(next))
    }
  }
  return Array(tokens.dropFirst(prompt.count))
}

/// The scores of every next token, for each position of a sequence.
///
/// - Parameters:
///   - model: the model.
///   - tokens: at least one, and at most as many as the context holds.
/// - Returns: tokens × vocabulary numbers, one row a position.
/// - Throws: ``TransformerError``, `TensorError`, `Interrupted`.
public func logits(of model: Model, tokens: [Int32]) throws -> [Float] {
  try checkTokens(tokens, model)
  let grid = TokenGrid(rows: 1, length: tokens.count, tokens: tokens)
  let positions = Array(0..<Int32(tokens.count))
  return try Workspace.withShared { try $0.logits(model, grid, at: positions) { Array($0) } }
}

/// Refuses sequences that a model cannot read.
private func checkTokens(_ tokens: [Int32], _ model: Model) throws(TransformerError) {
  let (context, vocabulary) = (model.configuration.context, model.configuration.vocabulary)
  guard let largest = tokens.max(), let smallest = tokens.min() else {
    throw .emptyData(data: "prompt", reason: "there are no tokens")
  }
  if smallest < 0 {
    throw .invalidOption(field: "prompt", value: "\(smallest)", reason: "holds tokens from 0 to \(vocabulary - 1)")
  }
  guard Int(largest) < vocabulary else {
    throw .vocabularyTooSmall(data: "prompt", needed: Int(largest) + 1, model: model.name, has: vocabulary)
  }
  guard tokens.count <= context else {
    throw .contextTooShort(data: "prompt", needed: tokens.count, model: model.name, has: context)
  }
}

/// The index of the largest number; the first of equal ones.
private func argmax(_ values: UnsafeBufferPointer<Float>) -> Int {
  values.indices.dropFirst().reduce(0) { values[$1] > values[$0] ? $1 : $0 }
}
