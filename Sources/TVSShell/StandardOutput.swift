import Checkpoints
import Synchronization
import TVSLanguage

/// The program's standard output: sent at once to a terminal, in blocks to a pipe or file.
public final class StandardOutput: OutputStream {
  /// The one standard output.
  public static let shared = StandardOutput(descriptor: 1)

  private struct State {
    var pending: [UInt8] = []
    var sent = ContinuousClock.now
    var isClosed = false
    var isMute = false
  }

  private let descriptor: Int32
  private let isTerminal: Bool
  private let state = Mutex(State())

  /// Bytes that are held back at most on a pipe.
  private static let block = 64 * 1024

  init(descriptor: Int32) {
    self.descriptor = descriptor
    isTerminal = System.isTerminal(descriptor)
  }

  /// Whether the reader of the pipe has gone away. Then the program stops as if interrupted, and nothing has failed.
  public var isClosed: Bool { state.withLock { $0.isClosed } }

  /// Drops all text from now on: of workers only the first one speaks.
  func mute() { state.withLock { $0.isMute = true } }

  /// Whether text is dropped.
  var isMute: Bool { state.withLock { $0.isMute } }

  /// Writes text.
  public func write(_ text: String) {
    if isTerminal { ProgressBar.shared.hide() }
    state.withLock { state in
      if state.isMute { return }
      state.pending += text.utf8
      // A pipe that is watched (`tvs … | tee log`) sees a long program's lines while it runs.
      let isDue = state.pending.count >= Self.block || state.sent.duration(to: .now) > .seconds(1)
      if isTerminal || isDue { send(&state) }
    }
  }

  /// Sends what is held back.
  public func flush() { state.withLock { send(&$0) } }

  private func send(_ state: inout State) {
    if !state.isClosed && !state.pending.isEmpty {
      do {
        try System.write(state.pending, to: descriptor)
      } catch {
        state.isClosed = true
        Cancellation.request()
      }
    }
    state.pending.removeAll(keepingCapacity: true)
    state.sent = .now
  }
}

/// Standard error: for errors, notices and progress. Never held back.
public enum StandardError {
  private static let kept = Mutex("")

  /// Writes text after everything that went to standard output before it. A worker that does not speak keeps it.
  public static func write(_ text: String) {
    if StandardOutput.shared.isMute { return kept.withLock { $0 = text } }
    StandardOutput.shared.flush()
    ProgressBar.shared.hide()
    writeNow(text)
  }

  /// Says what was kept last after all.
  static func confess(_ prefix: String) { writeNow(prefix + kept.withLock { $0 }) }

  static func writeNow(_ text: String) {
    // Nobody is left to be told when standard error is gone.
    try? System.write(Array(text.utf8), to: 2)
  }
}

/// Text in colour, where colour is wanted.
struct Ink {
  /// Whether escape sequences may be used.
  var isOn: Bool

  /// Colour only on a terminal that can, and never against `NO_COLOR` (no-color.org).
  static func wanted(on descriptor: Int32) -> Ink {
    let refused = !(System.environment("NO_COLOR") ?? "").isEmpty
    let isDumb = ["", "dumb"].contains(System.environment("TERM") ?? "")
    return Ink(isOn: System.isTerminal(descriptor) && !refused && !isDumb)
  }

  func dim(_ text: String) -> String { painted(text, "2") }
  func bold(_ text: String) -> String { painted(text, "1") }
  func underlined(_ text: String) -> String { painted(text, "4") }
  func cyan(_ text: String) -> String { painted(text, "36") }
  func green(_ text: String) -> String { painted(text, "32") }
  func red(_ text: String) -> String { painted(text, "31") }

  private func painted(_ text: String, _ code: String) -> String {
    isOn && !text.isEmpty ? "\u{1B}[\(code)m\(text)\u{1B}[0m" : text
  }
}
