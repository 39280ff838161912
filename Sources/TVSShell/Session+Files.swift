import Checkpoints
import TVSBuiltins
import TVSLanguage
import Tensors

extension Session {
  static let scriptHeader = "# A tvs session, saved by :save."

  /// Writes all values, or the entries that ran, as the name of the file asks.
  func save(to path: String) -> Outcome {
    if path.hasSuffix(SessionFile.ending) { return saveValues(to: path) }
    guard path.hasSuffix(".tvs") else {
      return refuse(
        Diagnostic(
          .file, ":save does not know what to write to \(path)", range: nil,
          help: "\(path)\(SessionFile.ending) gets every value, \(path).tvs the entries as a script"))
    }
    if let old = try? System.text(of: path), !old.hasPrefix(Self.scriptHeader) { return refuseOverwriting(path) }
    do {
      let body = entries.map { $0 + "\n" }.joined()
      try System.replace(path, with: "\(Self.scriptHeader)\n\n\(body)")
      output.write("\(entries.count) \(entries.count == 1 ? "entry" : "entries") saved in \(path)\n")
      return .ready
    } catch {
      return refuse(Diagnostic(.file, "cannot write \(path): \(error.reason)", range: nil))
    }
  }

  /// Only what an earlier `:save` wrote may be overwritten.
  private func refuseOverwriting(_ path: String) -> Outcome {
    refuse(
      Diagnostic(
        .file, "\(path) is already there and was not written by :save", range: nil, help: "choose another name")
    )
  }

  private func saveValues(to path: String) -> Outcome {
    if System.kind(of: path) != nil, !SessionFile.isSession(path) { return refuseOverwriting(path) }
    let names = interpreter.globalNames.filter { !Self.isShownValue($0) }
    let contents = SessionFile.Contents(
      names: names.compactMap { name in interpreter.globals.value(of: name).map { (name, $0) } }, shown: shown,
      seed: interpreter.seed)
    return reporting {
      let report = try SessionFile.write(contents, of: interpreter, program: Program.version, to: path)
      let size = NumberText.bytes(Double(report.bytes))
      output.write("\(report.count) \(report.count == 1 ? "value" : "values") saved in \(path), \(size)\n")
      if !report.references.isEmpty {
        write(Columns.wrapped("by reference: \(report.references.joined(separator: ", "))", to: width))
      }
      for (name, reason) in report.refused { output.write("not saved: \(name), since \(reason)\n") }
      return .ready
    }
  }

  /// Brings all values of a file back, or none.
  func loadValues(from path: String) -> Outcome {
    if System.kind(of: path) == nil { return refuse(Program.unreadable(path, because: .missing)) }
    return reporting {
      let (contents, notes) = try SessionFile.read(path, into: interpreter)
      let before = NamedValues(interpreter.globals)
      for (name, value) in contents.names { interpreter.globals.set(name, value) }
      let first = shown.count + 1
      for value in contents.shown { remember(value) }
      interpreter.seed = contents.seed
      changes.note(before, interpreter.globals)
      var text = "\(contents.names.count) \(contents.names.count == 1 ? "name" : "names") loaded from \(path)"
      if first > 1, !contents.shown.isEmpty {
        let isOne = first == shown.count
        text +=
          isOne ? "; the value shown then is _\(first)" : "; the values shown then are _\(first) to _\(shown.count)"
      }
      output.write(text + "\n")
      write(notes)
      return .ready
    }
  }

  /// Does something that throws the errors of files, and reports them as the language does.
  private func reporting(_ body: () throws -> Outcome) -> Outcome {
    let began = ContinuousClock.now
    do { return try body() } catch let failure as TVSLanguage.Failure {
      return explain(failure, seconds: began.duration(to: .now).inSeconds)
    } catch let interrupted as Interrupted {
      return explain(.interrupted(interrupted, nil), seconds: began.duration(to: .now).inSeconds)
    } catch {
      let report = (error as? ErrorReport) ?? Library.translate(error) ?? ErrorReport(.unexpected, "\(error)")
      return refuse(Diagnostic(report.code, report.message, range: nil, help: report.help))
    }
  }
}
