/// The dimension of a task plane: a number, or as many directions as hold a share of the gradients.
public enum PlaneDimension: Sendable, Equatable {
  /// So many.
  case fixed(Int)
  /// As many as hold this share of the trace of the second moment: 0.9 is r90.
  case share(Double)

  /// A name such as `r90`, which is 90 %; nil for anything else.
  public init?(named name: String) {
    guard name.first == "r", let percent = Int(name.dropFirst()), (1...99).contains(percent), name.count == 3 else {
      return nil
    }
    self = .share(Double(percent) / 100)
  }

  /// The dimension for a spectrum of m eigenvalues, largest first.
  ///
  /// - Throws: ``GeometryError/outOfRange(what:value:allowed:)`` unless 1 ≤ r ≤ m,
  ///   ``GeometryError/invalidOption(what:value:allowed:)`` for a share outside of 0…1,
  ///   ``GeometryError/degenerate(operation:reason:)`` when the gradients span less than r directions.
  func resolved(_ values: [Double]) throws(GeometryError) -> Int {
    let m = values.count
    let largest = values.first ?? 0
    let limit = largest * RankDecision.tolerance * RankDecision.tolerance
    let rank = largest > 0 ? values.prefix { $0 > limit }.count : 0
    switch self {
    case .fixed(let r):
      guard r >= 1, r <= m else { throw .outOfRange(what: "r", value: r, allowed: 1...max(1, m)) }
      guard r <= rank else {
        throw .degenerate(operation: "plane", reason: "the \(m) gradients span only \(rank) directions")
      }
      return r
    case .share(let share):
      guard share > 0, share <= 1 else {
        throw .invalidOption(what: "share", value: share, allowed: "above 0 and at most 1")
      }
      guard let count = EffectiveRank.count(values.map { max(0, $0) }, share: share) else {
        throw .degenerate(operation: "plane", reason: "all \(m) gradients are zero")
      }
      return max(1, min(count, rank))
    }
  }
}
