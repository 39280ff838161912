import Foundation
import Tensors

/// How the next token is chosen from its scores.
///
/// The scores are divided by the temperature; the `topK` most likely tokens are kept; of those, the fewest that hold
/// `topP` of the probability (nucleus sampling, Holtzman et al., arXiv 1904.09751); one of them is drawn. At temperature 0
/// it is the most likely token. Of equally likely ones the first comes first.
public struct Sampling: Sendable, Equatable {
  /// 0 for the most likely token, 1 for the model's own distribution.
  public let temperature: Double
  /// How many of the most likely tokens are kept; nil for all.
  public let topK: Int?
  /// The share of probability that the kept tokens hold, above 0 and at most 1.
  public let topP: Double
  /// Begins the stream of draws.
  public let seed: UInt64

  /// The most likely token.
  public static let greedy = Sampling()

  private init() {
    temperature = 0
    topK = nil
    topP = 1
    seed = 0
  }

  /// A way of choosing.
  ///
  /// - Throws: ``TransformerError/invalidOption(field:value:reason:)``.
  public init(temperature: Double, topK: Int? = nil, topP: Double = 1, seed: UInt64 = 0) throws(TransformerError) {
    guard temperature >= 0, temperature.isFinite else {
      throw .invalidOption(field: "temperature", value: "\(temperature)", reason: "must be a number of at least 0")
    }
    if let topK, topK < 1 { throw .invalidOption(field: "top_k", value: "\(topK)", reason: "must be at least 1") }
    guard topP > 0, topP <= 1 else {
      throw .invalidOption(field: "top_p", value: "\(topP)", reason: "must lie above 0 and at most at 1")
    }
    self.temperature = temperature
    self.topK = topK
    self.topP = topP
    self.seed = seed
  }

  /// The next token.
  ///
  /// - Parameters:
  ///   - logits: the score of every token.
  ///   - position: how many tokens stand before it. The draw depends on seed and position alone.
  /// - Throws: ``TransformerError/notFinite(what:step:)`` when the scores are not numbers.
  public func next(_ logits: UnsafeBufferPointer<Float>, position: Int) throws(TransformerError) -> Int32 {
    if temperature == 0 {
      guard let largest = logits.max(), !largest.isNaN, let first = logits.firstIndex(of: largest) else {
        throw .notFinite(what: "score of the next token", step: nil)
      }
      return Int32(first)
    }
    let kept = try distribution(logits)
    let stream = RandomStream(seed: seed, purpose: "generate").substream(UInt64(max(0, position)))
    // 53 random bits, as a number of 0 ..< 1.
    let word = UInt64(stream.uint32(at: 0)) << 32 | UInt64(stream.uint32(at: 1))
    var left = Double(word >> 11) * 0x1p-53
    for item in kept {
      left -= item.probability
      if left < 0 { return item.token }
    }
    // Rounding has left a hair of probability after the last token.
    return kept[kept.count - 1].token
  }

  /// The tokens from which the next one is drawn, and their probabilities, which add up to 1. They come in the order of
  /// their ids, or the most likely first when some were left out.
  ///
  /// - Throws: ``TransformerError/notFinite(what:step:)`` when the scores are not numbers.
  public func distribution(
    _ logits: UnsafeBufferPointer<Float>
  ) throws(TransformerError) -> [(token: Int32, probability: Double)] {
    guard let largest = logits.max(), largest.isFinite, !logits.contains(where: \.isNaN) else {
      throw .notFinite(what: "score of the next token", step: nil)
    }
    if temperature == 0 { return [(try next(logits, position: 0), 1)] }
    var kept = logits.enumerated().map { token, score in
      (token: Int32(token), probability: exp((Double(score) - Double(largest)) / temperature))
    }
    let isFiltered = topK.map { $0 < kept.count } ?? false || topP < 1
    if isFiltered { kept = ranked(kept) }
    let total = kept.reduce(0) { $0 + $1.probability }
    return kept.map { ($0.token, $0.probability / total) }
  }

  /// The tokens that `topK` and `topP` keep, the most likely first.
  private func ranked(
    _ weights: [(token: Int32, probability: Double)]
  ) -> [(token: Int32, probability: Double)] {
    func precedes(_ a: (token: Int32, probability: Double), _ b: (token: Int32, probability: Double)) -> Bool {
      a.probability != b.probability ? a.probability > b.probability : a.token < b.token
    }
    var kept = weights.sorted(by: precedes)
    if let topK { kept.removeLast(max(0, kept.count - topK)) }
    if topP < 1 {
      // Of what topK left, as transformers does.
      let goal = topP * kept.reduce(0) { $0 + $1.probability }
      var sum = 0.0
      let count = kept.firstIndex { item in
        sum += item.probability
        return sum >= goal
      }
      if let count { kept.removeLast(kept.count - count - 1) }
    }
    return kept
  }
}
