import Foundation
import JSON

extension Tokenizer {
  /// Reads the tokenizer of a Hugging Face folder: `tokenizer.json`, or GPT-2's `vocab.json` and `merges.txt` (also as
  /// `encoder.json` and `vocab.bpe`), with what `tokenizer_config.json`, `special_tokens_map.json`, `chat_template.jinja`
  /// and `generation_config.json` add.
  ///
  /// - Returns: nil when the folder has no tokenizer.
  /// - Throws: ``TokenizerError/malformed(source:reason:)`` and ``TokenizerError/unsupported(what:name:known:)``.
  public static func huggingFace(folder: String) throws(TokenizerError) -> Tokenizer? {
    guard let recipe = try HuggingFaceFolder(path: folder, files: nil).read() else { return nil }
    return try Tokenizer(recipe)
  }

  /// Reads a tokenizer from the files that ``huggingFaceFiles()`` gave.
  ///
  /// - Parameter source: where they come from, for messages.
  /// - Returns: nil when they hold no tokenizer.
  /// - Throws: as ``huggingFace(folder:)``.
  public static func huggingFace(files: [String: [UInt8]], source: String) throws(TokenizerError) -> Tokenizer? {
    guard let recipe = try HuggingFaceFolder(path: source, files: files).read() else { return nil }
    return try Tokenizer(recipe)
  }
}

/// The files of a folder that say something about its tokenizer.
struct HuggingFaceFolder {
  let path: String
  /// Stand in for those of the folder; nil to read it.
  let files: [String: [UInt8]]?
  private static let accompanying = [
    "tokenizer_config.json", "special_tokens_map.json", "added_tokens.json", "chat_template.jinja",
    "generation_config.json",
  ]

  private func source(_ name: String) -> String { path.hasSuffix("/") ? path + name : "\(path)/\(name)" }

  private func contents(_ name: String) throws(TokenizerError) -> [UInt8]? {
    if let files { return files[name] }
    return try TokenizerFile.read(source(name), orNil: true)
  }

  private func json(_ name: String) throws(TokenizerError) -> TokenizerDocument? {
    guard let bytes = try contents(name) else { return nil }
    return try TokenizerDocument(bytes, source: source(name))
  }

  func read() throws(TokenizerError) -> Recipe? {
    guard var (recipe, names) = try readModel() else { return nil }
    let configuration = try json("tokenizer_config.json")?.root
    try readConfiguration([configuration, try json("special_tokens_map.json")?.root].compactMap { $0 }, into: &recipe)
    if let configuration { try readAdditions(configuration, into: &recipe) }
    if let template = try contents("chat_template.jinja") {
      recipe.chatTemplate = String(decoding: template, as: UTF8.self)
    }
    if let ends = try json("generation_config.json")?.root["eos_token_id"] {
      for end in ends.kind == .array ? Array(ends.children) : [ends] {
        guard let id = end.int, id >= 0, id < 1 << 24 else {
          throw .malformed(source: source("generation_config.json"), reason: "eos_token_id is no token id")
        }
        // Padded vocabularies let a model end a text with an id that the tokenizer does not have.
        if id < recipe.tokens.count { recipe.stops.insert(Int32(id)) }
      }
    }
    names += Self.accompanying
    var files: [(name: String, contents: [UInt8])] = []
    for name in names {
      if let bytes = try contents(name) { files.append((name, bytes)) }
    }
    recipe.files = files
    return recipe
  }

  private func readModel() throws(TokenizerError) -> (Recipe, [String])? {
    if let document = try json("tokenizer.json") {
      return (try HuggingFaceReader(source: document.source).read(document), ["tokenizer.json"])
    }
    for (vocabulary, merges) in [("vocab.json", "merges.txt"), ("encoder.json", "vocab.bpe")] {
      guard let document = try json(vocabulary), let lines = try contents(merges) else { continue }
      return (try gpt2(document, lines, source: source(merges)), [vocabulary, merges])
    }
    return nil
  }

  /// The two files of GPT-2, whose pre-tokeniser is the one that its code had.
  private func gpt2(_ document: TokenizerDocument, _ lines: [UInt8], source: String) throws(TokenizerError) -> Recipe {
    let tokens = try HuggingFaceReader.vocabulary(document.root, source: document.source)
    let spellings = try Spellings(tokens, source: document.source)
    var merges: [Recipe.Merge] = []
    for (place, line) in lines.split(separator: UInt8(ascii: "\n")).enumerated() {
      if place == 0, line.starts(with: Array("#version".utf8)) { continue }
      let text = line.last == UInt8(ascii: "\r") ? line.dropLast() : line
      if text.isEmpty { continue }
      let halves = text.split(separator: UInt8(ascii: " "), omittingEmptySubsequences: false).map(Array.init)
      merges.append(try HuggingFaceReader.merge(halves, spellings, place: merges.count, source: source))
    }
    var recipe = Recipe(model: .merges(merges, ignoresMerges: false), source: document.source)
    recipe.tokens = tokens
    recipe.isByteLevel = true
    recipe.pretokenizer = [.split(try Pattern(KnownPatterns.gpt2, source: source), .isolated, inverted: false)]
    let name = Array("<|endoftext|>".utf8)
    if let id = spellings.id(name) {
      recipe.added = [AddedToken(id: id, content: name)]
      (recipe.beginning, recipe.end, recipe.unknown) = (id, id, id)
    }
    return recipe
  }

  /// The special tokens by role, and the chat template. Earlier files win.
  private func readConfiguration(_ roots: [JSONNode], into recipe: inout Recipe) throws(TokenizerError) {
    let spellings = try Spellings(recipe.tokens, source: recipe.source)
    func id(_ role: String) throws(TokenizerError) -> Int32? {
      for root in roots {
        guard let node = root[role], let text = node.utf8 ?? node["content"]?.utf8 else { continue }
        // A role may name a token that only the model's padding has.
        if let id = spellings.id(text) { return id }
      }
      return nil
    }
    recipe.beginning = try id("bos_token") ?? recipe.beginning
    recipe.end = try id("eos_token") ?? recipe.end
    recipe.padding = try id("pad_token") ?? recipe.padding
    for role in ["bos_token", "eos_token", "pad_token"] {
      guard let token = try id(role), !recipe.added.contains(where: { $0.id == token && $0.isSpecial }) else {
        continue
      }
      recipe.added.removeAll { $0.id == token }
      recipe.added.append(AddedToken(id: token, content: Array(recipe.tokens[Int(token)])))
    }
    for root in roots {
      guard let template = root["chat_template"] else { continue }
      if let text = template.string {
        recipe.chatTemplate = text
      } else {
        // Several templates by name; conversations use the default one.
        recipe.chatTemplate = template.children.first { $0["name"]?.string == "default" }?["template"]?.string
      }
    }
  }

  /// `add_bos_token` and `add_eos_token`, which transformers puts in place of the file's post-processor.
  private func readAdditions(_ root: JSONNode, into recipe: inout Recipe) throws(TokenizerError) {
    guard root["add_bos_token"] != nil || root["add_eos_token"] != nil else { return }
    if root["add_bos_token"]?.bool == true, let beginning = recipe.beginning { recipe.prefix = [beginning] }
    if root["add_bos_token"]?.bool == false { recipe.prefix = [] }
    if root["add_eos_token"]?.bool == true, let end = recipe.end { recipe.suffix = [end] }
    if root["add_eos_token"]?.bool == false { recipe.suffix = [] }
  }
}

/// Reads files whole.
enum TokenizerFile {
  /// - Parameter orNil: whether a file that is not there is nil.
  static func read(_ path: String, orNil: Bool) throws(TokenizerError) -> [UInt8]? {
    guard let handle = FileHandle(forReadingAtPath: path) else {
      if orNil, !FileManager.default.fileExists(atPath: path) { return nil }
      throw .malformed(source: path, reason: "it cannot be read")
    }
    defer { try? handle.close() }
    do {
      let data = try handle.read(upToCount: TokenizerDocument.longest + 1) ?? Data()
      guard data.count <= TokenizerDocument.longest else {
        throw TokenizerError.malformed(source: path, reason: "it is larger than \(TokenizerDocument.longest) bytes")
      }
      return Array(data)
    } catch let error as TokenizerError {
      throw error
    } catch {
      throw .malformed(source: path, reason: "it cannot be read: \(error.localizedDescription)")
    }
  }
}
