import Foundation
import Tensors
import Testing
import Tokenizers

@testable import Transformers

/// A decoder of bytes with random weights large enough to prefer some bytes over others.
func byteModel(context: Int = 64, seed: UInt64 = 1) throws -> Model {
  let sizes = try DecoderConfiguration(layers: 1, width: 16, heads: 2, context: context, vocabulary: 256)
  var model = try Model(PreNormDecoder(sizes), seed: seed, name: "bytes")
  model = try model.with(freeWeights: try model.weights.scaled(by: 20))
  model.tokenizer = .bytes
  return model
}

func bytes(_ text: String) -> [Int32] { text.utf8.map { Int32($0) } }

/// Σ log p(answer | prompt), from the logits of the whole sequence, in double.
func logLikelihood(_ model: Model, _ prompt: String, _ answer: String) throws -> Double {
  let tokens = bytes(prompt + answer)
  let logits = try logits(of: model, tokens: tokens)
  return (prompt.utf8.count..<tokens.count).reduce(0) { sum, place in
    let row = logits[((place - 1) * 256)..<(place * 256)].map { Double($0) }
    return sum + row[Int(tokens[place])] - log(row.reduce(0) { $0 + exp($1) })
  }
}

@Suite("Data made of text")
struct TextDataTests {
  // MARK: - Digit tasks as text

  @Test("a digit task meets a model with a tokenizer as text, one token a digit", arguments: DigitTask.Kind.allCases)
  func textTask(kind: DigitTask.Kind) throws {
    let task = try DigitTask(kind, length: 5)
    let model = try byteModel()
    let bound = try model.reading(task)
    #expect(bound.name == task.name)
    #expect(bound.chance == task.chance)
    for (example, symbols) in zip(
      try bound.examples(count: 20, seed: 3, index: 1), try task.examples(count: 20, seed: 3, index: 1))
    {
      let question = symbols.tokens[1...5].map(String.init).joined()
      let answer = symbols.targets.map(String.init).joined()
      #expect(example.tokens + example.targets.suffix(1) == bytes("\(kind.rawValue):\(question) =\(answer)"))
      #expect(example.targets == bytes(answer))
      #expect(example.tokens.count == bound.requiredContext)
      #expect(bound.text(of: example) == task.text(of: symbols))
    }
    let plain = try DigitTask(kind, length: 5).bound(to: Model(PreNormDecoder(model.configuration), seed: 1))
    #expect(plain is DigitTask)
  }

  @Test("a mixture of tasks as text pads shorter names on the right and keeps its shares")
  func textMixture() throws {
    let mixture = try Mixture([DigitTask("sort", length: 3), DigitTask("mod-add", length: 3)], weights: [1, 3])
    let bound = try byteModel().reading(mixture)
    let batch = try bound.batch(size: 8, seed: 0, index: 0)
    #expect(batch.parts == [0, 0, 1, 1, 1, 1, 1, 1])
    #expect(batch.targetCounts == Array(repeating: 3, count: 8))
    #expect(Array(batch.tokens[..<batch.length].suffix(3)) == [0, 0, 0])
  }

  @Test("a model trains and is scored on a task as text")
  func training() throws {
    let model = try Model(
      PreNormDecoder(DecoderConfiguration(layers: 1, width: 32, heads: 2, context: 16, vocabulary: 256)), seed: 1)
    var reader = model
    reader.tokenizer = .bytes
    let task = try DigitTask("copy", length: 1)
    let trained = try train(
      reader, on: task, options: TrainingOptions(steps: 150, learningRate: 1e-2, batch: 32, seed: 1))
    #expect(trained.model.tokenizer === Tokenizer.bytes)
    #expect(try evaluate(trained.model, on: task, count: 100, seed: 1).accuracy > 0.9)
    #expect(try evaluate(reader, on: task, count: 100, seed: 1).accuracy < 0.5)
  }

  // MARK: - Corpora

  @Test("windows do not overlap, an epoch draws each once, and together they are the text")
  func windows() throws {
    let text = (0..<100).map { "line \($0)\n" }.joined()
    let corpus = try TextCorpus(name: "lines", text: text, length: 16)
    let data = try #require(try corpus.bound(to: byteModel()) as? TokenWindows)
    #expect(data.tokens == bytes(text))
    let count = try #require(data.exampleCount)
    #expect(count == (text.utf8.count + 15) / 16)
    let drawn = try data.examples(count: count, seed: 5, index: 0)
    #expect(Set(drawn.map(\.tokens)).count == Set((0..<count).map { data.window($0).tokens }).count)
    let joined = (0..<count).flatMap { place in
      data.window(place).tokens + data.window(place).targets.suffix(1)
    }
    #expect(joined == bytes(text))
    #expect(drawn.allSatisfy { $0.targets.dropLast() == $0.tokens.dropFirst() })
    #expect(try data.examples(count: count, seed: 6, index: 0).map(\.tokens) != drawn.map(\.tokens))
    // The second batch of half an epoch goes on where the first ended.
    let half = count / 2
    let first = try data.examples(count: half, seed: 5, index: 0)
    let second = try data.examples(count: half, seed: 5, index: 1)
    #expect(first + second == Array(drawn.prefix(2 * half)))
  }

  @Test("tokens of a corpus are kept for the next time")
  func cache() throws {
    let cache = BindingCache<Int>()
    var made = 0
    for digest in ["a", "a", "b", "a"] {
      _ = cache.bound(digest) {
        made += 1
        return made
      }
    }
    #expect(made == 2)
  }

  @Test("the parts of a holdout of a text or of documents share no passage, and lose none")
  func corpusHoldout() throws {
    let lines = (0..<6000).map { "This is line number \($0) é.\n" }
    let model = try byteModel()
    for corpus in [
      try TextCorpus(name: "text", text: lines.joined(), length: 32),
      try TextCorpus(name: "documents", documents: lines, length: 32),
    ] {
      let parts = try corpus.holdout(0.3, seed: 2)
      func found(_ data: any Dataset) throws -> Set<Substring> {
        let tokens = try #require(try data.bound(to: model) as? TokenWindows).tokens
        return Set(String(decoding: tokens.map { UInt8($0) }, as: UTF8.self).split(separator: "\n"))
      }
      let (kept, held) = (try found(parts.kept), try found(parts.heldOut))
      #expect(kept.isDisjoint(with: held))
      #expect(kept.union(held).count == 6000)
      #expect((0.1...0.5).contains(Double(held.count) / 6000))
    }
  }

  @Test("perplexity is exp of the mean loss over windows apart, as computed from the logits")
  func perplexityByHand() throws {
    let model = try byteModel()
    let text = "It was the best of times, it was the worst of times."
    let data = try TokenWindows(name: "text", tokens: bytes(text), length: 10, tokenizer: .bytes)
    var (sum, count) = (0.0, 0)
    for start in stride(from: 0, to: text.utf8.count, by: 10) {
      let window = String(text.dropFirst(start).prefix(10))
      guard window.utf8.count >= 2 else { continue }
      sum -= try logLikelihood(model, String(window.prefix(1)), String(window.dropFirst()))
      count += window.utf8.count - 1
    }
    let measured = try perplexity(model, of: data)
    #expect(abs(measured.value / exp(sum / Double(count)) - 1) < 1e-5)
    let (low, high) = (try #require(measured.low), try #require(measured.high))
    #expect(low < measured.value && measured.value < high)
    #expect(measured.chance == 256)
    let first = try perplexity(model, of: data, limit: 1)
    let alone = try TokenWindows(name: "text", tokens: bytes(String(text.prefix(10))), length: 10, tokenizer: .bytes)
    #expect(first == (try perplexity(model, of: alone)))
    #expect(first.low == nil)
  }

  // MARK: - Prompts with answers

  @Test("text for a model without a tokenizer is refused by name")
  func noTokenizer() throws {
    let model = try Model(PreNormDecoder(byteModel().configuration), seed: 1, name: "plain")
    let data = try PromptData(name: "facts", records: [PromptRecord(prompt: "a", answer: "b")])
    #expect(throws: TransformerError.noTokenizer(data: "facts", model: "plain")) { try evaluate(model, on: data) }
    #expect(throws: TransformerError.noTokenizer(data: "facts", model: "plain")) {
      try train(model, on: Mixture([data, DigitTask("copy")]), options: TrainingOptions(steps: 1))
    }
  }

  @Test("log-likelihoods are those of the logits, in one pass for answers of one token and in several for longer ones")
  func logLikelihoodsByHand() throws {
    let model = try byteModel()
    for answers in [["a", "b", "c"], [" yes", " no", "x"]] {
      let tokens = try Continuations(prompt: "Is it so?", answers: answers, tokenizer: .bytes)
      let found = try logLikelihoods(of: tokens.answers, after: tokens.prompt, model)
      for (answer, value) in zip(answers, found) {
        let expected = try logLikelihood(model, "Is it so?", answer)
        #expect(abs(value - expected) < 1e-4 * abs(expected), "\(answer)")
      }
    }
  }

  @Test(
    "a choice is right when its answer is more likely than each of the others",
    arguments: [["a", "b", "c"], [" yes", " no", " perhaps"]])
  func choices(answers: [String]) throws {
    let model = try byteModel()
    let records = (0..<60).map { number in
      PromptRecord(
        prompt: "Question \(number * number)", answer: answers[number % 3],
        alternatives: answers.filter { $0 != answers[number % 3] })
    }
    let data = try PromptData(name: "choices", records: records)
    var (right, loss, tokens) = (0, 0.0, 0)
    for record in records {
      let own = try logLikelihood(model, record.prompt, record.answer)
      loss -= own
      tokens += record.answer.utf8.count
      if try record.alternatives.allSatisfy({ try logLikelihood(model, record.prompt, $0) < own }) { right += 1 }
    }
    // More examples than there are: each is scored once.
    let result = try evaluate(model, on: data, count: 512)
    #expect(result.count == 60)
    #expect(result.exactMatches == right)
    #expect((5...55).contains(right), "the test needs some of both")
    #expect(abs(result.loss - loss / Double(tokens)) < 1e-4)
    #expect(abs(try #require(data.chance) - 1.0 / 3) < 1e-12)
    // With weights given from outside, the prompt is read once for each answer.
    let again = try model.weights.withPointer { try evaluate(model, on: data, count: 512, free: $0) }
    #expect(again.exactMatches == right)
    #expect(abs(again.loss - result.loss) < 1e-5)
  }

  @Test("answers are scored from the first token in which one of them shows")
  func continuations() throws {
    let tokens = try Continuations(prompt: "ab", answers: ["c", "d", ""], tokenizer: .bytes)
    #expect(tokens == (try Continuations(prompt: "ab", answers: ["c", "d", ""], tokenizer: .bytes)))
    #expect(tokens.prompt == bytes("ab"))
    #expect(tokens.answers == [bytes("c"), bytes("d"), []])
    let data = try PromptData(
      name: "empty", records: [PromptRecord(prompt: "a", answer: "b"), PromptRecord(prompt: "a", answer: "")])
    #expect(throws: TransformerError.emptyData(data: "empty", reason: "record 2 has an answer of no tokens")) {
      try data.bound(to: byteModel())
    }
  }

  @Test("the parts of a holdout of questions share no prompt, even where prompts repeat")
  func promptHoldout() throws {
    let records = (0..<400).map { PromptRecord(prompt: "prompt \($0 % 200)", answer: "\($0)") }
    let parts = try PromptData(name: "p", records: records).holdout(0.25, seed: 9)
    let kept = try #require(parts.kept as? PromptData).records
    let held = try #require(parts.heldOut as? PromptData).records
    #expect(Set(kept.map(\.prompt)).isDisjoint(with: held.map(\.prompt)))
    #expect(kept.count + held.count == 400)
    #expect((50...150).contains(held.count))
    #expect(parts.heldOut.name == "p held out 0.25")
  }

  @Test("a mixture of files repeats no example of the smaller one")
  func distinct() throws {
    func data(_ count: Int) throws -> PromptData {
      try PromptData(name: "d\(count)", records: (0..<count).map { PromptRecord(prompt: "\($0)?", answer: "y") })
    }
    let mixture = try Mixture([data(30), data(1000)], weights: [3, 7])
    #expect(mixture.distinctCount == 100)
    let result = try evaluate(byteModel(), on: mixture, count: 512)
    #expect(result.perTask.map(\.count) == [30, 70])
    #expect(try Mixture([data(5), DigitTask("copy")]).distinctCount == 10)
    #expect(try Mixture([DigitTask("sort"), DigitTask("copy")]).distinctCount == nil)
  }

  @Test("scores do not depend on how examples share batches")
  func chunks() throws {
    let model = try byteModel(context: 600)
    let records = (0..<40).map { PromptRecord(prompt: String(repeating: "word \($0) ", count: 1 + $0), answer: " end") }
    let examples = try PromptData(name: "long", records: records).bound(to: model).examples(
      count: 40, seed: 0, index: 0)
    let together = try Scoring(model).scores(of: examples, activity: "test")
    let rows = try Scoring(model).scores(of: Batch(examples))
    for (place, example) in examples.enumerated() {
      let alone = try Scoring(model).scores(of: Batch([example]))[0]
      #expect(abs(alone.loss - together[place].loss) < 1e-4)
      #expect(abs(alone.loss - rows[place].loss) < 1e-4)
    }
  }
}
