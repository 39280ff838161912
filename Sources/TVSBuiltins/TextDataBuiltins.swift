import TVSLanguage
import Transformers

/// Data made of text: corpora, questions with answers, contrasting pairs.
enum TextDataBuiltins {
  /// All records.
  static let all: [Builtin] = [text, dataset, pairs]

  private static let path = Parameter("path", "string", help: "from the working folder; ~ is your home")

  private static let example =
    #"write("/tmp/tvs-example.jsonl", "{\"q\": \"2+2=\", \"a\": 4}\n{\"q\": \"2+3=\", \"a\": 5}\n"); "#

  private static let text = Builtin(
    "text", topic: "data", summary: "A text for language modelling, scored at every token.",
    parameters: [
      path,
      Parameter(
        "length", "integer", presence: .defaults(.number(256)), byNameOnly: true, help: "tokens in a window, from 2"),
      Parameter(
        "field", "string", presence: .defaults(.string("text")), byNameOnly: true,
        help: "where the records of a .json or .jsonl file have their text"),
    ],
    returns: "data",
    details: """
      A .json or .jsonl file holds strings, or records with a text; between two of them stands the model's end token. Any \
      other file is one text. The model it meets tokenises it, once; windows of `length` tokens do not overlap, and an \
      epoch draws each of them once, in an order that depends on the seed. Where the model's texts begin with a token of \
      their own, so does each window; otherwise its first token is not scored. holdout divides documents, or passages of \
      about 4 KB, by a hash of their text.
      """,
    examples: [
      .init(
        #"write("/tmp/tvs-example.txt", "To be, or not to be.\n"); text("/tmp/tvs-example.txt").name"#,
        shows: #""tvs-example.txt""#)
    ],
    errors: ["E0209", "E0301", "E0304", "E0504"], seeAlso: ["perplexity", "dataset", "train", "holdout"]
  ) { call in
    let path = try call.string("path")
    let length = try call.integer("length")
    let name = path.split(separator: "/").last.map(String.init) ?? path
    guard ["json", "jsonl", "ndjson"].contains(path.lowercased().split(separator: ".").last.map(String.init)) else {
      let text = try RecordFile.text(CoreBuiltins.expanded(path))
      return .native(DataValue(try TextCorpus(name: name, text: text, length: length)))
    }
    let file = try RecordFile(path)
    let field = try PromptTemplate("{\(call.string("field"))}", argument: "field")
    let documents = try file.items.enumerated().map { number, item in
      switch item {
      case .string(let text): return text
      case .record(let fields): return try field.text(fields, place: file.place(number))
      default:
        throw ErrorReport(
          .fileFormat, "\(file.place(number)) is \(item.article), not a text or a record with one", argument: "path")
      }
    }
    return .native(DataValue(try TextCorpus(name: name, documents: documents, length: length)))
  }

  private static let dataset = Builtin(
    "dataset", topic: "data", summary: "Questions with answers from a file, scored at the answer.",
    parameters: [
      path,
      Parameter(
        "prompt", "string", presence: .optional("known for BoolQ and CAA files"), byNameOnly: true,
        help: "what the model reads, with {field} for a field of the record"),
      Parameter(
        "answer", "string", presence: .optional("known for BoolQ and CAA files"), byNameOnly: true,
        help: "what should follow, likewise; begin it with a space where the prompt ends with a word"),
      Parameter(
        "choices", "list", presence: .optional("the answer has to be produced"), byNameOnly: true,
        help: "all answers that are given to choose from, as templates"),
      Parameter(
        "split", "string", presence: .optional("all records"), byNameOnly: true,
        help: "\"train\" or \"test\": four fifths or one fifth, by a hash of the prompt"),
    ],
    returns: "data",
    details: """
      Reads JSON lines, JSON (a list of records, alone or in a record around it), CSV and TSV with a line of names. {a.b} \
      is field b of field a, {{ a brace. With choices, accuracy counts the records whose answer has a larger \
      log-likelihood than every other choice, summed over its tokens, and chance is one in so many; otherwise every token \
      of the answer has to be the model's first choice. An epoch of training draws each record once.
      Without prompt and answer the fields tell: question and passage with a truth (answer or label) is BoolQ, read as \
      "{passage}\\nQuestion: {question}?\\nAnswer:" with the choices " no" and " yes"; so are its contrast sets and BoolQ as \
      prompt, subject and target_new. question with answer_matching_behavior and answer_not_matching_behavior is a CAA \
      file (as is prompt with correct and incorrect), read as "{question}\\n\\nAnswer:" with both answers as choices.
      """,
    examples: [
      .init(
        example + #"dataset("/tmp/tvs-example.jsonl", prompt="{q}", answer=" {a}").example"#, shows: #""2+2= → 4""#),
      .init(
        example + #"dataset("/tmp/tvs-example.jsonl", prompt="{q}", answer=" {a}", choices=[" 4", " 5"]).chance"#,
        shows: "0.5"),
    ],
    errors: ["E0206", "E0209", "E0301", "E0304", "E0501", "E0504"],
    seeAlso: ["pairs", "text", "accuracy", "holdout", "loglikelihood"]
  ) { call in
    let file = try RecordFile(call.string("path"))
    let data = try questions(call, file)
    guard call.isGiven("split") else { return .native(DataValue(data)) }
    let split = try GeometryArguments.choice(call, "split", ["train", "test"])
    let part = split == "test" ? InputPart.heldOut(0.2, seed: splitSeed) : .kept(without: 0.2, seed: splitSeed)
    return .native(DataValue(try data.restricted(to: part, suffix: " \(split)")))
  }

  private static let pairs = Builtin(
    "pairs", topic: "data", summary: "Prompts with two contrasting answers each.",
    parameters: [
      path,
      Parameter(
        "prompt", "string", presence: .optional("known for CAA and BoolQ files"), byNameOnly: true,
        help: "what both answers follow, with {field} for a field of the record"),
      Parameter(
        "positive", "string", presence: .optional("known for CAA and BoolQ files"), byNameOnly: true,
        help: "the answer that shows the behaviour, likewise"),
      Parameter(
        "negative", "string", presence: .optional("known for CAA and BoolQ files"), byNameOnly: true,
        help: "the answer that does not"),
    ],
    returns: "data",
    details: """
      Data like that of dataset with two choices: accuracy is the share of pairs of which the positive answer is the more \
      likely one. Its field `pairs` is a table of prompt, positive and negative.
      """,
    examples: [
      .init(
        example + #"pairs("/tmp/tvs-example.jsonl", prompt="{q}", positive=" {a}", negative=" 7").pairs[0].negative"#,
        shows: #"" 7""#)
    ],
    errors: ["E0206", "E0209", "E0301", "E0304", "E0504"], seeAlso: ["dataset", "accuracy"]
  ) { call in
    let file = try RecordFile(call.string("path"))
    let names = ["prompt", "positive", "negative"]
    if let templates = try templates(call, names) {
      let records = try file.records().enumerated().map { number, fields in
        let place = file.place(number)
        return PromptRecord(
          prompt: try templates[0].text(fields, place: place), answer: try templates[1].text(fields, place: place),
          alternatives: [try templates[2].text(fields, place: place)])
      }
      return .native(DataValue(try PromptData(name: file.name, records: records)))
    }
    guard let known = try KnownRecords.read(file) else { throw unknownFields(file, names) }
    let data = try PromptData(name: file.name, records: known.records, omitted: known.omitted)
    guard data.isPairs else {
      throw ErrorReport(
        .fileFormat, "\(file.name) has no two answers to each prompt", help: "dataset(path) reads it", argument: "path")
    }
    return .native(DataValue(data))
  }

  // MARK: - Reading

  /// Which records are those of split="test", the same in every session.
  private static let splitSeed: UInt64 = 0x7476_7320_7370_6C74

  private static func questions(_ call: Call, _ file: RecordFile) throws -> PromptData {
    let names = ["prompt", "answer"]
    guard let templates = try templates(call, names) else {
      if call.isGiven("choices") { throw missing("prompt", names) }
      guard let known = try KnownRecords.read(file) else { throw unknownFields(file, names) }
      return try PromptData(name: file.name, records: known.records, omitted: known.omitted)
    }
    let choices = try choices(call)
    let records = try file.records().enumerated().map { number, fields in
      let place = file.place(number)
      let answer = try templates[1].text(fields, place: place)
      let all = try choices.map { try $0.text(fields, place: place) }
      if !all.isEmpty, !all.contains(answer) {
        throw ErrorReport(
          .unknownChoice, "\(place) has the answer \"\(answer)\", which is none of the choices",
          help: "they are " + all.map { "\"\($0)\"" }.joined(separator: ", ") + "; spaces count", argument: "choices")
      }
      var others: [String] = []
      for choice in all where choice != answer && !others.contains(choice) { others.append(choice) }
      return PromptRecord(prompt: try templates[0].text(fields, place: place), answer: answer, alternatives: others)
    }
    return try PromptData(name: file.name, records: records)
  }

  /// The templates of arguments that are given together or not at all.
  private static func templates(_ call: Call, _ names: [String]) throws -> [PromptTemplate]? {
    let given = names.filter(call.isGiven)
    if given.isEmpty { return nil }
    if let absent = names.first(where: { !call.isGiven($0) }) { throw missing(absent, names) }
    return try names.map { try PromptTemplate(call.string($0), argument: $0) }
  }

  private static func missing(_ name: String, _ names: [String]) -> ErrorReport {
    ErrorReport(
      .arity, "the \(name) is missing",
      help: "give \(names.dropLast().joined(separator: ", ")) and \(names.last ?? "") together")
  }

  private static func choices(_ call: Call) throws -> [PromptTemplate] {
    guard call.isGiven("choices") else { return [] }
    let items = try call.list("choices")
    guard items.count >= 2 else {
      throw ErrorReport(.invalidArgument, "a choice needs at least two answers", argument: "choices")
    }
    return try items.map { item in
      guard case .string(let text) = item else {
        throw ErrorReport(
          .wrongKind, "choices are strings, not \(item.article)", help: "as in choices=[\" yes\", \" no\"]",
          argument: "choices")
      }
      return try PromptTemplate(text, argument: "choices")
    }
  }

  private static func unknownFields(_ file: RecordFile, _ names: [String]) -> ErrorReport {
    guard case .record(let fields)? = file.items.first else {
      return ErrorReport(.fileFormat, "\(file.name) has no records", argument: "path")
    }
    let keys = fields.keys.map { "{\($0)}" }
    let first = keys.first ?? "{field}"
    let last = keys.last ?? "{field}"
    return ErrorReport(
      .invalidArgument,
      "\(file.name) is of no known kind; say which fields are the \(names.joined(separator: " and the "))",
      label: "its fields are \(fields.keys.joined(separator: ", "))",
      help: "as in " + names.enumerated().map { "\($1)=\"\($0 == 0 ? first : " " + last)\"" }.joined(separator: ", "),
      argument: "path")
  }
}
