import OrderedCollections
import TVSLanguage

/// What theory says, quantity by quantity, as a value of the language. In arithmetic it is the first of them.
final class PredictionValue: NativeValue, Sendable {
  /// One quantity.
  struct Quantity: Sendable {
    /// The field under which it is read.
    var name: String
    /// The number, or a measure where something was measured; nil, which is not shown, where there is no answer.
    var value: Value
    /// What it is, in a few words.
    var note: String

    init(_ name: String, _ value: Double, _ note: String) { self.init(name, .number(value), note) }

    init(_ name: String, _ value: Value, _ note: String) {
      self.name = name
      self.value = value
      self.note = note
    }
  }

  /// The first line of the display.
  let headline: String
  /// The quantities, the most wanted first.
  let quantities: [Quantity]
  let provenance: Provenance?

  init(_ headline: String, _ quantities: [Quantity], provenance: Provenance? = nil) {
    self.headline = headline
    self.quantities = quantities
    self.provenance = provenance
  }

  var kind: String { "prediction" }
  var number: Double? { quantities.first?.value.numberValue }
  var inline: String {
    guard let first = quantities.first else { return headline }
    return "\(headline): \(first.name) \(PredictionValue.text(first.value, digits: 4))"
  }

  func display(_ style: DisplayStyle) -> String {
    let quantities = quantities.filter {
      if case .nil = $0.value { false } else { true }
    }
    let texts = quantities.map { PredictionValue.text($0.value, digits: style.digits) }
    let width = texts.reduce(0) { max($0, $1.count) }
    let rows = zip(quantities, texts).map { quantity, text in
      (label: quantity.name, text: text + String(repeating: " ", count: width - text.count + 2) + quantity.note)
    }
    return GeometryText.block(headline, rows)
  }

  private static func text(_ value: Value, digits: Int) -> String {
    switch value {
    case .number(let number): MeasureValue.significant(number, digits)
    case .native(let native): (native as? MeasureValue)?.text(digits: digits) ?? native.inline
    default: value.summary(limit: 40)
    }
  }

  var fieldNames: [String] { quantities.map(\.name) }

  func field(_ name: String) throws -> Value? { quantities.first { $0.name == name }?.value }

  func isSame(as other: any NativeValue) -> Bool {
    guard let other = other as? PredictionValue, other.quantities.count == quantities.count else { return false }
    return zip(quantities, other.quantities).allSatisfy { a, b in
      a.name == b.name && ((try? a.value.isSame(as: b.value)) ?? false)
    }
  }

  func stamped(_ provenance: Provenance) -> any NativeValue {
    PredictionValue(headline, quantities, provenance: provenance)
  }
}

/// Findings that a table, a displacement or a measure carries beside itself: fields that are read like all others.
typealias Notes = OrderedDictionary<String, Value>

extension Notes {
  /// One line a note, with aligned names.
  func lines(_ style: DisplayStyle) -> [(label: String, text: String)] {
    compactMap { name, value in
      switch value {
      case .nil: nil
      case .number(let number): (name, MeasureValue.significant(number, style.digits))
      case .native(let native): (name, (native as? MeasureValue)?.text(digits: style.digits) ?? native.inline)
      default: (name, value.summary(limit: 60))
      }
    }
  }
}
