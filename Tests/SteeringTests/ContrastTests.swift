import Foundation
import Tensors
import Testing

@testable import Steering

@Suite("Contrast vectors") struct ContrastTests {
  static let names = ["tall", "wide", "gpt2.0", "gpt2.1", "llama.0", "llama.1", "olmo2.0", "olmo2.1"]

  private func pairs(_ name: String) throws -> ContrastPairs {
    let positive = try #require(Reference.contrast["\(name).positive"])
    let negative = try #require(Reference.contrast["\(name).negative"])
    return try ContrastPairs(
      positive: positive.floats, negative: negative.floats, count: positive.shape[0], width: positive.shape[1])
  }

  @Test(
    "directions equal those of repeng and scikit-learn", arguments: names,
    [
      (ContrastMethod.mean, "mean"), (.pca, "pca_diff"), (.pcaCenter, "pca_center"), (.logistic, "logistic"),
    ])
  func agreement(name: String, method: (ContrastMethod, String)) throws {
    let fit = try ContrastFit(pairs(name), method: method.0)
    let reference = try #require(Reference.contrast["\(name).\(method.1)"])
    let scale = max(1, reference.doubles.map(abs).max() ?? 1)
    #expect(fit.direction.count == reference.count)
    for (ours, theirs) in zip(fit.direction, reference.doubles) { #expect(abs(ours - theirs) < 1e-4 * scale) }
  }

  /// Activations with a shared effect along the first axis and noise everywhere.
  private func toy(_ count: Int, _ width: Int, effect: Double, seed: UInt64) throws -> ContrastPairs {
    let numbers = RandomStream(seed: seed, purpose: "toy").gaussians(count: 2 * count * width)
    func side(_ offset: Int, _ sign: Double) -> [Float] {
      (0..<(count * width)).map { Float(numbers[offset + $0] + ($0 % width == 0 ? sign * effect / 2 : 0)) }
    }
    return try ContrastPairs(positive: side(0, 1), negative: side(count * width, -1), count: count, width: width)
  }

  @Test("the first step of a logistic read-out is a quarter of the mean difference")
  func firstStep() throws {
    let pairs = try toy(200, 16, effect: 1, seed: 4)
    let rows = (pairs.positive + pairs.negative).map(Double.init)
    let labels = (0..<400).map { $0 < 200 }
    let step = try LogisticRegression.gradientAtZero(rows, labels: labels, width: 16).map { -$0 }
    let mean = try ContrastFit(pairs, method: .mean).direction
    #expect(abs(cosine(step, mean) - 1) < 1e-12)
    let ratio = step.reduce(0) { $0 + $1 * $1 }.squareRoot() / mean.reduce(0) { $0 + $1 * $1 }.squareRoot()
    #expect(abs(ratio - 0.25) < 1e-12)
  }

  @Test("a logistic fit is where its gradient vanishes, on either side of rows = columns", arguments: [8, 90])
  func optimality(width: Int) throws {
    let pairs = try toy(30, width, effect: 1.5, seed: 2)
    let rows = (pairs.positive + pairs.negative).map(Double.init)
    let labels = (0..<60).map { $0 < 30 }
    let fit = try LogisticRegression(rows, labels: labels, width: width, penalty: 0.7)
    var gradient = fit.weights.map { 0.7 * $0 }
    var bias = 0.0
    for (row, label) in labels.enumerated() {
      let x = rows[(row * width)..<((row + 1) * width)]
      let score = zip(x, fit.weights).reduce(fit.intercept) { $0 + $1.0 * $1.1 }
      let slope = 1 / (1 + exp(-score)) - (label ? 1 : 0)
      bias += slope
      for (column, value) in x.enumerated() { gradient[column] += slope * value }
    }
    #expect(gradient.allSatisfy { abs($0) < 1e-7 } && abs(bias) < 1e-7)
    #expect(fit.steps < 30)
  }

  @Test("PCA takes the mean difference off and PCA about the pairs keeps it")
  func principalComponents() throws {
    let pairs = try toy(300, 12, effect: 6, seed: 9)
    let mean = try ContrastFit(pairs, method: .mean).direction
    #expect(abs(cosine(try ContrastFit(pairs, method: .pcaCenter).direction, mean)) > 0.98)
    #expect(abs(cosine(try ContrastFit(pairs, method: .pca).direction, mean)) < 0.5)
  }

  @Test(
    "a direction that is there is found on held-out pairs, and shuffled labels find nothing",
    arguments: [
      ContrastMethod.mean, .pcaCenter, .logistic,
    ])
  func heldOut(method: ContrastMethod) throws {
    let pairs = try toy(200, 24, effect: 4, seed: 3)
    let split = try ContrastSplit(prompts: (0..<200).map { "\($0)" }, fraction: 0.25, seed: 1)
    let score = try #require(try ScoredContrast(pairs, split: split, method: method, shuffles: 40, seed: 1).score)
    #expect(score.accuracy.value > 0.93 && score.ordered > 0.98)
    #expect(score.scored == 50 && score.fitted == 150)
    let shuffled = try #require(score.shuffled)
    #expect(shuffled.contains(0.5))
    #expect(abs((score.accuracy.chance ?? 0) - 0.5) < 0.25)
    // Without an effect there is nothing to find.
    let none = try ScoredContrast(toy(200, 24, effect: 0, seed: 3), split: split, method: method, shuffles: 0, seed: 1)
    #expect(abs((none.score?.accuracy.value ?? 0) - 0.5) < 0.2)
  }

  @Test("pairs of one prompt stay on one side of the split, and the seed decides which")
  func split() throws {
    let prompts = (0..<60).map { "prompt \($0 / 3)" }
    let split = try ContrastSplit(prompts: prompts, fraction: 0.25, seed: 5)
    #expect(split.heldOut.count == 15 && split.train.count == 45)
    #expect(Set(split.heldOut.map { prompts[$0] }).isDisjoint(with: split.train.map { prompts[$0] }))
    #expect(try ContrastSplit(prompts: prompts, fraction: 0.25, seed: 5) == split)
    #expect(try ContrastSplit(prompts: prompts, fraction: 0.25, seed: 6) != split)
    let answers = (0..<60).map { $0 < 36 ? " yes" : " no" }
    let even = try ContrastSplit(prompts: (0..<60).map { "\($0)" }, answers: answers, fraction: 0.25, seed: 5)
    let swaps = even.swaps(RandomStream(seed: 1, purpose: "test"))
    // 27 pairs with one answer and 18 with the other: half of each, in an order of its own.
    let yes = zip(even.train, swaps).filter { answers[$0.0] == " yes" }
    #expect([13, 14].contains(yes.count { $0.1 }) && swaps.count { $0 } - yes.count { $0.1 } == 9)
    #expect(even.swaps(RandomStream(seed: 2, purpose: "test")) != swaps)
    #expect(even.heldOut.count { answers[$0] == " yes" } == 9 && even.heldOut.count == 15)
    #expect(throws: SteeringError.self) { try ContrastSplit(prompts: ["a"], fraction: 0.5, seed: 1) }
    #expect(throws: SteeringError.self) { try ContrastSplit(prompts: prompts, fraction: 1, seed: 1) }
  }

  @Test("exchanging all sides turns the direction round and moves no decision")
  func sign() throws {
    let pairs = try pairs("wide")
    for method in ContrastMethod.allCases {
      let fit = try ContrastFit(pairs, method: method)
      let turned = try ContrastFit(pairs, method: method, swapped: [Bool](repeating: true, count: pairs.count))
      #expect(abs(cosine(fit.direction, turned.direction) + 1) < 1e-9, "\(method)")
      #expect(abs(fit.threshold + turned.threshold) < 1e-6 * max(1, abs(fit.threshold)))
    }
  }

  @Test("pairs whose sides agree have no direction")
  func degenerate() throws {
    let same = [Float](repeating: 1, count: 12)
    let pairs = try ContrastPairs(positive: same, negative: same, count: 4, width: 3)
    for method in ContrastMethod.allCases {
      #expect(throws: SteeringError.self, "\(method)") { try ContrastFit(pairs, method: method) }
    }
    #expect(throws: SteeringError.self) { try ContrastPairs(positive: same, negative: same, count: 5, width: 3) }
    #expect(throws: SteeringError.self) {
      try ContrastPairs(positive: same, negative: [Float](repeating: .nan, count: 12), count: 4, width: 3)
    }
  }
}

@Suite("Rank-1 edits") struct RankOneTests {
  @Test("inputs with a common component are answered exactly; the residual is that of the normal equations")
  func fit() throws {
    let width = 10
    let count = 40
    let noise = RandomStream(seed: 1, purpose: "rank one").gaussians(count: count * width)
    // The last input is 1 everywhere: k = e_last is exact.
    let exact = (0..<(count * width)).map { $0 % width == width - 1 ? 1 : noise[$0] }
    let edit = try RankOneEdit(exact, width: width, train: Array(0..<30), heldOut: Array(30..<40))
    #expect(edit.residual < 1e-20 && (edit.heldOutResidual ?? 1) < 1e-20 && abs(edit.gain - 1) < 1e-10)
    // Zero-mean inputs have nothing in common: the residual is 1 − 1ᵀH1/n, and it is larger where it was not fitted.
    let free = try RankOneEdit(noise, width: width, train: Array(0..<30), heldOut: Array(30..<40))
    #expect(free.residual > 0.3 && free.residual < 1 && (free.heldOutResidual ?? 0) > free.residual)
    for column in 0..<width {
      let slope = (0..<30).reduce(0.0) { sum, row in
        let product = (0..<width).reduce(0.0) { $0 + noise[row * width + $1] * free.key[$1] }
        return sum + (product - 1) * noise[row * width + column]
      }
      #expect(abs(slope) < 1e-10)
    }
  }

  @Test("a ridge shrinks the key, whichever Gram matrix is smaller", arguments: [6, 60])
  func ridge(width: Int) throws {
    let inputs = RandomStream(seed: 3, purpose: "rank one").gaussians(count: 20 * width).map { $0 + 0.5 }
    let rows = Array(0..<20)
    func length(_ ridge: Double) throws -> Double {
      try RankOneEdit(inputs, width: width, ridge: ridge, train: rows, heldOut: []).key.reduce(0) { $0 + $1 * $1 }
    }
    let lengths = try [0, 0.01, 1, 100].map(length)
    #expect(zip(lengths, lengths.dropFirst()).allSatisfy { $0 > $1 } && (lengths.last ?? 0) > 0)
    // A vanishing ridge approaches the solution of smallest norm.
    #expect(abs(try length(1e-12) - lengths[0]) < 1e-6 * lengths[0])
    #expect(throws: SteeringError.self) { try RankOneEdit(inputs, width: width, ridge: -1, train: rows, heldOut: []) }
  }
}
