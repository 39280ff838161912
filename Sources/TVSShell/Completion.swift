import TVSLanguage

/// What Tab offers: a pure function of the text, the cursor, the names of the session, the library and the folders.
///
/// Nothing is evaluated and no field of a value is read, so that Tab can never start work, fail or change anything.
struct Completion {
  /// The interpreter of the session, which is only looked at.
  let interpreter: Interpreter
  /// Where the walkthroughs are.
  let walkthroughs: String?

  private var builtins: [Builtin] { interpreter.builtins }

  private static let keywords: [(String, String)] = [
    ("and", "both"), ("assert", "stop with an error unless a condition holds"), ("break", "leave the loop"),
    ("catch", "what to do with an error of try"), ("continue", "begin the next round of the loop"),
    ("else", "otherwise"), ("false", "the opposite of true"), ("fn", "a function"), ("for", "for x in xs { }"),
    ("if", "if condition { }"), ("import", "import a module: import stats"), ("in", "whether a value is in another"),
    ("nil", "nothing"), ("not", "the opposite"), ("or", "one or both"), ("return", "leave the function with a value"),
    ("true", "the opposite of false"), ("try", "try { } catch e { }"), ("while", "while condition { }"),
  ]

  /// The candidates for the word before the cursor.
  func candidates(for entry: EntryText) -> Completions {
    let line = entry.lineBefore.drop { $0 == " " }
    if line.hasPrefix("?") { return subjects(entry, marked: line) }
    if line.hasPrefix(":") && !entry.before.contains("\n") { return commands(entry, line: line) }
    guard let context = interpreter.callTip(in: entry.text, at: entry.cursor) else { return .none }
    let start = context.wordStart
    switch context.preceding {
    case .string:
      if let keys = keys(entry, start) { return offer(entry, from: start, keys) }
      let chosen = offer(entry, from: start, choices(of: context))
      let paths = files(entry, from: start, scriptsOnly: isImport(entry, start))
      return Completions(start: start, candidates: chosen.candidates + paths.candidates)
    case .module: return offer(entry, from: start, modules)
    case .field(let base, _): return offer(entry, from: start, fields(of: base))
    case .name: return offer(entry, from: start, arguments(of: context, in: entry) + allNames)
    case .nothing:
      // Where nothing is typed yet, the arguments would drown in all the names.
      let arguments = arguments(of: context, in: entry)
      return offer(entry, from: start, arguments.isEmpty ? allNames : arguments)
    case .inert: return .none
    }
  }

  /// Whether the string that begins at an offset is the path of an import.
  private func isImport(_ entry: EntryText, _ start: Int) -> Bool {
    let before = String(decoding: entry.text.utf8.prefix(max(0, start - 1)), as: UTF8.self)
    return before.split(whereSeparator: { $0.isWhitespace || $0 == ";" }).last == "import"
  }

  private func offer(_ entry: EntryText, from start: Int, _ all: [Completions.Candidate]) -> Completions {
    let word = String(decoding: entry.text.utf8.dropFirst(start).prefix(entry.cursor - start), as: UTF8.self)
    var seen: Set<String> = []
    let matching = all.filter { $0.text.hasPrefix(word) && seen.insert($0.text).inserted }
    return Completions(start: start, candidates: matching)
  }

  // MARK: - Names

  private var allNames: [Completions.Candidate] {
    let own = interpreter.globalNames.filter { !Session.isShownValue($0) }.sorted().map { name in
      Completions.Candidate(text: name, detail: interpreter.peek([name]).map(Self.describe) ?? "")
    }
    let library = interpreter.predefinedNames.map { name in
      Completions.Candidate(text: name, detail: interpreter.peek([name]).map(Self.describe) ?? "")
    }
    return own + library + Self.keywords.map { Completions.Candidate(text: $0.0, detail: $0.1) }
  }

  /// What a value is, in a few words, without asking it for more than its name.
  static func describe(_ value: Value) -> String {
    if case .function(let function) = value, !function.summary.isEmpty { return function.summary }
    return value.kind
  }

  // MARK: - Arguments

  /// The arguments that the call around the cursor does not have yet, where one of them may begin.
  private func arguments(of context: CallContext, in entry: EntryText) -> [Completions.Candidate] {
    let before = entry.text.utf8.prefix(context.wordStart).last { $0 > UInt8(ascii: " ") }
    guard before == UInt8(ascii: "(") || before == UInt8(ascii: ","), context.currentName == nil else { return [] }
    guard case .function(let function)? = interpreter.peek(context.callee) else { return [] }
    guard let builtin = function.builtin else {
      return function.parameterNames.dropFirst(context.positional).filter { !context.named.contains($0) }
        .map { Completions.Candidate(text: $0, detail: "argument", closing: "=") }
    }
    var position = 0
    return builtin.parameters.compactMap { parameter in
      if case .rest = parameter.presence { return nil }
      if !parameter.byNameOnly {
        position += 1
        if position <= context.positional { return nil }
      }
      if context.named.contains(parameter.name) { return nil }
      return Completions.Candidate(text: parameter.name, detail: parameter.help, closing: "=")
    }
  }

  /// The strings that the argument around the cursor may be.
  private func choices(of context: CallContext) -> [Completions.Candidate] {
    guard case .function(let function)? = interpreter.peek(context.callee), let builtin = function.builtin else {
      return []
    }
    let byPosition = builtin.parameters.filter { !$0.byNameOnly }
    let parameter =
      if let name = context.currentName {
        builtin.parameters.first { $0.name == name }
      } else {
        byPosition.indices.contains(context.positional) ? byPosition[context.positional] : nil
      }
    let all = parameter?.choices?() ?? []
    return all.map { Completions.Candidate(text: $0, detail: parameter?.name ?? "", closing: "\"") }
  }

  // MARK: - Fields

  /// The fields of what a path of names leads to. A native value gives its names only: reading a field may be work.
  private func fields(of path: [String]) -> [Completions.Candidate] {
    interpreter.fieldNames(of: path).map { name in
      Completions.Candidate(text: name, detail: interpreter.peek(path + [name]).map(Self.describe) ?? "")
    }
  }

  /// The keys that the string after `name[` may be; nil where the string is no key.
  private func keys(_ entry: EntryText, _ start: Int) -> [Completions.Candidate]? {
    let before = String(decoding: entry.text.utf8.prefix(max(0, start - 1)), as: UTF8.self)
    guard before.last == "[" else { return nil }
    let path = before.dropLast().reversed().prefix { $0 == "." || $0 == "_" || $0.isLetter || $0.isNumber }
    guard !path.isEmpty, let value = interpreter.peek(String(path.reversed()).split(separator: ".").map(String.init))
    else { return nil }
    let names: [String]
    switch value {
    case .record(let fields): names = Array(fields.keys)
    case .native(let native) where native.kind == "table": names = native.fieldNames
    case .native(let native) where native.kind == "model":
      // Part of its layout, which is there already.
      guard case .list(let blocks)? = try? native.field("blocks") else { return nil }
      names = blocks.map(\.plainText)
    default: return nil
    }
    return names.map { Completions.Candidate(text: $0, detail: "key", closing: "\"]") }
  }

  // MARK: - Files and modules

  private func files(_ entry: EntryText, from start: Int, scriptsOnly: Bool) -> Completions {
    let typed = String(decoding: entry.text.utf8.dropFirst(start).prefix(entry.cursor - start), as: UTF8.self)
    // A string with an escape or a line end is no path that anyone types.
    if typed.contains("\\") || typed.contains("\n") { return .none }
    let folder = Path.folder(of: typed)
    let isHome = folder == "~" || folder.hasPrefix("~/")
    let place = isHome ? (System.home ?? "") + folder.dropFirst() : folder
    let word = Path.name(of: typed)
    let names = System.entries(of: place.isEmpty ? "." : place).filter {
      $0.hasPrefix(word) && (!$0.hasPrefix(".") || word.hasPrefix("."))
    }
    let candidates = names.compactMap { name -> Completions.Candidate? in
      guard let kind = System.kind(of: Path.joined(place, name)) else { return nil }
      let path = Path.joined(folder, name)
      if kind == .folder { return Completions.Candidate(text: path + "/", detail: "folder") }
      if scriptsOnly && !name.hasSuffix(".tvs") { return nil }
      return Completions.Candidate(text: path, detail: "", closing: "\"")
    }
    return Completions(start: start, candidates: candidates)
  }

  private var modules: [Completions.Candidate] {
    interpreter.libraryPaths.flatMap { folder in
      System.entries(of: folder).filter { $0.hasSuffix(".tvs") }.map { file in
        Completions.Candidate(text: String(file.dropLast(4)), detail: "module of the standard library")
      }
    }
  }

  // MARK: - Help and session commands

  private func subjects(_ entry: EntryText, marked line: Substring) -> Completions {
    let start = entry.cursor - line.drop { $0 == "?" || $0 == " " }.utf8.count
    var topics: Set<String> = []
    let found = builtins.map(\.topic).filter { topics.insert($0).inserted }
    let all = allNames.dropLast(Self.keywords.count) + found.map { Completions.Candidate(text: $0, detail: "topic") }
    return offer(entry, from: start, Array(all))
  }

  private func commands(_ entry: EntryText, line: Substring) -> Completions {
    guard let space = line.firstIndex(of: " ") else {
      let all = SessionCommand.allCases.map { command in
        Completions.Candidate(
          text: ":\(command.rawValue)", detail: command.summary, closing: command.usage.isEmpty ? "" : " ")
      }
      return offer(entry, from: entry.cursor - line.utf8.count, all)
    }
    let rest = line[line.index(after: space)...]
    let start = entry.cursor - rest.utf8.count
    switch SessionCommand(abbreviated: String(line[..<space].dropFirst())) {
    case .load, .log, .save:
      var found = files(entry, from: start, scriptsOnly: false)
      for index in found.candidates.indices { found.candidates[index].closing = "" }
      return found
    case .set: return offer(entry, from: start, ["digits", "rows"].map { Completions.Candidate(text: $0, detail: "") })
    case .undo:
      let own = Set(interpreter.globalNames.filter { !Session.isShownValue($0) })
      return offer(entry, from: start, allNames.filter { own.contains($0.text) })
    case .page, .time:
      let inner = EntryText(text: String(rest) + entry.after, cursor: rest.utf8.count)
      var found = candidates(for: inner)
      found.start += start
      return found
    case .walkthrough:
      let all = walkthroughs.map(Walkthrough.names) ?? []
      return offer(entry, from: start, all.map { Completions.Candidate(text: $0, detail: "") })
    case .help:
      return subjects(entry, marked: rest)
    default: return .none
    }
  }
}
