#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

import Checkpoints

extension System {
  /// Asks the terminal something that it answers by itself.
  ///
  /// Nothing is asked while somebody has typed ahead, whose keys would be taken for the answer.
  ///
  /// - Parameters:
  ///   - isWhole: whether what has come is the whole answer.
  ///   - milliseconds: how long to wait for it.
  /// - Returns: the answer; nil if there is none in time.
  static func ask(_ question: String, milliseconds: Int32, isWhole: (String) -> Bool) -> String? {
    guard isTerminal(0), isTerminal(1) else { return nil }
    let terminal = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY)
    guard terminal >= 0 else { return nil }
    defer { close(terminal) }
    var before = termios()
    guard tcgetattr(terminal, &before) == 0 else { return nil }
    var silent = before
    silent.c_lflag &= ~tcflag_t(ICANON | ECHO)
    guard tcsetattr(terminal, TCSANOW, &silent) == 0 else { return nil }
    defer { tcsetattr(terminal, TCSANOW, &before) }
    var waiting = pollfd(fd: terminal, events: Int16(POLLIN), revents: 0)
    guard poll(&waiting, 1, 0) == 0, (try? write(Array(question.utf8), to: terminal)) != nil else { return nil }
    let began = ContinuousClock.now
    var answer: [UInt8] = []
    while answer.count < 256 {
      let left = milliseconds - Int32(began.duration(to: .now).inSeconds * 1000)
      guard left > 0, poll(&waiting, 1, left) > 0, let more = try? read(terminal, limit: 1) else { return nil }
      answer += more
      let text = String(decoding: answer, as: UTF8.self)
      if isWhole(text) { return text }
    }
    return nil
  }
}
