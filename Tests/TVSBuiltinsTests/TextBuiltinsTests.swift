import Foundation
import TVSLanguage
import Testing

@testable import TVSBuiltins
@testable import Transformers

/// The data beside the checkout, which is no part of it.
enum SharedData {
  static let folder =
    ProcessInfo.processInfo.environment["TVS_SHARED_DATA"]
    ?? URL(fileURLWithPath: Repository.root).deletingLastPathComponent().appendingPathComponent("shared/data").path
  static let isThere = FileManager.default.fileExists(atPath: folder + "/tasks")
}

@Suite("Builtins for text")
struct TextBuiltinsTests {
  private static let model = TextBuiltins.exampleModel + "\n"

  private static func run(_ code: String) throws -> String {
    let output = CollectedOutput()
    try session(output).run(SourceText(name: "test", text: code))
    return output.text.hasSuffix("\n") ? String(output.text.dropLast()) : output.text
  }

  private static func failure(_ code: String) -> Diagnostic? {
    do throws(Failure) {
      try session(CollectedOutput()).run(SourceText(name: "test", text: code))
    } catch {
      if case .errors(let diagnostics) = error { return diagnostics.first }
    }
    return nil
  }

  /// Calls `body` with the path of a file that holds a text, as a literal of the language.
  private static func withFile<Result>(_ name: String, _ text: String, _ body: (String) throws -> Result) throws
    -> Result
  {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("tvs-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let file = folder.appendingPathComponent(name)
    try Data(text.utf8).write(to: file)
    return try body("\"\(file.path)\"")
  }

  @Test(
    "records are read alike from JSON lines, JSON, CSV and TSV",
    arguments: [
      (
        "f.jsonl", "{\"q\": \"2+2=\", \"a\": {\"s\": 4}}\n\n{\"q\": \"a \\\"b\\\", c\", \"a\": {\"s\": true}}\n",
        "{a.s}"
      ),
      ("f.json", "[{\"q\": \"2+2=\", \"a\": 4}, {\"q\": \"a \\\"b\\\", c\", \"a\": \"true\"}]", "{a}"),
      (
        "f.json", "{\"version\": 1, \"data\": [{\"q\": \"2+2=\", \"a\": 4}, {\"q\": \"a \\\"b\\\", c\", \"a\": true}]}",
        "{a}"
      ),
      ("f.csv", "q,a\n2+2=,4\n\"a \"\"b\"\", c\",true\n", "{a}"),
      ("f.tsv", "q\ta\n2+2=\t4\n\"a \"\"b\"\", c\"\ttrue\n", "{a}"),
    ])
  func formats(name: String, text: String, answer: String) throws {
    try Self.withFile(name, text) { (path) throws in
      let code =
        "d = dataset(\(path), prompt=\"Q: {q} {{x}}\", answer=\" \(answer)\"); d.size; d.records.prompt; d.records.answer"
      #expect(
        try Self.run(code) == #"""
          2
          ["Q: 2+2= {x}", "Q: a \"b\", c {x}"]
          [" 4", " true"]
          """#)
    }
  }

  @Test("choices are templates, and the answer is one of them")
  func choices() throws {
    let text = #"{"q": "1?", "a": "yes", "b": "no"}"# + "\n" + #"{"q": "2?", "a": "no", "b": "no"}"# + "\n"
    try Self.withFile("f.jsonl", text) { (path) throws in
      let code = "d = dataset(\(path), prompt=\"{q}\", answer=\" {a}\", choices=[\" yes\", \" no\", \" {b} way\"])\n"
      #expect(
        try Self.run(code + "d.records.others; d.chance")
          == "[[\" no\", \" no way\"], [\" yes\", \" no way\"]]\n\(1.0 / 3)")
      #expect(
        try Self.run(Self.model + code + "accuracy(m, d).chance; len(train(m, d, steps=1, batch=2).blocks) > 0")
          .hasSuffix("true"))
      #expect(
        try Self.run("pairs(\(path), prompt=\"{q}\", positive=\"{a}\", negative=\"{b}\").pairs.negative")
          == #"["no", "no"]"#)
    }
  }

  @Test("known files need no templates")
  func known() throws {
    let caa =
      #"[{"question": "Q?\n(A) x\n(B) y", "answer_matching_behavior": "(B)", "answer_not_matching_behavior": "(A)"}]"#
    try Self.withFile("caa.json", caa) { (path) throws in
      #expect(
        try Self.run("pairs(\(path)).pairs[0]")
          == #"{prompt: "Q?\n(A) x\n(B) y\n\nAnswer:", positive: " (B)", negative: " (A)"}"#)
    }
    let boolq =
      #"{"question": "is it so", "passage": "It is.", "answer": true}"# + "\n"
      + #"{"question": "is it not", "passage": "It is.", "label": 0}"#
    try Self.withFile("boolq.jsonl", boolq) { (path) throws in
      #expect(
        try Self.run("r = dataset(\(path)).records; r.prompt[1]; r.answer; r.others")
          == #"""
          "It is.\nQuestion: is it not?\nAnswer:"
          [" yes", " no"]
          [[" no"], [" yes"]]
          """#)
    }
  }

  @Test("train and test splits of a file share no prompt and lose none")
  func split() throws {
    let lines = (0..<500).map { "{\"q\": \"question \($0 % 300)\", \"a\": \"\($0)\"}" }.joined(separator: "\n")
    try Self.withFile("f.jsonl", lines) { (path) throws in
      let code = """
        a = dataset(\(path), prompt="{q}", answer="{a}", split="train"); b = dataset(\(path), prompt="{q}", answer="{a}", split="test")
        a.size + b.size; any(map(a.records.prompt, p -> p in b.records.prompt)); b.size > 50 and b.size < 150; b.name
        """
      #expect(try Self.run(code) == "500\nfalse\ntrue\n\"f.jsonl test\"")
    }
  }

  @Test(
    "texts come from files of text, lists of strings and records",
    arguments: [
      ("f.txt", "First line.\nSecond line.\n", "25 bytes"),
      ("f.json", "[\"One.\", \"Two.\"]", "8 bytes in 2 documents"),
      ("f.jsonl", "{\"text\": \"One.\"}\n{\"text\": \"Two.\"}\n", "8 bytes in 2 documents"),
    ])
  func texts(name: String, text: String, size: String) throws {
    try Self.withFile(name, text) { (path) throws in
      let shown = try Self.run(
        Self.model + "d = text(\(path), length=8); d; loss(m, d).chance; perplexity(m, d).chance")
      #expect(shown.contains(size))
      #expect(shown.contains("needs    a model with a tokenizer"))
      #expect(shown.hasSuffix("\(log(256.0))\n256"))
    }
  }

  @Test("text in, text out; ids in, ids out")
  func generation() throws {
    let code =
      Self.model
      + "t = generate(m, \"abc\", tokens=5, temperature=1, seed=3); i = generate(m, [97, 98, 99], tokens=5, temperature=1, seed=3)\n"
    #expect(try Self.run(code + "type(t); type(i); detokenize(m, i) == t") == "\"string\"\n\"list\"\ntrue")
    let stopped =
      code + "s = detokenize(m, [i[2]]); s in t; s in generate(m, \"abc\", tokens=5, temperature=1, seed=3, stop=[s])"
    #expect(try Self.run(stopped) == "true\nfalse")
    #expect(try Self.run(Self.model + "same(logits(m, \"abc\"), logits(m, [97, 98, 99]))") == "true")
  }

  @Test(
    "a mistake is an error with its code, and says what to type",
    arguments: [
      ("dataset(P, prompt=\"{qeury}\", answer=\"{a}\")", "E0206", "did you mean query?"),
      ("dataset(P, prompt=\"{query\", answer=\"{a}\")", "E0209", "{{"),
      ("dataset(P, prompt=\"{query}\")", "E0205", "answer"),
      ("dataset(P)", "E0209", "prompt=\"{query}\""), ("dataset(\"x.txt\")", "E0304", ".jsonl"),
      ("dataset(\"no.jsonl\")", "E0301", ""),
      ("dataset(P, prompt=\"{query}\", answer=\"{a}\", choices=[\"5\", \"6\"])", "E0501", "spaces count"),
      ("dataset(P, prompt=\"{query}\", answer=\"{a}\", split=\"tset\")", "E0501", "did you mean test?"),
      ("dataset(P, prompt=\"{query}\", answer=\"{a}\", choices=[\"4\"])", "E0209", ""),
      ("pairs(P)", "E0209", "negative"),
      ("loss(plain, dataset(P, prompt=\"{query}\", answer=\"{a}\"))", "E0504", "tokenizer"),
      ("generate(plain, \"x\")", "E0504", "token ids"), ("tokenize(plain, \"x\")", "E0504", ""),
      ("detokenize(m, [256])", "E0209", ""), ("generate(m, \"\")", "E0502", ""),
      ("generate(m, \"x\", stop=\"\")", "E0209", ""),
      ("generate(m, \"x\", temperature=-1)", "E0209", ""), ("generate(m, \"x\", top_p=0)", "E0209", ""),
      ("generate(m, \"x\", chat=true)", "E0209", "without chat"), ("generate(m, [1], chat=true)", "E0202", ""),
      ("perplexity(m, dataset(P, prompt=\"{query}\", answer=\"{a}\"))", "E0202", "exp(loss"),
      ("perplexity(m, \"a\")", "E0502", ""), ("perplexity(m, \"abc\", window=1)", "E0209", ""),
      ("perplexity(m, \"abc\", limit=0)", "E0209", ""),
      ("perplexity(m, \"\(String(repeating: "a", count: 99))\")", "E0502", ""),
      ("loglikelihood(m, \"\", [\"a\"])", "E0502", ""), ("loglikelihood(m, \"a\", [\"\"])", "E0502", ""),
      ("loglikelihood(m, \"a\", [])", "E0209", ""), ("text(P, field=\"query\", length=1)", "E0209", ""),
      ("text(P, field=\"txt\")", "E0206", "its fields are query, a"),
      ("transformer(layers=1, width=16, heads=2, tokenizer=\"byte\")", "E0501", "did you mean bytes?"),
      ("transformer(layers=1, width=16, heads=2, tokenizer=\"bytes\", vocabulary=16)", "E0209", ""),
    ])
  func errors(code: String, expected: String, help: String) throws {
    try Self.withFile("f.jsonl", "{\"query\": \"2+2=\", \"a\": \"4\"}\n{\"query\": \"2+3=\", \"a\": \"5\"}\n") {
      (path) throws in
      let plain = "plain = transformer(layers=1, width=16, heads=2, seed=1)\n"
      let report = Self.failure(Self.model + plain + code.replacing("P", with: path))
      #expect(report?.code.description == expected, "\(report?.message ?? "no error")")
      if !help.isEmpty { #expect(report?.help?.contains(help) ?? false, "\(report?.help ?? "no help")") }
    }
  }

  @Test(
    "damaged files are refused with their name and the place",
    arguments: [
      ("f.jsonl", "{\"q\": 1}\n{\"q\": \n", "line 2 of"), ("f.json", "[1, 2", "f.json: this is not JSON"),
      ("f.json", "[1, 2]", "record 1 of f.json is a number"), ("f.csv", "q,a\n1\n", "row 2"),
      ("f.csv", "a,a\n1,2\n", "two columns a"),
      ("f.jsonl", "{\"q\": 1, \"a\": 2}\n{\"q\": 1}\n", "record 2 of f.jsonl has no field a"),
      ("f.jsonl", "", "no records"),
      ("f.json", String(repeating: "[", count: 100_000), "levels"),
    ])
  func damaged(name: String, text: String, message: String) throws {
    try Self.withFile(name, text) { (path) throws in
      let report = Self.failure("dataset(\(path), prompt=\"{q}\", answer=\"{a}\")")
      #expect(report?.message.contains(message) ?? false, "\(report?.message ?? "no error")")
    }
  }

  @Test(
    "the files of BoolQ and CAA are read as they are",
    .enabled(if: SharedData.isThere, "\(SharedData.folder) is not there; TVS_SHARED_DATA names it"),
    arguments: [
      ("boolq/validation.jsonl", 3270, " yes", 2033), ("boolq/train-question-only.jsonl", 9427, " yes", 5874),
      // 69 questions and 335 perturbed ones; the header and five perturbed ones without an answer are left out.
      ("boolq/boolq_perturbed.json", 404, " yes", 207), ("caa/generate/refusal.json", 408, " (A)", 192),
      ("caa/generate/sycophancy.json", 1000, " (A)", 489), ("caa/test/survival-instinct.ab.json", 50, " (A)", 32),
      ("caa/test/mmlu.json", 570, " (A)", 299), ("caa/test/truthful_qa.json", 817, " (A)", 419),
    ])
  func sharedFiles(file: String, count: Int, answer: String, share: Int) throws {
    let path = "\(SharedData.folder)/tasks/\(file)"
    let shown = try Self.run(
      "d = dataset(\"\(path)\"); d.size; len(filter(d.records.answer, a -> a == \"\(answer)\")); d.chance")
    #expect(shown == "\(count)\n\(share)\n0.5")
    #expect(try Self.run("same(pairs(\"\(path)\").pairs.positive, dataset(\"\(path)\").records.answer)") == "true")
  }

  @Test(
    "a corpus of stories is a list of documents",
    .enabled(if: SharedData.isThere, "\(SharedData.folder) is not there; TVS_SHARED_DATA names it"))
  func sharedCorpus() throws {
    let shown = try Self.run(
      Self.model
        + "d = text(\"\(SharedData.folder)/corpus/tinystories_1000.json\", length=64); d; loss(m, d, count=16) > 4")
    #expect(shown.contains("in 1,000 documents"))
    #expect(shown.hasSuffix("true"))
  }
}
