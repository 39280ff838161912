import Tensors

extension Tape {
  /// Cross-entropy in nats between logits and the columns that should have been largest, averaged over the rows.
  ///
  /// - Parameters:
  ///   - logits: rows × classes.
  ///   - targets: the right class of each row.
  ///   - weights: how much each row counts, at least zero and not all zero; nil for all the same. The result is
  ///     `Σ wᵢ lossᵢ / Σ wᵢ`.
  /// - Returns: 1 × 1. ``rowLosses(of:)`` and ``predictions(of:)`` tell more about it.
  /// - Throws: ``TensorError``, `Interrupted`.
  public func crossEntropy(_ logits: Variable, targets: [Int32], weights: [Float]? = nil) throws -> Variable {
    try begin("crossEntropy", logits)
    guard targets.count == logits.rows, weights.map({ $0.count == logits.rows }) ?? true else {
      throw TensorError.shapeMismatch(
        operation: "crossEntropy", left: logits.shape, right: [targets.count, weights?.count ?? targets.count])
    }
    for target in targets where target < 0 || Int(target) >= logits.columns {
      throw TensorError.indexOutOfRange(index: Int(target), axis: 1, size: logits.columns)
    }
    let total = weights?.reduce(0) { $0 + Double($1) } ?? Double(logits.rows)
    guard total > 0, total.isFinite, weights?.allSatisfy({ $0 >= 0 }) ?? true else {
      throw TensorError.invalidShape(
        operation: "crossEntropy", shape: logits.shape,
        reason: "the weights of the rows do not sum to a positive number")
    }
    let rows = logits.rows
    let losses = try makeOutput(rows, 1, operation: "crossEntropy")
    let logSumExp = try makeOutput(rows, 1, operation: "crossEntropy")
    var predictions = [Int32](repeating: 0, count: rows)
    predictions.withUnsafeMutableBufferPointer { predictions in
      targets.withUnsafeBufferPointer { targets in
        guard let predictions = predictions.baseAddress, let targets = targets.baseAddress else { return }
        kernels.crossEntropy(
          CrossEntropyArguments(
            logits: logits.pointer, targets: targets, losses: losses.base, logSumExp: logSumExp.base,
            predictions: predictions, rows: rows, columns: logits.columns))
      }
    }
    var sum = 0.0
    for row in 0..<rows { sum += Double(losses.base[row]) * Double(weights?[row] ?? 1) }
    let output = try makeOutput(1, 1, operation: "crossEntropy")
    output.base[0] = Float(sum / total)
    let loss = record(
      output, 1, 1, inputs: [logits],
      CrossEntropyOperation(logits: logits, targets: targets, weights: weights, total: total, logSumExp: logSumExp))
    rowResults[loss.index] = RowResults(mean: sum / total, losses: losses, count: rows, predictions: predictions)
    return loss
  }

  /// The loss of every row that went into a cross-entropy, in nats, before weighting; empty for another variable.
  public func rowLosses(of loss: Variable) -> [Float] {
    guard loss.life == life, let results = rowResults[loss.index] else { return [] }
    return Array(UnsafeBufferPointer(start: results.losses.base, count: results.count))
  }

  /// The class with the largest logit in every row that went into a cross-entropy, the first of equals; empty for
  /// another variable.
  public func predictions(of loss: Variable) -> [Int32] {
    guard loss.life == life else { return [] }
    return rowResults[loss.index]?.predictions ?? []
  }
}

/// What a cross-entropy knows of its rows, readable until the tape is reset.
struct RowResults {
  let mean: Double
  let losses: Storage
  let count: Int
  let predictions: [Int32]
}

/// `dlogits[i] = dloss · wᵢ / Σ w · (softmax(logits[i]) − onehot(targets[i]))`.
private struct CrossEntropyOperation: Operation {
  let logits: Variable
  let targets: [Int32]
  let weights: [Float]?
  let total: Double
  let logSumExp: Storage

  func backward(from gradient: Storage, _ pass: BackwardPass) throws {
    guard let target = try pass.target(for: logits) else { return }
    let scales = try pass.scratch(logits.rows)
    for row in 0..<logits.rows {
      scales.base[row] = Float(Double(gradient.base[0]) * Double(weights?[row] ?? 1) / total)
    }
    targets.withUnsafeBufferPointer { targets in
      guard let targets = targets.baseAddress else { return }
      pass.kernels.crossEntropyBackward(
        CrossEntropyGradientArguments(
          logits: logits.pointer, targets: targets, logSumExp: logSumExp.base, scales: scales.base,
          logitsGradient: target.base, accumulates: target.accumulates, rows: logits.rows, columns: logits.columns))
    }
  }
}
