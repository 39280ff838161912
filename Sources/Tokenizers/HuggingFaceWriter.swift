import JSON

extension Tokenizer {
  /// The files to write beside a model so that transformers' `AutoTokenizer` reads this tokenizer: those that it came
  /// from, byte for byte, or `tokenizer.json` and `tokenizer_config.json` made from the vocabulary.
  ///
  /// - Throws: ``TokenizerError/malformed(source:reason:)`` when a score cannot be written.
  public func huggingFaceFiles() throws(TokenizerError) -> [(name: String, contents: [UInt8])] {
    if let files = recipe.files { return files }
    return [
      ("tokenizer.json", Array(try HuggingFaceWriter(recipe: recipe).tokenizer().utf8)),
      ("tokenizer_config.json", Array(HuggingFaceWriter(recipe: recipe).configuration().utf8)),
    ]
  }
}

/// Writes a recipe as the library `tokenizers` has it.
struct HuggingFaceWriter {
  let recipe: Recipe

  private func text(_ bytes: some Sequence<UInt8>) -> String { String(decoding: Array(bytes), as: UTF8.self) }
  private func spelling(_ id: Int32) -> String { text(recipe.tokens[Int(id)]) }

  private func quoted(_ text: String) -> String { JSONText.quoted(text) }
  private func quoted(_ bytes: some Sequence<UInt8>) -> String { quoted(text(bytes)) }

  private func sequence(_ list: String, _ steps: [String]) -> String {
    switch steps.count {
    case 0: "null"
    case 1: steps[0]
    default: #"{"type":"Sequence","\#(list)":[\#(steps.joined(separator: ","))]}"#
    }
  }

  func tokenizer() throws(TokenizerError) -> String {
    let added = recipe.added.sorted { $0.id < $1.id }.map { token in
      #"{"id":\#(token.id),"content":\#(quoted(token.content)),"single_word":\#(token.isWord),"#
        + #""lstrip":\#(token.stripsLeft),"rstrip":\#(token.stripsRight),"normalized":\#(token.isNormalized),"#
        + #""special":\#(token.isSpecial)}"#
    }
    return #"{"version":"1.0","truncation":null,"padding":null,"added_tokens":["# + added.joined(separator: ",")
      + #"],"normalizer":\#(sequence("normalizers", recipe.normalizer.map(normalizer))),"#
      + #""pre_tokenizer":\#(sequence("pretokenizers", pretokenizer())),"#
      + #""post_processor":\#(postProcessor()),"decoder":\#(decoder()),"model":\#(try model())}"#
  }

  private func normalizer(_ step: NormalizerStep) -> String {
    switch step {
    case .nfc: #"{"type":"NFC"}"#
    case .nfd: #"{"type":"NFD"}"#
    case .nfkc: #"{"type":"NFKC"}"#
    case .nfkd: #"{"type":"NFKD"}"#
    case .lowercase: #"{"type":"Lowercase"}"#
    case .prepend(let text): #"{"type":"Prepend","prepend":\#(quoted(text))}"#
    case .replace(let pattern, let content):
      #"{"type":"Replace","pattern":{"Regex":\#(quoted(pattern.text))},"content":\#(quoted(content))}"#
    case .replaceText(let text, let content):
      #"{"type":"Replace","pattern":{"String":\#(quoted(text))},"content":\#(quoted(content))}"#
    case .strip(let left, let right): #"{"type":"Strip","strip_left":\#(left),"strip_right":\#(right)}"#
    }
  }

  private func pretokenizer() -> [String] {
    func byteLevel(spaceBefore: Bool, pattern: Bool) -> String {
      #"{"type":"ByteLevel","add_prefix_space":\#(spaceBefore),"trim_offsets":true,"use_regex":\#(pattern)}"#
    }
    var steps: [String] = []
    for (place, step) in recipe.pretokenizer.enumerated() {
      switch step {
      case .split(let pattern, let behavior, let inverted):
        steps.append(
          #"{"type":"Split","pattern":{"Regex":\#(quoted(pattern.text))},"behavior":"\#(behavior.rawValue)","#
            + #""invert":\#(inverted)}"#)
      case .mark(let mark, let prepending):
        steps.append(
          #"{"type":"Metaspace","replacement":\#(quoted(mark)),"prepend_scheme":"\#(prepending.rawValue)","#
            + #""split":false}"#)
      case .spaceBefore:
        // Only ByteLevel has it, which is the last; what may follow here is its own pattern.
        return steps + [byteLevel(spaceBefore: true, pattern: place + 1 < recipe.pretokenizer.count)]
      }
    }
    return recipe.isByteLevel ? steps + [byteLevel(spaceBefore: false, pattern: false)] : steps
  }

  private func postProcessor() -> String {
    let ids = recipe.prefix + recipe.suffix
    if ids.isEmpty {
      return recipe.isByteLevel
        ? #"{"type":"ByteLevel","add_prefix_space":false,"trim_offsets":false,"use_regex":false}"# : "null"
    }
    func part(_ id: Int32, _ type: Int) -> String {
      #"{"SpecialToken":{"id":\#(quoted(spelling(id))),"type_id":\#(type)}}"#
    }
    func parts(_ name: String, _ type: Int) -> [String] {
      recipe.prefix.map { part($0, type) } + [#"{"Sequence":{"id":"\#(name)","type_id":\#(type)}}"#]
        + recipe.suffix.map { part($0, type) }
    }
    let tokens = Set(ids).sorted().map { id in
      #"\#(quoted(spelling(id))):{"id":\#(quoted(spelling(id))),"ids":[\#(id)],"tokens":[\#(quoted(spelling(id)))]}"#
    }
    return #"{"type":"TemplateProcessing","single":[\#(parts("A", 0).joined(separator: ","))],"#
      + #""pair":[\#((parts("A", 0) + parts("B", 1)).joined(separator: ","))],"#
      + #""special_tokens":{\#(tokens.joined(separator: ","))}}"#
  }

  private func decoder() -> String {
    if recipe.isByteLevel {
      return #"{"type":"ByteLevel","add_prefix_space":true,"trim_offsets":true,"use_regex":true}"#
    }
    var steps = recipe.replacements.map { from, to in
      #"{"type":"Replace","pattern":{"String":\#(quoted(from))},"content":\#(quoted(to))}"#
    }
    if recipe.fallsBackToBytes { steps.append(#"{"type":"ByteFallback"}"#) }
    steps.append(#"{"type":"Fuse"}"#)
    if recipe.stripsFirstSpace { steps.append(#"{"type":"Strip","content":" ","start":1,"stop":0}"#) }
    return sequence("decoders", steps)
  }

  private func model() throws(TokenizerError) -> String {
    let inModel = (0..<recipe.tokens.count).filter { !recipe.tokensOutsideModel.contains(Int32($0)) }
    let merges: [Recipe.Merge]
    var ignores = false
    switch recipe.model {
    case .unigram(let scores):
      let vocabulary = inModel.map { "[\(quoted(recipe.tokens[$0])),\(scores[$0])]" }
      return #"{"type":"Unigram","unk_id":\#(recipe.unknown.map { "\($0)" } ?? "null"),"#
        + #""vocab":[\#(vocabulary.joined(separator: ","))],"byte_fallback":\#(recipe.fallsBackToBytes)}"#
    case .scores(let scores):
      merges = ScoreMerges.all(
        scores, recipe, try Spellings(recipe.tokens, source: recipe.source),
        Set(recipe.added.filter(\.isSpecial).map(\.id)))
    case .merges(let list, let whole):
      merges = list
      ignores = whole
    }
    let vocabulary = inModel.map { "\(quoted(recipe.tokens[$0])):\($0)" }
    let pairs = merges.map { "[\(quoted(recipe.tokens[Int($0.left)])),\(quoted(recipe.tokens[Int($0.right)]))]" }
    return #"{"type":"BPE","dropout":null,"unk_token":\#(recipe.unknown.map { quoted(spelling($0)) } ?? "null"),"#
      + #""continuing_subword_prefix":null,"end_of_word_suffix":null,"fuse_unk":\#(recipe.fusesUnknown),"#
      + #""byte_fallback":\#(recipe.fallsBackToBytes),"ignore_merges":\#(ignores),"#
      + #""vocab":{\#(vocabulary.joined(separator: ","))},"merges":[\#(pairs.joined(separator: ","))]}"#
  }

  func configuration() -> String {
    var fields = [#""tokenizer_class":"PreTrainedTokenizerFast""#, #""clean_up_tokenization_spaces":false"#]
    for (name, id) in [
      ("bos_token", recipe.beginning), ("eos_token", recipe.end), ("unk_token", recipe.unknown),
      ("pad_token", recipe.padding),
    ] {
      if let id { fields.append(#""\#(name)":\#(quoted(spelling(id)))"#) }
    }
    if let template = recipe.chatTemplate { fields.append(#""chat_template":\#(quoted(template))"#) }
    return "{" + fields.joined(separator: ",") + "}\n"
  }
}
