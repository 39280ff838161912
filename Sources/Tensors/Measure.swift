/// A number together with what is known about it: an interval, and the value that chance would give.
///
/// A capture of 0.78 alone means nothing; `0.781 ± 0.012 (chance 0.0043)` does.
public struct Measure: Sendable, Equatable, Codable {
  /// The number itself; in arithmetic a measure is this.
  public var value: Double
  /// Lower end of the interval, if there is one.
  public var low: Double?
  /// Upper end of the interval, if there is one.
  public var high: Double?
  /// What the same quantity would be if there were no effect, if that is known.
  public var chance: Double?
  /// The model behind `chance`, such as `random walk`; nil for the obvious one.
  public var chanceModel: String?

  /// Puts a measure together; what is unknown stays nil.
  public init(
    _ value: Double, low: Double? = nil, high: Double? = nil, chance: Double? = nil, chanceModel: String? = nil
  ) {
    self.value = value
    self.low = low
    self.high = high
    self.chance = chance
    self.chanceModel = chanceModel
  }

  /// A measure whose interval is `value ± margin`.
  public init(_ value: Double, margin: Double, chance: Double? = nil, chanceModel: String? = nil) {
    self.init(value, low: value - margin, high: value + margin, chance: chance, chanceModel: chanceModel)
  }
}
