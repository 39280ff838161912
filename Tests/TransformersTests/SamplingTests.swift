import Foundation
import Testing
import Tokenizers

@testable import Transformers

@Suite("Sampling and stop strings")
struct SamplingTests {
  private let scores: [Float] = [0.3, 2, -1, 1.2, 2, -4, 0]

  private func distribution(_ sampling: Sampling, _ scores: [Float]? = nil) throws -> [Int32: Double] {
    let items = try (scores ?? self.scores).withUnsafeBufferPointer { try sampling.distribution($0) }
    return Dictionary(uniqueKeysWithValues: items.map { ($0.token, $0.probability) })
  }

  private func softmax(_ scores: [Float], _ temperature: Double) -> [Double] {
    let weights = scores.map { exp(Double($0) / temperature) }
    return weights.map { $0 / weights.reduce(0, +) }
  }

  @Test("at temperature 0 the most likely token is taken, the first of equal ones")
  func greedy() throws {
    #expect(try scores.withUnsafeBufferPointer { try Sampling.greedy.next($0, position: 9) } == 1)
  }

  @Test("probabilities are the softmax of scores over temperature", arguments: [0.5, 1, 3])
  func temperature(value: Double) throws {
    let found = try distribution(Sampling(temperature: value))
    for (token, expected) in softmax(scores, value).enumerated() {
      #expect(abs(try #require(found[Int32(token)]) - expected) < 1e-12)
    }
  }

  @Test(
    "draws follow the probabilities",
    arguments: [(1.0, nil, 1.0), (0.7, 4, 1.0), (2.0, 5, 0.8)] as [(Double, Int?, Double)])
  func draws(temperature: Double, topK: Int?, topP: Double) throws {
    let expected = try distribution(Sampling(temperature: temperature, topK: topK, topP: topP))
    var counts: [Int32: Int] = [:]
    let draws = 20_000
    for seed in 0..<4 {
      let sampling = try Sampling(temperature: temperature, topK: topK, topP: topP, seed: UInt64(seed))
      for position in 0..<draws / 4 {
        counts[try scores.withUnsafeBufferPointer { try sampling.next($0, position: position) }, default: 0] += 1
      }
    }
    #expect(Set(counts.keys).isSubset(of: expected.keys))
    let chiSquare = expected.reduce(0.0) { sum, item in
      let mean = item.value * Double(draws)
      return sum + (Double(counts[item.key] ?? 0) - mean) * (Double(counts[item.key] ?? 0) - mean) / mean
    }
    #expect(chiSquare < 22.5, "the 99.9th percentile with 6 degrees of freedom")
  }

  @Test("a draw depends on seed and position alone")
  func determinism() throws {
    func draws(_ seed: UInt64) throws -> [Int32] {
      let sampling = try Sampling(temperature: 1, seed: seed)
      return try (0..<50).map { position in
        try scores.withUnsafeBufferPointer { try sampling.next($0, position: position) }
      }
    }
    #expect(try draws(1) == draws(1))
    #expect(try draws(1) != draws(2))
  }

  @Test("top-k keeps the k most likely, the first of equal ones")
  func topK() throws {
    #expect(try Set(distribution(Sampling(temperature: 1, topK: 1)).keys) == [1])
    #expect(try Set(distribution(Sampling(temperature: 1, topK: 3)).keys) == [1, 3, 4])
    #expect(try distribution(Sampling(temperature: 1, topK: 99)).count == 7)
  }

  @Test("top-p keeps the fewest tokens that hold the share")
  func topP() throws {
    // Probabilities 0.5, 0.25, 0.125, 0.125.
    let scores: [Float] = [0, Float(Foundation.log(2.0)), Float(2 * Foundation.log(2.0)), 0]
    #expect(try Set(distribution(Sampling(temperature: 1, topP: 1e-9), scores).keys) == [2])
    #expect(try Set(distribution(Sampling(temperature: 1, topP: 0.49), scores).keys) == [2])
    #expect(try Set(distribution(Sampling(temperature: 1, topP: 0.51), scores).keys) == [2, 1])
    #expect(try Set(distribution(Sampling(temperature: 1, topP: 0.76), scores).keys) == [2, 1, 0])
    #expect(try distribution(Sampling(temperature: 1, topP: 1), scores).count == 4)
    // Of what top-k left: 2/3 and 1/3.
    #expect(try Set(distribution(Sampling(temperature: 1, topK: 2, topP: 0.66), scores).keys) == [2])
    let renormalised = try distribution(Sampling(temperature: 1, topP: 0.6), scores)
    #expect(abs(try #require(renormalised[2]) - 2.0 / 3) < 1e-6)
  }

  @Test("numbers that make no sense are refused, and so are scores that are no numbers")
  func refusals() throws {
    #expect(throws: TransformerError.self) { try Sampling(temperature: -1) }
    #expect(throws: TransformerError.self) { try Sampling(temperature: .nan) }
    #expect(throws: TransformerError.self) { try Sampling(temperature: 1, topK: 0) }
    #expect(throws: TransformerError.self) { try Sampling(temperature: 1, topP: 0) }
    #expect(throws: TransformerError.notFinite(what: "score of the next token", step: nil)) {
      try distribution(Sampling(temperature: 1), [0, .nan])
    }
    #expect(throws: TransformerError.notFinite(what: "score of the next token", step: nil)) {
      try [Float.nan, 1].withUnsafeBufferPointer { try Sampling.greedy.next($0, position: 0) }
    }
    // So cold that all others underflow.
    #expect(try distribution(Sampling(temperature: 1e-300))[1] == 0.5)
    #expect(try distribution(Sampling(temperature: 1), [0, -.infinity])[1] == 0)
  }

  // MARK: - Stop strings

  @Test("a stop string is found wherever tokens cut it, and the text ends before it")
  func acrossTokens() throws {
    let text = "Answer: 42 é\n\nQuestion"
    for size in 1...7 {
      var watcher = try StopStrings(["\n\n", "Quest", "é!"])
      var isFound = false
      let all = Array(text.utf8)
      for start in stride(from: 0, to: all.count, by: size) where !isFound {
        isFound = watcher.append(Array(all[start..<min(start + size, all.count)]))
      }
      #expect(isFound)
      #expect(watcher.text == "Answer: 42 é")
    }
    var inside = try StopStrings(["é"])
    let ends = [Array("caf".utf8) + [0xC3], [0xA9]].map { inside.append($0) }
    #expect(ends == [false, true])
    #expect(inside.text == "caf")
    var never = try StopStrings([])
    never.append([65])
    #expect(!never.isFound)
    #expect(throws: TransformerError.self) { try StopStrings([""]) }
  }

  /// Goes on with given tokens.
  private func continued(
    _ tokens: [Int32], count: Int = 100, context: Int = 100, stopping: Stopping = Stopping()
  ) throws -> Continuation {
    try continuation(
      of: [0, 1], count: count, context: context, stopping: stopping, tokenizer: .bytes
    ) { seen, choose in
      var scores = [Float](repeating: 0, count: 256)
      scores[Int(tokens[seen.count - 2])] = 1
      return try scores.withUnsafeBufferPointer { try choose($0) }
    }
  }

  @Test("a continuation ends at its length, a full context, a token or a string")
  func ends() throws {
    let tokens = bytes("one two three")
    #expect(try continued(tokens, count: 3) == Continuation(tokens: bytes("one"), text: "one", end: .length))
    // The last token need not be read.
    #expect(try continued(tokens, context: 5) == Continuation(tokens: bytes("one "), text: "one ", end: .context))
    #expect(
      try continued(tokens, stopping: Stopping(tokens: [Int32(UInt8(ascii: "w"))]))
        == Continuation(tokens: bytes("one t"), text: "one t", end: .token))
    #expect(
      try continued(tokens, stopping: Stopping(strings: [" th", "zz"]))
        == Continuation(tokens: bytes("one two"), text: "one two", end: .string))
    #expect(try continued(tokens, count: 0) == Continuation(tokens: [], text: "", end: .length))
  }

  @Test("greedy generation takes the largest of the logits of the whole sequence, until the context is full")
  func greedyGeneration() throws {
    let model = try byteModel()
    var sequence = bytes("Once")
    for token in try generate(model, prompt: sequence, count: 20).tokens {
      let last = try logits(of: model, tokens: sequence).suffix(model.configuration.vocabulary)
      #expect(last[last.startIndex + Int(token)] >= (last.max() ?? .infinity) - 1e-5)
      sequence.append(token)
    }
    #expect(sequence.count == 24)
    let full = try generate(model, prompt: bytes("Once"), count: 1000, sampling: .greedy)
    #expect(full.end == .context)
    #expect(full.tokens.count == model.configuration.context + 1 - 4)
  }
}
