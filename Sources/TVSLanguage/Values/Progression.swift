/// Numbers at equal distances, made one at a time.
///
/// Decimal bounds and steps are counted in units of their last digit, in whole numbers: `range(0, 1, 0.1)` has ten
/// numbers and the fourth is 0.3. Each is the double nearest to the exact value, however long the range is.
public struct Progression: Sendable {
  /// How many numbers there are.
  public let count: Int
  private let first: Double
  private let step: Double
  /// How many units make one; 1 for whole numbers.
  private let units: Double

  /// The numbers from `start` to before `end`; nil when there is no end to them or the step leads nowhere.
  public init?(from start: Double, to end: Double, step: Double) {
    guard step != 0, step.isFinite, start.isFinite, end.isFinite else { return nil }
    // Fractions with more than twelve digits, and those without end, keep the arithmetic of doubles.
    let units = (0...12).lazy.map { Self.powerOfTen($0) }.first { units in
      [start, end, step].allSatisfy { Self.isWhole($0, units) }
    }
    self.units = units ?? 1
    first = units.map { (start * $0).rounded() } ?? start
    self.step = units.map { (step * $0).rounded() } ?? step
    let last = units.map { (end * $0).rounded() } ?? end
    let count = ((last - first) / self.step).rounded(.up)
    guard count.isFinite, count < 9e15 else { return nil }
    self.count = max(0, Int(count))
  }

  /// The number at a position from 0 to `count` − 1.
  @inline(__always)
  public subscript(index: Int) -> Double {
    let number = first + Double(index) * step
    return units == 1 ? number : number / units
  }

  private static func powerOfTen(_ exponent: Int) -> Double { (0..<exponent).reduce(1.0) { power, _ in power * 10 } }

  /// Whether a number is that many whole units, told apart from all its neighbours.
  private static func isWhole(_ number: Double, _ units: Double) -> Bool {
    let scaled = (number * units).rounded()
    return abs(scaled) < 0x1p52 && scaled / units == number
  }
}
