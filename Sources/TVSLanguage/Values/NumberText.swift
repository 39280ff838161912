/// Numbers as text.
public enum NumberText {
  /// The shortest text that reads back as the same number; whole numbers have no point.
  public static func shortest(_ number: Double) -> String {
    if number == number.rounded(.towardZero), number.magnitude < 1e16 { return String(Int64(number)) }
    return number.description
  }

  /// A count with separators, such as `460,800`.
  public static func grouped(_ count: Int) -> String {
    let digits = String(count.magnitude)
    var result = ""
    for (index, digit) in digits.enumerated() {
      if index > 0, (digits.count - index) % 3 == 0 { result.append(",") }
      result.append(digit)
    }
    return (count < 0 ? "-" : "") + result
  }

  /// A size in the unit that suits it, such as `3.7 GB`.
  public static func bytes(_ count: Double) -> String {
    var value = count
    var unit = "bytes"
    for next in ["kB", "MB", "GB", "TB", "PB"] where value >= 1000 {
      value /= 1000
      unit = next
    }
    if unit == "bytes" { return "\(shortest(value.rounded())) bytes" }
    let rounded = value < 100 ? (value * 10).rounded() / 10 : value.rounded()
    return "\(shortest(rounded)) \(unit)"
  }
}
