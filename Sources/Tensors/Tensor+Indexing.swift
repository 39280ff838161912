import Checkpoints

extension Tensor {
  /// The elements that an index selects; axes that are not mentioned are taken whole.
  ///
  /// - Throws: ``TensorError/indexOutOfRange(index:axis:size:)`` and other cases, `Interrupted`.
  public func selecting(_ selectors: [AxisIndex]) throws -> Tensor {
    let plan = try IndexPlan(selectors, shape: shape)
    return try gather(plan)
  }

  /// The elements where `mask` is not zero, in row-major order. The mask has the tensor's shape, or that of its first
  /// axes.
  ///
  /// - Throws: ``TensorError/shapeMismatch(operation:left:right:)``, `Interrupted`.
  public func selecting(mask: Tensor) throws -> Tensor {
    let (flat, positions) = try resolve(mask)
    return try flat.selecting([.positions(positions, shape: [positions.count])])
  }

  /// A copy in which the selected elements are those of `value`, broadcast to the selection; in place when nobody else
  /// holds the storage. The element type stays.
  ///
  /// - Throws: ``TensorError``, `Interrupted`; the tensor is unchanged then.
  public mutating func assign(_ value: Tensor, to selectors: [AxisIndex]) throws {
    let plan = try IndexPlan(selectors, shape: shape)
    try scatter(value, plan)
  }

  /// Writes `value` where `mask` is not zero.
  ///
  /// - Throws: ``TensorError``, `Interrupted`; the tensor is unchanged then.
  public mutating func assign(_ value: Tensor, toMask mask: Tensor) throws {
    let (flat, positions) = try resolve(mask)
    let plan = try IndexPlan([.positions(positions, shape: [positions.count])], shape: flat.shape)
    try scatter(value, plan)
  }

  /// The tensor with the mask's axes made one, and the positions along it that the mask selects.
  private func resolve(_ mask: Tensor) throws -> (Tensor, [Int]) {
    guard mask.rank <= rank, mask.rank > 0, Array(shape.prefix(mask.rank)) == mask.shape else {
      throw TensorError.shapeMismatch(operation: "mask", left: shape, right: mask.shape)
    }
    try Cancellation.check()
    let bits = try mask.wide()
    let positions = (0..<bits.count).filter { bits.base[$0] != 0 }
    return (viewed(as: [mask.count] + shape.dropFirst(mask.rank)), positions)
  }

  func gather(_ plan: IndexPlan) throws -> Tensor {
    let result: Tensor
    switch storage {
    case .float32(let storage): result = try Tensor.gather(storage, plan)
    case .float64(let storage): result = try Tensor.gather(storage, plan)
    }
    return isMask ? result.asMask() : result
  }

  private static func gather<Element: TensorElement>(
    _ source: AlignedStorage<Element>, _ plan: IndexPlan
  ) throws -> Tensor {
    try make(Element.self, plan.shape) { out, _ in
      var runs = 0
      let inner = plan.dimensions.last
      try plan.eachRun { offset, place in
        runs &+= 1
        if runs & 1023 == 0 { try Cancellation.check() }
        let from = source.base + offset
        let to = out + place
        switch (inner?.offsets, inner?.count ?? 1) {
        case (nil, _): to[0] = from[0]
        case (.regular(1), let count): to.update(from: from, count: count)
        case (.regular(let step), let count): for index in 0..<count { to[index] = from[index * step] }
        case (.listed(let offsets), let count): for index in 0..<count { to[index] = from[offsets[index]] }
        }
      }
    }
  }

  private mutating func scatter(_ value: Tensor, _ plan: IndexPlan) throws {
    try Cancellation.check()
    let value = try value.converted(to: dtype).broadcast(to: plan.shape)
    isMask = isMask && value.isMask
    // The storage is taken out of `self` for the time of writing, so that its reference count is the owners' own.
    switch (storage, value.storage) {
    case (.float32(var target), .float32(let source)):
      storage = .float32(try AlignedStorage(count: 0))
      defer { storage = .float32(target) }
      try Tensor.scatter(source, plan, into: &target)
    case (.float64(var target), .float64(let source)):
      storage = .float64(try AlignedStorage(count: 0))
      defer { storage = .float64(target) }
      try Tensor.scatter(source, plan, into: &target)
    default: return
    }
  }

  private static func scatter<Element: TensorElement>(
    _ source: AlignedStorage<Element>, _ plan: IndexPlan, into target: inout AlignedStorage<Element>
  ) throws {
    if target.isMapped || !isKnownUniquelyReferenced(&target) { target = try AlignedStorage(copying: target) }
    let inner = plan.dimensions.last
    plan.eachRun { offset, place in
      let to = target.base + offset
      let from = source.base + place
      switch (inner?.offsets, inner?.count ?? 1) {
      case (nil, _): to[0] = from[0]
      case (.regular(let step), let count): for index in 0..<count { to[index * step] = from[index] }
      case (.listed(let offsets), let count): for index in 0..<count { to[offsets[index]] = from[index] }
      }
    }
  }
}
