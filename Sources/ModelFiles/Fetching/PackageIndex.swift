import Foundation
import JSON

/// What pip on this machine is configured with, so that a mirror or proxy that works for pip works here.
struct PipConfiguration: Sendable, Equatable {
  /// The simple index, without a slash at its end.
  var index = "https://pypi.org/simple"
  /// A file of certificates.
  var certificate: String?
  /// A proxy; without one, curl reads `https_proxy` and its kin.
  var proxy: String?

  /// Reads pip's files and then its environment, which wins. Later files win over earlier ones:
  /// https://pip.pypa.io/en/stable/topics/configuration/
  init(environment: [String: String]) {
    func path(_ name: String) -> String? { environment[name].flatMap { $0.isEmpty ? nil : $0 } }
    var files = (path("XDG_CONFIG_DIRS") ?? "/etc/xdg").split(separator: ":").map { "\($0)/pip/pip.conf" }
    files.append("/etc/pip.conf")
    if let home = path("HOME") {
      files.append("\(home)/.pip/pip.conf")
      files.append("\(path("XDG_CONFIG_HOME") ?? "\(home)/.config")/pip/pip.conf")
    }
    if let folder = path("VIRTUAL_ENV") { files.append("\(folder)/pip.conf") }
    if let file = path("PIP_CONFIG_FILE") { files = file == "/dev/null" ? [] : files + [file] }
    for file in files { if let text = try? String(contentsOfFile: file, encoding: .utf8) { read(text) } }
    if let index = path("PIP_INDEX_URL") { set("index-url", index) }
    if let certificate = path("PIP_CERT") { set("cert", certificate) }
    if let proxy = path("PIP_PROXY") { set("proxy", proxy) }
  }

  /// The settings of an INI file's `[global]`, `[install]` and `[download]`.
  mutating func read(_ text: String) {
    var isRead = false
    for line in text.split(whereSeparator: \.isNewline) {
      let trimmed = line.trimmingCharacters(in: .whitespaces)
      if trimmed.hasPrefix("#") || trimmed.hasPrefix(";") { continue }
      if trimmed.hasPrefix("[") {
        isRead = ["[global]", "[install]", "[download]"].contains(trimmed)
      } else if isRead, let mark = trimmed.firstIndex(where: { $0 == "=" || $0 == ":" }) {
        let name = trimmed[..<mark].trimmingCharacters(in: .whitespaces).replacingOccurrences(of: "_", with: "-")
        set(name, trimmed[trimmed.index(after: mark)...].trimmingCharacters(in: .whitespaces))
      }
    }
  }

  private mutating func set(_ name: String, _ value: String) {
    if value.isEmpty { return }
    switch name {
    case "index-url":
      index = value
      while index.hasSuffix("/") { index.removeLast() }
    case "cert": certificate = value
    case "proxy": proxy = value
    default: break
    }
  }
}

/// A page of a Python package index: HTML (PEP 503) or JSON (PEP 691).
struct PackagePage: Sendable {
  /// A file that the page offers.
  struct Link: Sendable, Equatable {
    var file: String
    var url: String
    /// The SHA-256 that the index gives, if it gives one.
    var digest: String?
  }

  /// The files, in the order of the page.
  let links: [Link]

  /// Reads a page.
  ///
  /// - Parameter address: where it came from; its links may be relative to it.
  init(_ bytes: Data, at address: String) {
    let isJSON = bytes.first { !" \t\r\n".utf8.contains($0) } == UInt8(ascii: "{")
    links =
      isJSON ? PackagePage.json(bytes, address) : PackagePage.html(String(decoding: bytes, as: UTF8.self), address)
  }

  private static func json(_ bytes: Data, _ address: String) -> [Link] {
    let files = (try? JSONDocument(Array(bytes)))?.root["files"]
    return (files?.children).map(Array.init)?.compactMap { entry in
      guard let file = entry["filename"]?.string, let url = entry["url"]?.string, let absolute = absolute(url, address)
      else { return nil }
      return Link(file: file, url: absolute, digest: entry["hashes"]?["sha256"]?.string)
    } ?? []
  }

  private static func html(_ text: String, _ address: String) -> [Link] {
    var links: [Link] = []
    var rest = text[...]
    while let start = rest.range(of: "<a", options: .caseInsensitive) {
      rest = rest[start.upperBound...]
      guard rest.first?.isWhitespace == true, let end = rest.firstIndex(of: ">") else { continue }
      guard let reference = attribute("href", in: rest[..<end]) else { continue }
      let parts = reference.split(separator: "#", maxSplits: 1, omittingEmptySubsequences: false)
      guard let place = parts.first, let url = absolute(String(place), address) else { continue }
      let name = place.prefix { $0 != "?" }.split(separator: "/").last.map(String.init) ?? ""
      let digest = parts.count > 1 && parts[1].hasPrefix("sha256=") ? String(parts[1].dropFirst(7)) : nil
      links.append(Link(file: name.removingPercentEncoding ?? name, url: url, digest: digest))
    }
    return links
  }

  /// The value of an attribute inside a tag, with its entities resolved.
  private static func attribute(_ name: String, in tag: Substring) -> String? {
    guard let found = tag.range(of: "\(name)\\s*=\\s*", options: [.regularExpression, .caseInsensitive]) else {
      return nil
    }
    let rest = tag[found.upperBound...]
    guard let quote = rest.first, quote == "\"" || quote == "'" else { return nil }
    let value = rest.dropFirst().prefix { $0 != quote }
    return value.replacingOccurrences(of: "&quot;", with: "\"").replacingOccurrences(of: "&lt;", with: "<")
      .replacingOccurrences(of: "&gt;", with: ">").replacingOccurrences(of: "&#39;", with: "'")
      .replacingOccurrences(of: "&amp;", with: "&")
  }

  /// A link as seen from a page. An index that asks for a password asks for it at its files too, as pip has it.
  private static func absolute(_ link: String, _ address: String) -> String? {
    guard let base = URL(string: address), let url = URL(string: link, relativeTo: base)?.absoluteURL else {
      return nil
    }
    guard url.user == nil, let user = base.user, url.host == base.host, url.scheme == base.scheme,
      var parts = URLComponents(url: url, resolvingAgainstBaseURL: true)
    else { return url.absoluteString }
    parts.user = user
    parts.password = base.password
    return parts.string ?? url.absoluteString
  }
}
