import Checkpoints
import Synchronization

/// Draws how far the outermost activity has come, on standard error, and only when that is a terminal.
public final class ProgressBar: ProgressObserver {
  /// The bar of this process.
  public static let shared = ProgressBar(isShown: System.isTerminal(2))

  private struct State {
    var drawn = ContinuousClock.now
    var isVisible = false
  }

  private let isShown: Bool
  private let state = Mutex(State())

  /// At most ten redraws a second.
  private static let interval = Duration.milliseconds(100)
  /// What is over sooner needs no bar.
  private static let patience = 0.4

  init(isShown: Bool) { self.isShown = isShown }

  /// Draws the bar if it is time. Called up to thousands of times a second by whichever thread works.
  public func progressed(_ progress: Progress) {
    if !isShown || progress.seconds < Self.patience { return }
    // Whoever finds the lock taken has nothing to add.
    _ = state.withLockIfAvailable { state in
      let now = ContinuousClock.now
      if state.isVisible && state.drawn.duration(to: now) < Self.interval { return }
      state.drawn = now
      state.isVisible = true
      // One column stays free: a full last column makes some terminals wrap.
      StandardError.writeNow("\r" + Self.line(for: progress, width: TerminalSize.current.columns - 1) + "\u{1B}[K")
    }
  }

  /// Takes the bar down.
  public func finished() { hide() }

  /// Takes the bar down until the next step, so that text can be written in its place.
  public func hide() {
    if !isShown { return }
    state.withLock { state in
      if state.isVisible { StandardError.writeNow("\r\u{1B}[K") }
      state.isVisible = false
    }
  }

  /// One line of at most `width` columns: name, bar, step of total, rate, loss, time left. What does not fit is left
  /// out from the right, the bar first.
  static func line(for progress: Progress, width: Int) -> String {
    var parts = [progress.activity]
    let rate = progress.seconds > 0 ? Double(progress.step) / progress.seconds : 0
    if let total = progress.total, total > 0 {
      parts.append("\(progress.step) of \(total)")
      parts.append(rate >= 1 ? "\(Figures.short(rate)) steps/s" : "\(Figures.short(1 / max(rate, 1e-9))) s/step")
      if let loss = progress.loss { parts.append("loss \(Figures.short(loss))") }
      let left = Double(total - progress.step) / max(rate, 1e-9)
      if progress.step > 0 { parts.append("\(Figures.duration(left)) left") }
    } else {
      parts.append("step \(progress.step)")
      if let loss = progress.loss { parts.append("loss \(Figures.short(loss))") }
      parts.append(Figures.duration(progress.seconds))
    }
    var text = parts.joined(separator: "  ")
    while text.count > width && parts.count > 1 {
      parts.removeLast()
      text = parts.joined(separator: "  ")
    }
    if let total = progress.total, total > 0 {
      let room = min(width - text.count - 2, 30)
      if room >= 8 { parts.insert(bar(Double(progress.step) / Double(total), cells: room), at: 1) }
    }
    return String(parts.joined(separator: "  ").prefix(max(width, 0)))
  }

  /// A bar of `cells` columns that grows by eighths of a column.
  static func bar(_ share: Double, cells: Int) -> String {
    let eighths = Int((min(max(share, 0), 1) * Double(cells * 8)).rounded(.down))
    let partial = [" ", "▏", "▎", "▍", "▌", "▋", "▊", "▉"]
    let full = String(repeating: "█", count: eighths / 8)
    if eighths / 8 == cells { return full }
    return full + partial[eighths % 8] + String(repeating: "·", count: cells - eighths / 8 - 1)
  }
}

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

  /// Such as `2.36 s`, `412 ms`, `3 min 05 s` or `1 h 02 min`.
  static func duration(_ seconds: Double) -> String {
    let seconds = max(0, seconds)
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
