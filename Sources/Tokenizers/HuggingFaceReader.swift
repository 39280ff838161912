import JSON

/// Reads `tokenizer.json`, the file of the library `tokenizers`. Every field is used or refused by name.
struct HuggingFaceReader {
  let source: String

  func malformed(_ reason: String) -> TokenizerError { .malformed(source: source, reason: reason) }

  /// Refuses fields that are not read.
  func check(_ node: JSONNode, _ what: String, _ known: [String]) throws(TokenizerError) {
    guard node.kind == .object else { throw malformed("\(what) is no object") }
    var seen: Set<String> = []
    for key in node.keys {
      guard known.contains(key) else {
        throw .unsupported(what: "field of \(what) in \(source)", name: key, known: known)
      }
      guard seen.insert(key).inserted else { throw malformed("\(what) has `\(key)` twice") }
    }
  }

  func string(_ node: JSONNode, _ key: String, _ what: String) throws(TokenizerError) -> String {
    guard let text = node[key]?.string else { throw malformed("\(what) lacks the text `\(key)`") }
    return text
  }

  func flag(_ node: JSONNode, _ key: String, _ what: String, default value: Bool) throws(TokenizerError) -> Bool {
    guard let field = node[key] else { return value }
    guard let flag = field.bool else { throw malformed("`\(key)` of \(what) is neither true nor false") }
    return flag
  }

  func id(_ node: JSONNode?, _ what: String) throws(TokenizerError) -> Int32 {
    guard let value = node?.int, value >= 0, value < 1 << 24 else { throw malformed("\(what) is no token id") }
    return Int32(value)
  }

  /// The steps of a component, sequences within sequences laid out flat.
  func steps(_ node: JSONNode?, _ list: String, _ what: String) throws(TokenizerError) -> [JSONNode] {
    guard let node else { return [] }
    var result: [JSONNode] = []
    var rest = [node]
    while let next = rest.popLast() {
      guard next["type"]?.string == "Sequence" else {
        result.append(next)
        continue
      }
      try check(next, what, ["type", list])
      guard let children = next[list], children.kind == .array else { throw malformed("\(what) lacks `\(list)`") }
      rest += Array(children.children).reversed()
      guard rest.count + result.count <= 64 else { throw malformed("\(what) has more than 64 steps") }
    }
    return result
  }

  func read(_ document: TokenizerDocument) throws(TokenizerError) -> Recipe {
    let root = document.root
    try check(
      root, "the file",
      [
        "version", "truncation", "padding", "added_tokens", "normalizer", "pre_tokenizer", "post_processor", "decoder",
        "model",
      ])
    guard let model = root["model"] else { throw malformed("it has no model") }
    var recipe = try readModel(model)
    for step in try steps(root["normalizer"], "normalizers", "the normaliser") {
      recipe.normalizer.append(try normalizer(step))
    }
    try readPretokenizer(root["pre_tokenizer"], into: &recipe)
    try readDecoder(root["decoder"], into: &recipe)
    try readAdded(root["added_tokens"], into: &recipe)
    try readPostProcessor(root["post_processor"], into: &recipe)
    return recipe
  }

  // MARK: - The text before it is cut

  private func pattern(_ node: JSONNode?, _ what: String) throws(TokenizerError) -> (text: String, isLiteral: Bool) {
    guard let node else { throw malformed("\(what) has no pattern") }
    try check(node, "the pattern of \(what)", ["String", "Regex"])
    if let literal = node["String"]?.string { return (literal, true) }
    return (try string(node, "Regex", "the pattern of \(what)"), false)
  }

  private func normalizer(_ node: JSONNode) throws(TokenizerError) -> NormalizerStep {
    let type = try string(node, "type", "a normaliser")
    switch type {
    case "NFC", "NFD", "NFKC", "NFKD", "Lowercase":
      try check(node, type, ["type"])
      return type == "NFC" ? .nfc : type == "NFD" ? .nfd : type == "NFKC" ? .nfkc : type == "NFKD" ? .nfkd : .lowercase
    case "Prepend":
      try check(node, type, ["type", "prepend"])
      return .prepend(Array(try string(node, "prepend", type).utf8))
    case "Replace":
      try check(node, type, ["type", "pattern", "content"])
      let content = Array(try string(node, "content", type).utf8)
      let (text, isLiteral) = try pattern(node["pattern"], type)
      return isLiteral
        ? .replaceText(Array(text.utf8), content) : .replace(try Pattern(text, source: source), content)
    case "Strip":
      try check(node, type, ["type", "strip_left", "strip_right"])
      return .strip(
        left: try flag(node, "strip_left", type, default: false),
        right: try flag(node, "strip_right", type, default: false))
    default:
      throw .unsupported(
        what: "normaliser in \(source)", name: type,
        known: ["Sequence", "NFC", "NFD", "NFKC", "NFKD", "Lowercase", "Prepend", "Replace", "Strip"])
    }
  }

  // MARK: - Pieces

  private func readPretokenizer(_ node: JSONNode?, into recipe: inout Recipe) throws(TokenizerError) {
    for step in try steps(node, "pretokenizers", "the pre-tokeniser") {
      if recipe.isByteLevel { throw malformed("a pre-tokeniser follows ByteLevel, which has to be the last") }
      try readPretokenizerStep(step, into: &recipe)
    }
    if recipe.isByteLevel, case .unigram = recipe.model {
      throw .unsupported(what: "pre-tokeniser of a unigram model in \(source)", name: "ByteLevel", known: ["Metaspace"])
    }
  }

  private func readPretokenizerStep(_ node: JSONNode, into recipe: inout Recipe) throws(TokenizerError) {
    let type = try string(node, "type", "a pre-tokeniser")
    func add(_ pattern: String, _ behavior: SplitBehavior, inverted: Bool = false) throws(TokenizerError) {
      recipe.pretokenizer.append(.split(try Pattern(pattern, source: source), behavior, inverted: inverted))
    }
    switch type {
    case "ByteLevel":
      try check(node, type, ["type", "add_prefix_space", "trim_offsets", "use_regex"])
      if try flag(node, "add_prefix_space", type, default: true) { recipe.pretokenizer.append(.spaceBefore) }
      if try flag(node, "use_regex", type, default: true) { try add(KnownPatterns.gpt2, .isolated) }
      recipe.isByteLevel = true
    case "Split":
      try check(node, type, ["type", "pattern", "behavior", "invert"])
      let (text, isLiteral) = try pattern(node["pattern"], type)
      let name = try string(node, "behavior", type)
      guard let behavior = SplitBehavior(rawValue: name) else {
        throw .unsupported(
          what: "behaviour of Split in \(source)", name: name, known: SplitBehavior.allCases.map(\.rawValue))
      }
      if isLiteral && text.isEmpty { return }
      try add(
        isLiteral ? Pattern.literal(text) : text, behavior, inverted: try flag(node, "invert", type, default: false))
    case "Digits":
      try check(node, type, ["type", "individual_digits"])
      try add(#"\p{N}"#, try flag(node, "individual_digits", type, default: false) ? .isolated : .contiguous)
    case "Whitespace":
      try check(node, type, ["type"])
      try add(#"\w+|[^\w\s]+"#, .removed, inverted: true)
    case "WhitespaceSplit":
      try check(node, type, ["type"])
      try add(#"\s"#, .removed)
    case "Metaspace":
      let (mark, prepending, splits) = try metaspace(node)
      recipe.pretokenizer.append(.mark(Array(mark.utf8), prepending))
      if splits { try add(Pattern.literal(mark), .mergedWithNext) }
    default:
      throw .unsupported(
        what: "pre-tokeniser in \(source)", name: type,
        known: ["Sequence", "ByteLevel", "Split", "Digits", "Metaspace", "Whitespace", "WhitespaceSplit"])
    }
  }

  private func metaspace(
    _ node: JSONNode
  ) throws(TokenizerError) -> (mark: String, prepending: PretokenizerStep.Prepending, splits: Bool) {
    try check(
      node, "Metaspace", ["type", "replacement", "prepend_scheme", "split", "add_prefix_space", "str_rep"])
    let mark = try string(node, "replacement", "Metaspace")
    guard mark.unicodeScalars.count == 1 else { throw malformed("Metaspace replaces a space by `\(mark)`") }
    var prepending = PretokenizerStep.Prepending.always
    if let name = node["prepend_scheme"]?.string {
      guard let known = PretokenizerStep.Prepending(rawValue: name) else {
        throw .unsupported(
          what: "prepend_scheme in \(source)", name: name,
          known: PretokenizerStep.Prepending.allCases.map(\.rawValue))
      }
      prepending = known
    } else if try !flag(node, "add_prefix_space", "Metaspace", default: true) {
      prepending = .never
    }
    return (mark, prepending, try flag(node, "split", "Metaspace", default: true))
  }

  // MARK: - Text again

  private func readDecoder(_ node: JSONNode?, into recipe: inout Recipe) throws(TokenizerError) {
    var decodesBytes = false
    for step in try steps(node, "decoders", "the decoder") {
      let type = try string(step, "type", "a decoder")
      switch type {
      case "ByteLevel":
        try check(step, type, ["type", "add_prefix_space", "trim_offsets", "use_regex"])
        decodesBytes = true
      case "ByteFallback", "Fuse": try check(step, type, ["type"])
      case "Replace":
        try check(step, type, ["type", "pattern", "content"])
        let (text, isLiteral) = try pattern(step["pattern"], type)
        guard isLiteral else {
          throw .unsupported(what: "pattern of Replace in \(source)", name: text, known: ["text"])
        }
        recipe.replacements.append((Array(text.utf8), Array(try string(step, "content", type).utf8)))
      case "Strip":
        try check(step, type, ["type", "content", "start", "stop"])
        let content = try string(step, "content", type)
        let (start, stop) = (step["start"]?.int ?? 0, step["stop"]?.int ?? 0)
        guard content == " ", start <= 1, stop == 0 else {
          throw .unsupported(
            what: "decoder in \(source)", name: "Strip `\(content)` \(start) \(stop)", known: ["Strip ` ` 1 0"])
        }
        recipe.stripsFirstSpace = start == 1
      case "Metaspace":
        let (mark, prepending, _) = try metaspace(step)
        recipe.replacements.append((Array(mark.utf8), [UInt8(ascii: " ")]))
        recipe.stripsFirstSpace = prepending != .never
      default:
        throw .unsupported(
          what: "decoder in \(source)", name: type,
          known: ["Sequence", "ByteLevel", "ByteFallback", "Fuse", "Replace", "Strip", "Metaspace"])
      }
    }
    guard decodesBytes == recipe.isByteLevel else {
      throw malformed("only one of the pre-tokeniser and the decoder is ByteLevel")
    }
  }

  // MARK: - Added tokens and what surrounds a text

  private func readAdded(_ node: JSONNode?, into recipe: inout Recipe) throws(TokenizerError) {
    guard let node else { return }
    guard node.kind == .array else { throw malformed("added_tokens is no list") }
    let inModel = try Spellings(recipe.tokens, source: source)
    var byID: [Int32: [UInt8]] = [:]
    for (place, entry) in node.children.enumerated() {
      let what = "added token \(place)"
      try check(entry, what, ["id", "content", "single_word", "lstrip", "rstrip", "normalized", "special"])
      var token = AddedToken(id: try id(entry["id"], "the id of \(what)"), content: entry["content"]?.utf8 ?? [])
      guard !token.content.isEmpty else { throw malformed("\(what) has no content") }
      token.isSpecial = try flag(entry, "special", what, default: false)
      token.isWord = try flag(entry, "single_word", what, default: false)
      token.stripsLeft = try flag(entry, "lstrip", what, default: false)
      token.stripsRight = try flag(entry, "rstrip", what, default: false)
      token.isNormalized = try flag(entry, "normalized", what, default: !token.isSpecial)
      let name = String(decoding: token.content, as: UTF8.self)
      guard byID.updateValue(token.content, forKey: token.id) == nil else {
        throw malformed("the id \(token.id) is added twice, the second time as `\(name)`")
      }
      if let known = inModel.id(token.content), known != token.id {
        throw malformed("`\(name)` is token \(known) of the model and added as \(token.id)")
      }
      if Int(token.id) < recipe.tokens.count, inModel.id(token.content) == nil {
        throw malformed("`\(name)` is added as \(token.id), which is another token of the model")
      }
      recipe.added.append(token)
    }
    while let content = byID[Int32(recipe.tokens.count)] {
      recipe.tokensOutsideModel.insert(Int32(recipe.tokens.count))
      recipe.tokens.append(content)
    }
    if let lost = recipe.added.map(\.id).first(where: { Int($0) >= recipe.tokens.count }) {
      throw malformed("no token has the id \(recipe.tokens.count), but one has \(lost)")
    }
  }

  private func readPostProcessor(_ node: JSONNode?, into recipe: inout Recipe) throws(TokenizerError) {
    for step in try steps(node, "processors", "the post-processor") {
      let type = try string(step, "type", "a post-processor")
      switch type {
      case "ByteLevel": try check(step, type, ["type", "add_prefix_space", "trim_offsets", "use_regex"])
      case "TemplateProcessing":
        try check(step, type, ["type", "single", "pair", "special_tokens"])
        try readTemplate(step, into: &recipe)
      default:
        throw .unsupported(
          what: "post-processor in \(source)", name: type, known: ["Sequence", "ByteLevel", "TemplateProcessing"])
      }
    }
  }

  private func readTemplate(_ node: JSONNode, into recipe: inout Recipe) throws(TokenizerError) {
    guard let single = node["single"], single.kind == .array else { throw malformed("the template lacks `single`") }
    var before: [Int32] = []
    var after: [Int32] = []
    var sequences = 0
    for part in single.children {
      if part["Sequence"] != nil {
        sequences += 1
        continue
      }
      guard let name = part["SpecialToken"]?["id"]?.string else { throw malformed("the template has an unknown part") }
      guard let ids = node["special_tokens"]?[name]?["ids"], ids.kind == .array else {
        throw malformed("the template's `\(name)` has no ids")
      }
      for entry in ids.children {
        let token = try id(entry, "the template's `\(name)`")
        if sequences == 0 { before.append(token) } else { after.append(token) }
      }
    }
    guard sequences == 1 else { throw malformed("the template has the text \(sequences) times") }
    recipe.prefix = before + recipe.prefix
    recipe.suffix += after
  }
}
