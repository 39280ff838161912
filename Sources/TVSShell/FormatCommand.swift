import Checkpoints
import TVSLanguage

/// `tvs fmt`: brings scripts into their one form.
struct FormatCommand {
  /// Formats files, or says which are not in form, and gives the exit status.
  ///
  /// - Parameters:
  ///   - paths: scripts, or folders of them.
  ///   - isCheck: whether nothing is written.
  static func run(_ paths: [String], isCheck: Bool) -> Int32 {
    let isColoured = Ink.wanted(on: 2).isOn
    var status: Int32 = 0
    for path in paths {
      guard System.kind(of: path) != nil else {
        let fault = Program.unreadable(path, because: System.Failure(code: 2))
        StandardError.write(fault.rendered(color: isColoured) + "\n")
        return 1
      }
      for file in files(under: path) {
        if Cancellation.isRequested { return Program.interruptedStatus }
        do {
          let text = try System.text(of: file)
          let formatted = try SourceFormatter.format(SourceText(name: file, text: text))
          if formatted == text { continue }
          Program.say(isCheck ? "\(file) is not in form; tvs fmt \(file) would write it" : "formatted \(file)")
          if isCheck { status = 1 } else { try System.replace(file, with: formatted) }
        } catch let failure as TVSLanguage.Failure {
          if case .errors(let faults) = failure {
            StandardError.write(faults.map { $0.rendered(color: isColoured) + "\n" }.joined())
          }
          status = 1
        } catch let failure as System.Failure {
          StandardError.write(Program.unreadable(file, because: failure).rendered(color: isColoured) + "\n")
          status = 1
        } catch {
          Program.complain("\(file): \(error)")
          status = 1
        }
      }
    }
    return status
  }

  /// A file itself; of a folder all scripts, sorted by path.
  private static func files(under path: String) -> [String] {
    if System.kind(of: path) == .file { return [path] }
    return System.entries(of: path).filter { !$0.hasPrefix(".") }.flatMap { name -> [String] in
      let inner = Path.joined(path, name)
      if System.kind(of: inner) == .folder { return files(under: inner) }
      return name.hasSuffix(".tvs") ? [inner] : []
    }
  }
}
