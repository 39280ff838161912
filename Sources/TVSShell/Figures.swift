/// Numbers for people.
enum Figures {
  /// Three significant digits, such as `2.36`, `183` or `0.0412`.
  static func short(_ value: Double) -> String {
    if !value.isFinite { return value.isNaN ? "nan" : value < 0 ? "-inf" : "inf" }
    let magnitude = abs(value)
    if magnitude == 0 { return "0" }
    if magnitude >= 1e6 || magnitude < 1e-4 {
      var exponent = 0
      var mantissa = value
      while abs(mantissa) >= 9.995 {
        mantissa /= 10
        exponent += 1
      }
      while abs(mantissa) < 0.9995 {
        mantissa *= 10
        exponent -= 1
      }
      return "\(fixed(mantissa, places: 2))e\(exponent)"
    }
    if magnitude >= 99.95 { return fixed(value, places: 0) }
    if magnitude >= 9.995 { return fixed(value, places: 1) }
    if magnitude >= 0.9995 { return fixed(value, places: 2) }
    if magnitude >= 0.09995 { return fixed(value, places: 3) }
    return fixed(value, places: magnitude >= 0.009995 ? 4 : magnitude >= 0.0009995 ? 5 : 6)
  }

  /// Such as `92.9 MB`.
  static func size(_ bytes: Int) -> String {
    var (value, unit) = (Double(max(0, bytes)), "bytes")
    for next in ["kB", "MB", "GB", "TB"] where value >= 999.5 { (value, unit) = (value / 1000, next) }
    return unit == "bytes" ? "\(bytes) bytes" : "\(short(value)) \(unit)"
  }

  /// Such as `2.36 s`, `412 ms`, `7 µs`, `3 min 05 s` or `1 h 02 min`.
  static func duration(_ seconds: Double) -> String {
    let seconds = max(0, seconds)
    if seconds < 0.0009995 { return "\(Int((seconds * 1e6).rounded())) µs" }
    if seconds < 0.9995 { return "\(Int((seconds * 1000).rounded())) ms" }
    if seconds < 9.995 { return "\(fixed(seconds, places: 2)) s" }
    if seconds < 59.5 { return "\(fixed(seconds, places: seconds < 20 ? 1 : 0)) s" }
    guard seconds < 1e9 else { return "years" }
    let whole = Int(seconds.rounded())
    if whole < 3600 { return "\(whole / 60) min \(twoDigits(whole % 60)) s" }
    return "\(whole / 3600) h \(twoDigits(whole % 3600 / 60)) min"
  }

  private static func twoDigits(_ value: Int) -> String { value < 10 ? "0\(value)" : "\(value)" }

  /// Rounded to a number of decimal places, for magnitudes below 10¹².
  static func fixed(_ value: Double, places: Int) -> String {
    var scale = 1
    for _ in 0..<places { scale *= 10 }
    let scaled = Int((abs(value) * Double(scale)).rounded())
    let sign = value < 0 && scaled > 0 ? "-" : ""
    if places == 0 { return "\(sign)\(scaled)" }
    let fraction = String(scaled % scale)
    return "\(sign)\(scaled / scale)." + String(repeating: "0", count: places - fraction.count) + fraction
  }
}
