import TVSLanguage
import Transformers

/// Files that `dataset` and `pairs` read without templates, recognised by the fields of their first record.
enum KnownRecords {
  /// Reads records of a known kind.
  ///
  /// - Returns: the records, and how many had no answer; nil for another kind.
  /// - Throws: ``ErrorReport`` for a record that is not like the first.
  static func read(_ file: RecordFile) throws -> (records: [PromptRecord], omitted: Int)? {
    let all = try file.records()
    guard let first = all.first, let kind = kind(of: first) else { return nil }
    var records: [PromptRecord] = []
    var omitted = 0
    for (number, fields) in all.enumerated() {
      for record in try kind(fields, file.place(number)) {
        if let record { records.append(record) } else { omitted += 1 }
      }
    }
    return (records, omitted)
  }

  /// Makes the examples of one record; nil where it says no answer.
  private typealias Kind = (_ fields: PromptTemplate.Fields, _ place: String) throws -> [PromptRecord?]

  private static func kind(of fields: PromptTemplate.Fields) -> Kind? {
    func has(_ names: String...) -> Bool { names.allSatisfy { fields[$0] != nil } }
    if has("question", "answer_matching_behavior", "answer_not_matching_behavior") {
      return { [try contrast($0, $1, "question", "answer_matching_behavior", "answer_not_matching_behavior")] }
    }
    if has("prompt", "correct", "incorrect") { return { [try contrast($0, $1, "prompt", "correct", "incorrect")] } }
    if has("prompt", "subject", "target_new") { return { [try edit($0, $1)] } }
    if has("question", "paragraph", "answer", "perturbed_questions") { return contrastSet }
    if has("question"), has("passage") || truth(fields["answer"]) != nil || truth(fields["label"]) != nil {
      return { fields, place in
        [
          yesNo(
            passage: fields["passage"].map(PromptTemplate.text), question: try string(fields, "question", place),
            isTrue: truth(fields["answer"] ?? fields["label"]))
        ]
      }
    }
    return nil
  }

  /// Contrastive activation addition (Rimsky et al., arXiv 2312.06681): two letters in parentheses.
  private static func contrast(
    _ fields: PromptTemplate.Fields, _ place: String, _ question: String, _ right: String, _ wrong: String
  ) throws -> PromptRecord {
    PromptRecord(
      prompt: try string(fields, question, place) + "\n\nAnswer:", answer: try spaced(string(fields, right, place)),
      alternatives: [try spaced(string(fields, wrong, place))])
  }

  /// BoolQ (Clark et al., arXiv 1905.10044), as lm-evaluation-harness words it.
  private static func yesNo(passage: String?, question: String, isTrue: Bool?) -> PromptRecord? {
    guard let isTrue else { return nil }
    let answers = [" no", " yes"]
    return PromptRecord(
      prompt: (passage.map { $0 + "\n" } ?? "") + "Question: \(question)?\nAnswer:", answer: answers[isTrue ? 1 : 0],
      alternatives: [answers[isTrue ? 0 : 1]])
  }

  /// Records made for the editing of facts: a prompt with {} where the subject stands. BoolQ in this form is read as BoolQ.
  private static func edit(_ fields: PromptTemplate.Fields, _ place: String) throws -> PromptRecord? {
    let prompt = try string(fields, "prompt", place)
    let subject = try string(fields, "subject", place)
    guard case .record(let target)? = fields["target_new"], let answer = target["str"].map(PromptTemplate.text) else {
      throw ErrorReport(.unknownField, "\(place) has no field target_new.str", argument: "path")
    }
    if prompt.hasSuffix("question: {}"), let isTrue = truth(.string(answer)) {
      var passage: String?
      if prompt.hasPrefix("passage: ") {
        passage = String(prompt.dropFirst("passage: ".count).dropLast("\nquestion: {}".count))
      }
      return yesNo(passage: passage, question: subject, isTrue: isTrue)
    }
    let parts = prompt.split(separator: "{}", omittingEmptySubsequences: false)
    return PromptRecord(prompt: parts.joined(separator: subject), answer: spaced(answer))
  }

  /// Contrast sets of BoolQ (Gardner et al., arXiv 2004.02709): a question and its perturbed versions.
  private static func contrastSet(_ fields: PromptTemplate.Fields, _ place: String) throws -> [PromptRecord?] {
    let passage = try string(fields, "paragraph", place)
    var questions = [(try string(fields, "question", place), truth(fields["answer"]))]
    if case .list(let items)? = fields["perturbed_questions"] {
      for case .record(let item) in items {
        questions.append((try string(item, "perturbed_q", place), truth(item["answer"])))
      }
    }
    return questions.map { yesNo(passage: passage, question: $0, isTrue: $1) }
  }

  private static func string(_ fields: PromptTemplate.Fields, _ name: String, _ place: String) throws -> String {
    guard let value = fields[name] else {
      throw ErrorReport(
        .unknownField, "\(place) has no field \(name)",
        help: Spelling.suggestion(for: name, among: fields.keys)
          ?? "its fields are \(fields.keys.joined(separator: ", "))", argument: "path")
    }
    return PromptTemplate.text(of: value)
  }

  /// An answer that goes on after a colon.
  private static func spaced(_ answer: String) -> String { answer.hasPrefix(" ") ? answer : " " + answer }

  /// What a yes-or-no answer says; nil when it says neither.
  private static func truth(_ value: Value?) -> Bool? {
    switch value {
    case .bool(let flag): flag
    case .number(1): true
    case .number(0): false
    case .string(let text):
      ["true": true, "yes": true, "1": true, "false": false, "no": false, "0": false][text.lowercased()]
    default: nil
    }
  }
}
