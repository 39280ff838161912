#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif
import Tensors

extension Tape {
  /// Causal attention over one matrix that holds queries, keys and values side by side, as GPT-2 lays them out.
  ///
  /// - Parameter qkv: (batch · length) × (queries | keys | values), each head after head.
  /// - Returns: (batch · length) × (heads · headWidth).
  /// - Throws: ``TensorError``, `Interrupted`.
  public func attention(qkv: Variable, shape: AttentionShape) throws -> Variable {
    try begin("attention", qkv)
    try shape.check()
    let (q, k) = (shape.queryWidth, shape.keyWidth)
    guard qkv.rows == shape.batch * shape.length, qkv.columns == q + 2 * k, shape.queryLength == shape.length,
      shape.keyCapacity == shape.length
    else {
      throw TensorError.shapeMismatch(
        operation: "attention", left: qkv.shape, right: [shape.batch * shape.length, q + 2 * k])
    }
    return try attention(
      .init(
        shape: shape, sources: [qkv], queries: .init(qkv, 0), keys: .init(qkv, q), values: .init(qkv, q + k)))
  }

  /// Causal attention over separate queries, keys and values.
  ///
  /// - Parameters:
  ///   - queries: (batch · queryLength) × (heads · headWidth).
  ///   - keys: (batch · keyCapacity) × (keyValueHeads · headWidth).
  ///   - values: as the keys.
  /// - Returns: (batch · queryLength) × (heads · headWidth).
  /// - Throws: ``TensorError``, `Interrupted`.
  public func attention(
    queries: Variable, keys: Variable, values: Variable, shape: AttentionShape
  ) throws -> Variable {
    try begin("attention", queries, keys, values)
    try shape.check()
    guard queries.rows == shape.batch * shape.queryLength, queries.columns == shape.queryWidth else {
      throw TensorError.shapeMismatch(
        operation: "attention", left: queries.shape, right: [shape.batch * shape.queryLength, shape.queryWidth])
    }
    for variable in [keys, values]
    where variable.rows != shape.batch * shape.keyCapacity || variable.columns != shape.keyWidth {
      throw TensorError.shapeMismatch(
        operation: "attention", left: variable.shape, right: [shape.batch * shape.keyCapacity, shape.keyWidth])
    }
    return try attention(
      .init(
        shape: shape, sources: [queries, keys, values], queries: .init(queries, 0), keys: .init(keys, 0),
        values: .init(values, 0)))
  }

  private func attention(_ inputs: AttentionInputs) throws -> Variable {
    let shape = inputs.shape
    let angles = try rotaryAngles(shape)
    let rows = shape.batch * shape.queryLength
    let output = try makeOutput(rows, shape.queryWidth, operation: "attention")
    let logSumExp = try makeOutput(rows, shape.heads, operation: "attention")
    try kernels.attention(
      AttentionArguments(
        shape: shape, queries: inputs.queries.input, keys: inputs.keys.input, values: inputs.values.input,
        angles: angles.map { Input($0.base) }, output: output.base, logSumExp: logSumExp.base))
    return record(
      output, rows, shape.queryWidth, inputs: inputs.sources,
      AttentionOperation(inputs: inputs, angles: angles, output: output, logSumExp: logSumExp))
  }

  /// Cosines and sines of every position, kept from step to step. A table for more positions serves fewer.
  private func rotaryAngles(_ shape: AttentionShape) throws -> Storage? {
    guard let rotary = shape.rotary else { return nil }
    let half = (rotary.width ?? shape.headWidth) / 2
    if let table = rotaryTable, table.rotary == rotary, table.half == half, table.positions >= shape.length {
      return table.angles
    }
    // A sequence that grows token by token asks for one position more every time.
    let positions = rotaryTable?.rotary == rotary ? max(shape.length, 2 * (rotaryTable?.positions ?? 0)) : shape.length
    let frequencies = rotary.frequencies ?? (0..<half).map { pow(rotary.base, -Double($0) / Double(half)) }
    let angles = try Storage(count: 2 * positions * half, arena: arena)
    for position in 0..<positions {
      let row = angles.base + position * 2 * half
      for pair in 0..<half {
        let angle = Double(position) * frequencies[pair]
        row[pair] = Float(cos(angle))
        row[half + pair] = Float(sin(angle))
      }
    }
    rotaryTable = RotaryTable(rotary: rotary, half: half, positions: positions, angles: angles)
    return angles
  }
}

/// The angles of a rotation: for each position the cosines of all pairs, then their sines.
struct RotaryTable {
  let rotary: RotarySpec
  let half: Int
  let positions: Int
  let angles: Storage
}

/// Some columns of a variable.
private struct ColumnBlock {
  let variable: Variable
  let offset: Int

  init(_ variable: Variable, _ offset: Int) {
    self.variable = variable
    self.offset = offset
  }

  var input: StridedInput { StridedInput(base: variable.pointer + offset, stride: variable.columns) }

  func output(_ target: GradientTarget?) -> StridedOutput? {
    target.map { StridedOutput(base: $0.base + offset, stride: variable.columns, accumulates: $0.accumulates) }
  }
}

private struct AttentionInputs {
  let shape: AttentionShape
  /// The variables without repetition: one for the fused form, three otherwise.
  let sources: [Variable]
  let queries: ColumnBlock
  let keys: ColumnBlock
  let values: ColumnBlock
}

/// The probabilities are computed again from the log-sum-exp rather than kept (Dao et al., arXiv 2205.14135).
private struct AttentionOperation: Operation {
  let inputs: AttentionInputs
  let angles: Storage?
  let output: Storage
  let logSumExp: Storage

  func backward(from gradient: Storage, _ pass: BackwardPass) throws {
    let shape = inputs.shape
    let targets = try inputs.sources.map { try pass.target(for: $0) }
    for (source, target) in zip(inputs.sources, targets) where shape.keyCapacity > shape.length {
      // Rows of the cache beyond the last position have no part in the result.
      if let target, !target.accumulates { target.base.update(repeating: 0, count: source.count) }
    }
    let isFused = targets.count == 1
    try pass.kernels.attentionBackward(
      AttentionGradientArguments(
        shape: shape, queries: inputs.queries.input, keys: inputs.keys.input, values: inputs.values.input,
        angles: angles.map { Input($0.base) }, output: output.base, logSumExp: logSumExp.base, gradient: gradient.base,
        queryGradient: inputs.queries.output(targets[0]), keyGradient: inputs.keys.output(targets[isFused ? 0 : 1]),
        valueGradient: inputs.values.output(targets[isFused ? 0 : 2])))
  }
}

extension AttentionShape {
  /// Refuses numbers that describe no attention, before they size any memory.
  func check() throws(TensorError) {
    func refuse(_ reason: String) -> TensorError {
      .invalidShape(operation: "attention", shape: [batch, length, heads, headWidth], reason: reason)
    }
    let largest = 1 << 24
    guard batch > 0, length > 0, heads > 0, keyValueHeads > 0, headWidth > 0,
      [batch, length, heads, headWidth, keyCapacity].allSatisfy({ $0 <= largest })
    else { throw refuse("every size must lie between 1 and \(largest)") }
    guard heads % keyValueHeads == 0 else { throw refuse("the key heads must divide the query heads") }
    guard (1...length).contains(queryLength) else { throw refuse("there must be between 1 and \(length) queries") }
    guard keyCapacity >= length else { throw refuse("the keys must have room for \(length) positions") }
    if let padding {
      guard padding.count == batch, padding.allSatisfy({ (0..<length).contains($0) }) else {
        throw refuse("there must be one padding a sequence, between 0 and \(length - 1)")
      }
    }
    if let rotary {
      let width = rotary.width ?? headWidth
      guard width > 0, width % 2 == 0, width <= headWidth, rotary.frequencies.map({ $0.count == width / 2 }) ?? true
      else { throw refuse("the rotation must turn an even number of columns of a head") }
    }
  }
}
