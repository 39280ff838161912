import Checkpoints
import ModelFiles
import TVSBuiltins
import TVSLanguage

/// `tvs fetch`: brings models, or lists them.
enum FetchCommand {
  static func run(_ name: String?) -> Int32 {
    guard let name else {
      list()
      return 0
    }
    let began = ContinuousClock.now
    do {
      let found = try ModelLibrary.fetch(name) { Program.say($0) }
      Program.say(
        found.wasThere
          ? "\(name) is there, and its digest is right: \(found.path)"
          : "\(name) is in \(found.path)\nload(\"\(name)\") opens it")
      return 0
    } catch let interrupted as Interrupted {
      let seconds = began.duration(to: .now).inSeconds
      StandardError.write(
        "\(Notice.interruption(interrupted, at: nil, seconds: seconds))\n"
          + "help: what has arrived is kept; tvs fetch \(name) goes on from there\n")
      return Program.interruptedStatus
    } catch {
      let report = Library.translate(error) ?? ErrorReport(.unexpected, "\(error)")
      // There is no argument to mark: what the label says stands in the message.
      let message = report.message + (report.label.map { ": \($0)" } ?? "")
      let diagnostic = Diagnostic(report.code, message, range: nil, help: report.help)
      StandardError.write(diagnostic.rendered(color: Ink.wanted(on: 2).isOn) + "\n")
      return 1
    }
  }

  private static func list() {
    let rows = ModelLibrary.fetchable().map { model, path in
      [model.name, model.title, Figures.size(model.size), model.licence, path ?? "run: tvs fetch \(model.name)"]
    }
    let widths = (0..<5).map { column in rows.map { Columns.width(of: $0[column]) }.max() ?? 0 }
    for row in rows {
      Program.say(
        Columns.trimmed(zip(row, widths).map { Columns.padded($0, to: $1) }.joined(separator: "  ")))
    }
  }
}
