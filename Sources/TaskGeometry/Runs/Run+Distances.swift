extension Run {
  /// How far the first k recorded steps lead, ‖θ_k − θ_0‖, and how far a random walk with the same step lengths would,
  /// √(Σ‖s_t‖²), for several k.
  ///
  /// - Throws: ``GeometryError/outOfRange(what:value:allowed:)`` unless 1 ≤ k ≤ T, `TensorError`, `Interrupted`.
  public func distances(at ks: [Int]) throws -> [(measured: Double, walk: Double)] {
    if let wrong = ks.first(where: { $0 < 1 || $0 > count }) {
      throw GeometryError.outOfRange(what: "k", value: wrong, allowed: 1...max(1, count))
    }
    let gram = try record.gram(of: range, in: self)
    var known: [(measured: Double, walk: Double)] = []
    var (squared, walk) = (0.0, 0.0)
    for step in 0..<(ks.max() ?? 0) {
      walk += gram[step, step]
      squared += gram[step, step]
      for earlier in 0..<step { squared += 2 * gram[earlier, step] }
      known.append((max(0, squared).squareRoot(), walk.squareRoot()))
    }
    return ks.map { known[$0 - 1] }
  }
}
