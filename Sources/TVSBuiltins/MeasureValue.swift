import Foundation
import TVSLanguage
import Tensors

/// A number with its interval and the value that chance would give, as a value of the language. In arithmetic it is its
/// number.
final class MeasureValue: NativeValue, Sendable {
  /// The measure itself.
  let measure: Measure
  /// What was found on the way: further fields.
  let notes: Notes
  /// Where it came from.
  let provenance: Provenance?

  /// Wraps a measure.
  init(_ measure: Measure, notes: Notes = [:], provenance: Provenance? = nil) {
    self.measure = measure
    self.notes = notes
    self.provenance = provenance
  }

  var kind: String { "measure" }
  var number: Double? { measure.value }
  var truth: Bool? { measure.value != 0 }
  var inline: String { text(digits: 4) }

  func display(_ style: DisplayStyle) -> String { text(digits: style.digits) }

  var fieldNames: [String] { ["value", "low", "high", "chance", "null"] + notes.keys }

  func field(_ name: String) throws -> Value? {
    func optional(_ number: Double?) -> Value { number.map { .number($0) } ?? .nil }
    return switch name {
    case "value": .number(measure.value)
    case "low": optional(measure.low)
    case "high": optional(measure.high)
    case "chance": optional(measure.chance)
    case "null": measure.chanceModel.map { .string($0) } ?? .nil
    default: notes[name]
    }
  }

  func isSame(as other: any NativeValue) -> Bool { (other as? MeasureValue)?.measure == measure }

  func stamped(_ provenance: Provenance) -> any NativeValue {
    MeasureValue(measure, notes: notes, provenance: provenance)
  }

  /// A measure for a column of a table, where chance has a place of its own.
  static func interval(_ measure: Measure) -> Value {
    .native(MeasureValue(Measure(measure.value, low: measure.low, high: measure.high)))
  }

  /// `0.781 ± 0.012 (chance 0.0043)`: the margin with two digits, the value as far as the margin reaches. An interval
  /// that is not symmetric is written as such.
  func text(digits: Int) -> String {
    var text: String
    if let low = measure.low, let high = measure.high, (high - low).isFinite {
      let below = measure.value - low
      let above = high - measure.value
      let margin = max(below, above)
      if margin > 0, abs(below - above) <= 0.05 * margin {
        let decimals = MeasureValue.decimals(for: margin, digits: 2)
        text = "\(MeasureValue.fixed(measure.value, decimals)) ± \(MeasureValue.fixed(margin, decimals))"
      } else {
        let decimals = MeasureValue.decimals(for: max(margin, measure.value.magnitude * 1e-12), digits: 2)
        text = MeasureValue.fixed(measure.value, decimals)
        text += " [\(MeasureValue.fixed(low, decimals)), \(MeasureValue.fixed(high, decimals))]"
      }
    } else {
      text = MeasureValue.significant(measure.value, digits)
    }
    switch (measure.chance, measure.chanceModel) {
    case (let chance?, let model?): text += " (chance \(MeasureValue.significant(chance, 3)), \(model))"
    case (let chance?, nil): text += " (chance \(MeasureValue.significant(chance, 3)))"
    default: break
    }
    return text
  }

  private static func decimals(for number: Double, digits: Int) -> Int {
    guard number > 0, number.isFinite else { return 3 }
    return min(15, max(0, digits - 1 - Int(log10(number).rounded(.down))))
  }

  private static func fixed(_ number: Double, _ decimals: Int) -> String {
    number.isFinite ? String(format: "%.\(decimals)f", number) : NumberText.shortest(number)
  }

  /// A number with so many significant digits, without zeros at the end.
  static func significant(_ number: Double, _ digits: Int) -> String {
    guard number.isFinite else { return number.isNaN ? "nan" : number < 0 ? "-inf" : "inf" }
    if number == number.rounded(.towardZero), number.magnitude < 1e9 { return String(Int(number)) }
    let text = String(format: "%.\(max(1, digits))g", number)
    // C writes 6.1e-05; nobody needs the zero.
    return text.replacing(/e([+-])0?/) { "e" + ($0.output.1 == "-" ? "-" : "") }
  }
}
