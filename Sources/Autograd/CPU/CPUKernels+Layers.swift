import CKernels
import Checkpoints
import Tensors

extension CPUKernels {
  /// Elements of a row-wise kernel that are worth a thread of their own.
  private static let grain = 1 << 14

  // MARK: - Normalisation

  package func norm(_ n: NormArguments) {
    let shared = Shared(
      tvs_norm(
        input: n.input, gain: n.gain, bias: n.bias, output: n.output, statistics: n.statistics, columns: n.columns,
        epsilon: n.epsilon, centres: n.centres))
    Parallel.ranges(n.rows, grain: CPUKernels.grain / max(1, n.columns)) { range in
      var norm = shared.value
      tvs_norm_forward(&norm, range.lowerBound, range.upperBound)
    }
  }

  package func normBackward(_ n: NormGradientArguments) throws {
    let (rows, columns) = (n.rows, n.columns)
    let parts = CPUKernels.parts(rows, grain: CPUKernels.grain / max(1, columns))
    // Every part sums its rows for itself; the parts are added in their order.
    let shares = try Storage(count: 2 * parts * columns, arena: arena)
    let (gainShares, biasShares) = (shares.base, shares.base + parts * columns)
    let shared = Shared(
      (
        norm: tvs_norm_gradient(
          gradient: n.gradient, input: n.input, gain: n.gain, statistics: n.statistics,
          input_gradient: n.inputGradient, columns: columns, centres: n.centres, input_accumulates: n.inputAccumulates),
        gain: n.gainGradient == nil ? nil : gainShares, bias: n.biasGradient == nil ? nil : biasShares
      ))
    Parallel.ranges(parts) { range in
      for part in range {
        var norm = shared.value.norm
        let share = (0..<rows).part(part, of: parts)
        tvs_norm_backward(
          &norm, shared.value.gain.map { $0 + part * columns }, shared.value.bias.map { $0 + part * columns },
          share.lowerBound, share.upperBound)
      }
    }
    if let gain = n.gainGradient { tvs_sum_rows(gainShares, gain, parts, columns, n.gainAccumulates, 0, columns) }
    if let bias = n.biasGradient { tvs_sum_rows(biasShares, bias, parts, columns, n.biasAccumulates, 0, columns) }
  }

  // MARK: - Attention

  package func attention(_ a: AttentionArguments) throws {
    try withPadding(of: a.shape) { padding in
      let shared = Shared(
        CPUKernels.description(
          a.shape, queries: a.queries, keys: a.keys, values: a.values, angles: a.angles, padding: padding,
          output: a.output, logSumExp: a.logSumExp))
      var description = shared.value
      let units = a.shape.batch * a.shape.keyValueHeads
      let parts = min(Parallel.width, units)
      try run(parts: parts, scratch: tvs_attention_scratch(&description)) { part, scratch in
        var attention = shared.value
        for unit in (0..<units).part(part, of: parts) where !Cancellation.isRequested {
          tvs_attention_forward(&attention, scratch, unit, unit + 1)
        }
      }
    }
    try Cancellation.check()
  }

  package func attentionBackward(_ a: AttentionGradientArguments) throws {
    try withPadding(of: a.shape) { padding in
      var forward = CPUKernels.description(
        a.shape, queries: a.queries, keys: a.keys, values: a.values, angles: a.angles, padding: padding,
        output: Output(mutating: a.output), logSumExp: Output(mutating: a.logSumExp))
      let scratch = tvs_attention_backward_scratch(&forward)
      let shared = Shared(
        tvs_attention_gradient(
          forward: forward, gradient: a.gradient, query_gradient: a.queryGradient?.base,
          key_gradient: a.keyGradient?.base, value_gradient: a.valueGradient?.base,
          query_gradient_stride: a.queryGradient?.stride ?? 0, key_gradient_stride: a.keyGradient?.stride ?? 0,
          value_gradient_stride: a.valueGradient?.stride ?? 0, query_accumulates: a.queryGradient?.accumulates ?? false,
          key_accumulates: a.keyGradient?.accumulates ?? false,
          value_accumulates: a.valueGradient?.accumulates ?? false))
      let units = a.shape.batch * a.shape.keyValueHeads
      let parts = min(Parallel.width, units)
      try run(parts: parts, scratch: scratch) { part, scratch in
        var attention = shared.value
        for unit in (0..<units).part(part, of: parts) where !Cancellation.isRequested {
          tvs_attention_backward(&attention, scratch, unit, unit + 1)
        }
      }
    }
    try Cancellation.check()
  }

  private func withPadding(of shape: AttentionShape, _ body: (UnsafePointer<Int32>?) throws -> Void) throws {
    guard let padding = shape.padding else { return try body(nil) }
    try padding.map { Int32(truncatingIfNeeded: $0) }.withUnsafeBufferPointer { try body($0.baseAddress) }
  }

  private static func description(
    _ shape: AttentionShape, queries: StridedInput, keys: StridedInput, values: StridedInput, angles: Input?,
    padding: UnsafePointer<Int32>?, output: Output, logSumExp: Output
  ) -> tvs_attention {
    tvs_attention(
      queries: queries.base, keys: keys.base, values: values.base, query_stride: queries.stride,
      key_stride: keys.stride,
      value_stride: values.stride, angles: angles, rotary_width: shape.rotary.map { $0.width ?? shape.headWidth } ?? 0,
      padding: padding, batch: shape.batch, length: shape.length, query_length: shape.queryLength,
      key_capacity: shape.keyCapacity, heads: shape.heads, key_value_heads: shape.keyValueHeads,
      head_width: shape.headWidth, scale: shape.scale, output: output, log_sum_exp: logSumExp)
  }

  // MARK: - Loss

  package func crossEntropy(_ c: CrossEntropyArguments) {
    let shared = Shared(c)
    Parallel.ranges(c.rows, grain: CPUKernels.grain / max(1, c.columns)) { range in
      let c = shared.value
      tvs_cross_entropy(
        c.logits, c.targets, c.losses, c.logSumExp, c.predictions, c.columns, range.lowerBound, range.upperBound)
    }
  }

  package func crossEntropyBackward(_ c: CrossEntropyGradientArguments) {
    let shared = Shared(c)
    Parallel.ranges(c.rows, grain: CPUKernels.grain / max(1, c.columns)) { range in
      let c = shared.value
      tvs_cross_entropy_backward(
        c.logits, c.targets, c.logSumExp, c.scales, c.logitsGradient, c.accumulates, c.columns, range.lowerBound,
        range.upperBound)
    }
  }
}
