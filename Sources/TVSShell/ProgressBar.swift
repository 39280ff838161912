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
    if !isShown || progress.seconds < Self.patience || StandardOutput.shared.isMute { return }
    // Whoever finds the lock taken has nothing to add.
    _ = state.withLockIfAvailable { state in
      let now = ContinuousClock.now
      if state.isVisible && state.drawn.duration(to: now) < Self.interval { return }
      state.drawn = now
      state.isVisible = true
      // A full last column makes some terminals wrap, and ^C is echoed behind the bar.
      StandardError.writeNow("\r" + Self.line(for: progress, width: TerminalSize.current.columns - 3) + "\u{1B}[K")
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
    let rate = progress.seconds > 0 ? Double(progress.step - progress.first) / progress.seconds : 0
    if progress.unit == .bytes {
      let total = progress.total.map { " of \(Figures.size($0))" } ?? ""
      parts.append(Figures.size(progress.step) + total)
      parts.append("\(Figures.size(Int(max(0, min(rate, 1e15)))))/s")
      if let total = progress.total, rate > 0 {
        parts.append("\(Figures.duration(Double(total - progress.step) / rate)) left")
      }
    } else if let total = progress.total, total > 0 {
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
