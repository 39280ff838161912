import CKernels
import Checkpoints
import Tensors

extension CPUKernels {
  package func linear(_ l: LinearArguments) throws {
    guard l.rows > 0, l.outputs > 0 else { return }
    try multiply(
      Product(
        c: tvs_product(
          a: l.input, a_row: l.inputs, a_depth: 1, b: l.weight, b_depth: 1, b_column: l.inputs,
          b_halves: l.compactWeight?.halves,
          b_blocks: l.compactWeight?.blocks, c: l.output,
          c_row: l.outputs, bias: l.bias, residual: l.residual, residual_row: l.outputs, depth: l.inputs, alpha: 1,
          accumulate: false, tile_rows: tileRows, by_dots: false), rows: l.rows, columns: l.outputs))
  }

  package func linearBackward(_ l: LinearGradientArguments) throws {
    guard l.rows > 0, l.outputs > 0 else { return }
    // All gradients in one go over the threads: none depends on another.
    var products: [Product] = []
    if let inputGradient = l.inputGradient {
      products.append(
        Product(
          c: tvs_product(
            a: l.gradient, a_row: l.outputs, a_depth: 1, b: l.weight, b_depth: l.inputs, b_column: 1, b_halves: nil,
            b_blocks: nil,
            c: inputGradient,
            c_row: l.inputs, bias: nil, residual: nil, residual_row: 0, depth: l.outputs, alpha: 1,
            accumulate: l.inputAccumulates, tile_rows: tileRows, by_dots: false), rows: l.rows, columns: l.inputs))
    }
    if let weightGradient = l.weightGradient {
      products.append(
        Product(
          c: tvs_product(
            a: l.gradient, a_row: 1, a_depth: l.outputs, b: l.input, b_depth: l.inputs, b_column: 1, b_halves: nil,
            b_blocks: nil,
            c: weightGradient,
            c_row: l.inputs, bias: nil, residual: nil, residual_row: 0, depth: l.rows, alpha: 1,
            accumulate: l.weightAccumulates, tile_rows: tileRows, by_dots: false), rows: l.outputs, columns: l.inputs))
    }
    let bias = l.biasGradient.map { Shared(($0, l)) }
    try multiply(products) { part, parts in
      guard let (biasGradient, l) = bias?.value else { return }
      let columns = (0..<l.outputs).part(part, of: parts, unit: 16)
      tvs_sum_rows(
        l.gradient, biasGradient, l.rows, l.outputs, l.biasAccumulates, columns.lowerBound, columns.upperBound)
    }
  }

  package func product(_ p: ProductArguments) throws {
    guard p.rows > 0, p.columns > 0 else { return }
    try multiply(
      Product(
        c: tvs_product(
          a: p.a, a_row: p.aIsTransposed ? 1 : p.depth, a_depth: p.aIsTransposed ? p.rows : 1, b: p.b,
          b_depth: p.bIsTransposed ? 1 : p.columns, b_column: p.bIsTransposed ? p.depth : 1, b_halves: nil,
          b_blocks: nil, c: p.c,
          c_row: p.columns,
          bias: nil, residual: nil, residual_row: 0, depth: p.depth, alpha: p.alpha, accumulate: p.accumulates,
          tile_rows: tileRows, by_dots: false), rows: p.rows, columns: p.columns))
  }

  private func multiply(_ product: Product) throws { try multiply([product]) { _, _ in } }

  /// Carries out products that do not depend on each other, and `rest` beside them: one meeting of the threads for all.
  private func multiply(_ products: [Product], rest: @Sendable (_ part: Int, _ parts: Int) -> Void) throws {
    let products = products.map(\.readingFewRowsOnce)
    let shares = products.reduce(0.0) { $0 + Double($1.multiplications) / Double($1.smallestShare) }
    let parts = CPUKernels.parts(Int(shares), grain: 1)
    let shared = Shared(products)
    try run(parts: parts, scratch: tvs_multiply_scratch()) { part, scratch in
      for product in shared.value { product.carryOut(part: part, of: parts, scratch: scratch) }
      rest(part, parts)
    }
    try Cancellation.check()
  }
}

/// A matrix product and how it is cut.
private struct Product {
  var c: tvs_product
  var rows: Int
  var columns: Int

  /// Fewer multiplications than this are not worth a second thread: some ten microseconds, of arithmetic or, with few
  /// rows, of reading b from memory.
  var smallestShare: Int {
    guard c.by_dots else { return 1 << 19 }
    return rows << (c.b_blocks != nil ? 18 : c.b_halves != nil ? 17 : 16)
  }
  /// Between two looks at the cancellation flag: some ten milliseconds.
  static let largestTile = 1 << 29

  /// The same product, by dot products where there are few rows. The whole product decides, not how it is cut.
  var readingFewRowsOnce: Product {
    var product = self
    product.c.by_dots = rows <= Tape.fewRows && c.a_depth == 1 && c.b_depth == 1
    return product
  }

  var multiplications: Int { rows * columns * max(1, c.depth) }

  /// Cuts along the longer side, so that as little as possible is packed twice, then into tiles: in fours of rows, the
  /// smallest tile that has enough sums to hide the latency of the processor's multiplications.
  func carryOut(part: Int, of parts: Int, scratch: Output) {
    let cutsRows = rows >= columns
    let share = (0..<(cutsRows ? rows : columns)).part(part, of: parts, unit: cutsRows ? 4 : 16)
    let perItem = max(1, (cutsRows ? columns : rows) * c.depth)
    let tile = max(192, Product.largestTile / perItem / 48 * 48)
    var product = c
    for begin in stride(from: share.lowerBound, to: share.upperBound, by: tile) {
      if Cancellation.isRequested { return }
      let end = min(begin + tile, share.upperBound)
      if cutsRows {
        tvs_multiply(&product, scratch, begin, end, 0, columns)
      } else {
        tvs_multiply(&product, scratch, 0, rows, begin, end)
      }
    }
  }
}
