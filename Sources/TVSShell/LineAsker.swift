import Checkpoints
import TVSLanguage

/// Asks the user for a line.
protocol LineAsker: AnyObject {
  /// Shows a prompt and waits.
  ///
  /// - Parameters:
  ///   - prompt: without escape sequences.
  ///   - isCode: whether the line is one of the language, which may need more lines.
  func ask(_ prompt: String, isCode: Bool) -> Editor.Reading
  /// Takes the prompt and what was typed after it off the screen again, where the terminal can.
  func wipe()
}

/// Asks on a terminal: through the editor, or line by line where the terminal cannot move its cursor.
final class TerminalAsker: LineAsker {
  private let output: any OutputStream
  private let ink: Ink
  private let editor: Editor?
  private let lines: LineReader

  init(output: any OutputStream, ink: Ink, editor: Editor?, lines: LineReader) {
    (self.output, self.ink, self.editor, self.lines) = (output, ink, editor, lines)
  }

  func ask(_ prompt: String, isCode: Bool) -> Editor.Reading {
    StandardOutput.shared.flush()
    if let editor {
      // Escape sequences stand between bytes of value 1, and not at the end of the prompt.
      let painted = ink.isOn ? "\u{1}\u{1B}[36m\u{1}\(prompt)\u{1}\u{1B}[0m\u{1} " : prompt + " "
      return editor.read(prompt: painted, isLine: !isCode)
    }
    output.write(prompt + " ")
    StandardOutput.shared.flush()
    if let line = lines.next() { return .entry(line) }
    output.write("\n")
    return Cancellation.take() ? .interrupted : .end
  }

  func wipe() {
    if ink.isOn { output.write("\u{1B}[1A\r\u{1B}[K") }
  }
}
