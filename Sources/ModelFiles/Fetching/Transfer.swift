import Checkpoints
import Foundation

/// One transfer by curl.
struct Transfer {
  /// Where from. May hold a user and a password, which neither messages nor the list of processes show.
  var url: String
  /// What else pip is configured with.
  var settings: PipConfiguration
  /// Bytes that are there already.
  var offset = 0
  /// What is asked for, as an HTTP `Accept` header.
  var accepts: String?

  /// How a transfer ended.
  enum End: Equatable {
    case complete
    /// The connection was cut; another try may go on.
    case cut(reason: String)
    /// The other side cannot continue at an offset.
    case cannotContinue
  }

  /// Hands on what arrives.
  ///
  /// - Throws: ``LibraryError``, `Interrupted`, and what the closures throw.
  func run(take: (UnsafeRawBufferPointer) throws -> Void, wait: () throws -> Void) throws -> End {
    // A line that stands still for a minute is dead: --speed-time. The answer to --fail is no content, but a status.
    let arguments = [
      "--silent", "--show-error", "--no-buffer", "--fail", "--location", "--max-redirs", "10", "--proto",
      "=https,http,file",
      "--proto-redir", "=https,http", "--connect-timeout", "20", "--speed-limit", "1", "--speed-time", "60",
      "--config", "-",
    ]
    var lines = ["url = \(quoted(url))"]
    if offset > 0 { lines.append("continue-at = \(offset)") }
    if let accepts { lines.append("header = \(quoted("Accept: \(accepts)"))") }
    if let certificate = settings.certificate { lines.append("cacert = \(quoted(certificate))") }
    if let proxy = settings.proxy { lines.append("proxy = \(quoted(proxy))") }
    let outcome = try ChildProcess.run(
      "curl", arguments, input: .text(lines.joined(separator: "\n") + "\n"), take: take, wait: wait)
    let words = Transfer.words(outcome.errors)
    switch outcome.status {
    case 0: return .complete
    case 33, 36: return .cannotContinue
    case 22 where offset > 0 && words.contains("416"): return .cannotContinue
    case 18, 55, 56, 92: return .cut(reason: words)
    default: throw LibraryError.network(url: Transfer.shown(url), reason: Transfer.reason(outcome.status, words))
    }
  }

  private func quoted(_ text: String) -> String {
    let escaped = text.replacingOccurrences(of: "\\", with: "\\\\").replacingOccurrences(of: "\"", with: "\\\"")
    // A line break would begin another setting.
    return "\"" + escaped.filter { !$0.isNewline } + "\""
  }

  /// curl's own words without its name and number.
  private static func words(_ errors: String) -> String {
    let line = errors.split(separator: "\n").last.map(String.init) ?? ""
    guard line.hasPrefix("curl: ("), let end = line.firstIndex(of: ")") else { return line }
    return line[line.index(after: end)...].trimmingCharacters(in: .whitespaces)
  }

  private static func reason(_ status: Int32, _ words: String) -> String {
    switch status {
    case 5: "the proxy cannot be found"
    case 6: "the host cannot be found"
    case 7: "there is no connection"
    case 22: words.isEmpty ? "the server refuses" : words
    case 28: "there was no answer in time"
    case 35, 51, 58, 60, 77: "the server's certificate cannot be checked"
    case 37: "there is no such file"
    default: words.isEmpty ? "curl ended with status \(status)" : words
    }
  }

  /// A URL without the user and password that it may hold.
  static func shown(_ url: String) -> String {
    guard let scheme = url.range(of: "://") else { return url }
    let rest = url[scheme.upperBound...]
    let authority = rest.prefix { $0 != "/" && $0 != "?" && $0 != "#" }
    guard let at = authority.lastIndex(of: "@") else { return url }
    return String(url[..<scheme.upperBound] + rest[rest.index(after: at)...])
  }
}
