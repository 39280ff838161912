import Foundation
import Tensors
import Testing
import Transformers

@testable import ModelFiles

/// Real models: the story teller of llama2.c, which lies in the shared data, and SmolLM2, if `tvs fetch` brought it.
@Suite("Real models") struct RealModelTests {
  static let corpus = ReferenceFiles.shared.appendingPathComponent("corpus/tinyshakespeare.txt").path
  static let smol = try? ModelLibrary.locate("smollm2")?.path

  /// What llama2.c prints from stories260K at temperature 0 (huggingface.co/karpathy/tinyllamas, stories260K/readme.md).
  static let published = """
    Once upon a time, there was a little girl named Lily. She loved to play outside in the park. One day, she saw a big, \
    red ball. She wanted to play with it, but it was too high.
    Lily's mom said, "Lily, let's go to the park." Lily was sad and didn't know what to do. She said, "I want to play with \
    your ball, but I can't find it."
    Lily was sad and didn't know what to do. She said, "I'm sorry, Lily. I didn't know what to do."
    Lily didn't want to help her mom, so she said, "I'm sorry, mom. I didn't know what to do." Her mom said, "Don't worry, \
    Lily. We can help you.
    """

  @Test(
    "stories260K tells the story that llama2.c publishes",
    .enabled(if: ReferenceFiles.exists(ReferenceFiles.stories), "no shared data; TVS_SHARED_DATA names it"))
  func stories() throws {
    let model = try Llama2CModel.read(ReferenceFiles.stories)
    let tokenizer = try #require(model.tokenizer)
    let prompt = [try #require(tokenizer.beginning)]
    let story = try generate(model, prompt: prompt, count: 256)
    let text = try tokenizer.decode(prompt + story.tokens, skippingSpecials: true)
    #expect(text.trimmingCharacters(in: .whitespaces) == Self.published)
    #expect(Self.published.count == 565)
  }

  @Test(
    "SmolLM2 goes on as it should and its perplexity is that of transformers",
    .enabled(if: smol != nil && ReferenceFiles.exists(corpus), "needs tvs fetch smollm2 and the shared data"))
  func smollm2() throws {
    let model = try GGUFModel.read(#require(Self.smol))
    let tokenizer = try #require(model.tokenizer)
    let next = try generate(model, prompt: tokenizer.encode("The capital of France is"), count: 1)
    #expect(next.text == " Paris")
    let text = try String(contentsOfFile: Self.corpus, encoding: .utf8)
    let tokens = try tokenizer.encode(String(text.prefix(20_000)))
    var sum = 0.0
    for window in 0..<8 {
      let part = Array(tokens[window * 256..<(window + 1) * 256])
      let batch = try Batch(rows: 1, tokens: part, positions: Array(0..<255), targets: Array(part[1...]))
      sum += try loss(of: model, on: batch)
    }
    let perplexity = exp(sum / 8)
    print("SmolLM2: perplexity \(perplexity) on the first 8 × 256 tokens of tinyshakespeare")
    #expect(abs(perplexity - 57.04) < 0.1)
  }
}
