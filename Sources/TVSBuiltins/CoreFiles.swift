import Foundation
import TVSLanguage
import Workers

extension CoreBuiltins {
  static let files = [read, write, exists, glob, json, toJSON]

  private static let path = Parameter("path", "string", help: "from the working folder; ~ is your home")

  private static let read = Builtin(
    "read", topic: "core", summary: "Gives the text of a file.", parameters: [path], returns: "string",
    examples: [
      Builtin.Example(#"write("/tmp/tvs-example.txt", "hello"); read("/tmp/tvs-example.txt")"#, shows: #""hello""#)
    ],
    errors: ["E0301", "E0304"], seeAlso: ["write", "json", "load"]
  ) { call in
    let path = expanded(try call.string("path"))
    return .string(try Team.current.agreed("read") { try text(of: path) })
  }

  private static let write = Builtin(
    "write", topic: "core", summary: "Puts text into a file, in the place of what was there.",
    parameters: [path, Parameter("text", help: "written as print writes it, without a newline at the end")],
    examples: [Builtin.Example(#"write("/tmp/tvs-example.txt", "hello\n")"#, shows: "")], errors: ["E0301"],
    seeAlso: ["read", "tojson", "save"]
  ) { call in
    let path = expanded(try call.string("path"))
    try Team.current.leading("write") { try TextFiles.write(Data(call["text"].plainText.utf8), to: path) }
    return .nil
  }

  private static let exists = Builtin(
    "exists", topic: "core", summary: "Tells whether a file or folder is there.", parameters: [path], returns: "bool",
    examples: [Builtin.Example(#"exists("/no/such/file")"#, shows: "false")], seeAlso: ["glob"]
  ) { call in
    let path = expanded(try call.string("path"))
    return .bool(try Team.current.agreed("exists") { FileManager.default.fileExists(atPath: path) })
  }

  private static let glob = Builtin(
    "glob", topic: "core", summary: "Lists the paths that fit a pattern, in order.",
    parameters: [Parameter("pattern", "string", help: "* is any text, ? any character, [ab] one of them")],
    returns: "list of strings", examples: [Builtin.Example(#"glob("/no/such/*.txt")"#, shows: "[]")],
    seeAlso: ["exists"]
  ) { call in
    let pattern = expanded(try call.string("pattern"))
    return .list(try Team.current.agreed("glob") { try paths(fitting: pattern) }.map { .string($0) })
  }

  private static func paths(fitting pattern: String) throws -> [String] {
    var matches = glob_t()
    defer { globfree(&matches) }
    let status = Foundation.glob(pattern, 0, nil, &matches)
    if status == GLOB_NOSPACE { throw ErrorReport(.tooLarge, "too many files fit this pattern", argument: "pattern") }
    guard status == 0, let paths = matches.gl_pathv else { return [] }
    return (0..<Int(matches.gl_pathc)).compactMap { paths[$0].map { String(cString: $0) } }
  }

  private static func text(of path: String) throws -> String {
    guard let data = try? Data(contentsOf: URL(fileURLWithPath: path)) else { throw unreadable(path) }
    guard let text = String(data: data, encoding: .utf8) else {
      throw ErrorReport(
        .fileFormat, "\(path) is not text in UTF-8", help: "numbers in other formats are read by load(path)",
        argument: "path")
    }
    return text
  }

  // MARK: - JSON

  private static let json = Builtin(
    "json", topic: "core", summary: "Reads a value from JSON text.",
    parameters: [Parameter("text", "string", help: "JSON")],
    returns: "nil, bool, number, string, list or record",
    examples: [Builtin.Example(#"json("{\"steps\": [1, 2], \"done\": true}")"#, shows: "{steps: [1, 2], done: true}")],
    errors: ["E0304"], seeAlso: ["tojson", "read"]
  ) { try JSONValues.read(try $0.string("text")) }

  private static let toJSON = Builtin(
    "tojson", topic: "core", summary: "Writes a value as JSON text.",
    parameters: [
      Parameter("x", help: "nil, bool, number, string, list or record"),
      Parameter("indent", "integer", presence: .optional("one line"), byNameOnly: true, help: "spaces for each level"),
    ],
    returns: "string", examples: [Builtin.Example("print(tojson({a: [1, nil]}))", shows: #"{"a": [1, null]}"#)],
    errors: ["E0202", "E0209"], seeAlso: ["json", "write"]
  ) { call in
    let indent = call.isGiven("indent") ? try call.integer("indent") : nil
    guard (0...16).contains(indent ?? 0) else {
      throw ErrorReport(.invalidArgument, "the indent is between 0 and 16", argument: "indent")
    }
    return .string(try JSONWriter(indent: indent).text(call["x"]))
  }

  // MARK: - Paths

  /// The path with `~` replaced.
  static func expanded(_ path: String) -> String {
    path.hasPrefix("~") ? (path as NSString).expandingTildeInPath : path
  }

  /// Why a file cannot be read, with the nearest name in its folder.
  static func unreadable(_ path: String, argument: String = "path") -> ErrorReport {
    var isFolder: ObjCBool = false
    if FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) {
      return ErrorReport(
        .file, isFolder.boolValue ? "\(path) is a folder" : "\(path) cannot be read",
        help: isFolder.boolValue ? "glob(\"\(path)/*\") lists what is in it" : "check its permissions",
        argument: argument)
    }
    let folder = (path as NSString).deletingLastPathComponent
    let neighbours = (try? FileManager.default.contentsOfDirectory(atPath: folder.isEmpty ? "." : folder)) ?? []
    let nearest = Spelling.suggestion(for: (path as NSString).lastPathComponent, among: neighbours.sorted())
    return ErrorReport(
      .file, "there is no file \(path)",
      help: nearest ?? (path.hasPrefix("/") ? nil : "paths start from the working folder"),
      argument: argument)
  }
}
