import Foundation
import Tensors
import Transformers

extension SteeringVector {
  /// What a file says about the vector beside its numbers, as text by name.
  public var metadata: [(key: String, value: String)] { SteeringRecord.metadata(of: self) }

  /// The vector of directions and what ``metadata`` said about them.
  ///
  /// - Parameters:
  ///   - directions: layers from 0, each with as many numbers as the model is wide.
  ///   - path: the file, for messages.
  /// - Throws: `TensorError.malformed`.
  public init(
    _ directions: [(index: Int, values: [Float])], metadata: [String: String], path: String
  ) throws(TensorError) {
    self = try SteeringRecord.vector(directions, metadata: metadata, path: path)
  }
}

/// What a file says about a steering vector beside its numbers, as text by name.
///
/// Numbers are written so that they read back as the same bits.
struct SteeringRecord {
  static let format = "tvs-steering"
  static let version = "1"

  /// What is written beside the directions.
  static func metadata(of vector: SteeringVector) -> [(key: String, value: String)] {
    var entries = [
      ("format", format), ("version", version), ("model", vector.origin.name), ("family", vector.origin.family),
      ("site", vector.site.rawValue), ("positions", vector.positions), ("method", vector.method),
      ("source", vector.source),
    ]
    if let digest = vector.origin.digest { entries.append(("digest", digest)) }
    for layer in vector.layers {
      if let score = layer.score { entries.append(("score.\(layer.index)", text(score))) }
      if let threshold = layer.threshold { entries.append(("threshold.\(layer.index)", "\(threshold)")) }
    }
    return entries.map { (key: $0.0, value: $0.1) }
  }

  /// The vector of directions and what was written beside them.
  ///
  /// - Throws: `TensorError.malformed`.
  static func vector(
    _ directions: [(index: Int, values: [Float])], metadata: [String: String], path: String
  ) throws(TensorError) -> SteeringVector {
    func refuse(_ reason: String) -> TensorError { .malformed(path: path, reason: reason) }
    guard metadata["version"] ?? version == version else {
      throw refuse("its version is \(metadata["version"] ?? ""); \(version) is read")
    }
    let name = metadata["site"] ?? ActivationSite.residPost.rawValue
    guard let site = ActivationSite(rawValue: name) else {
      throw refuse("it has directions of the unknown site \(name)")
    }
    var layers: [SteeringVector.Layer] = []
    for (index, values) in directions {
      var layer = SteeringVector.Layer(index: index, values: values)
      if let text = metadata["score.\(index)"] {
        guard let score = score(text) else { throw refuse("the score of layer \(index) is damaged") }
        layer.score = score
      }
      if let text = metadata["threshold.\(index)"] {
        guard let threshold = Double(text), threshold.isFinite else {
          throw refuse("the threshold of layer \(index) is damaged")
        }
        layer.threshold = threshold
      }
      layers.append(layer)
    }
    do {
      return try SteeringVector(
        layers: layers, site: site,
        origin: .init(
          name: metadata["model"] ?? "", digest: metadata["digest"], family: metadata["family"] ?? ""),
        positions: metadata["positions"] ?? "", method: metadata["method"] ?? "unknown",
        source: metadata["source"] ?? "")
    } catch {
      if case .degenerate(_, let reason) = error { throw refuse(reason) }
      throw refuse("it holds no steering vector")
    }
  }

  /// The layer of an array that is named as a point is, such as `blocks.5.resid_post`.
  static func layer(ofArray name: String, site: String) -> Int? {
    let parts = name.split(separator: ".", omittingEmptySubsequences: false)
    guard parts.count == 3, parts[0] == "blocks", parts[2] == site else { return nil }
    return number(parts[1])
  }

  /// A number of a layer, written in the one way in which it is written here.
  static func number(_ text: some StringProtocol) -> Int? {
    guard let number = Int(text), (0..<1 << 20).contains(number), "\(number)" == text else { return nil }
    return number
  }

  private static func text(_ score: ProbeScore) -> String {
    let accuracy = score.accuracy
    let numbers: [Double?] = [
      accuracy.value, accuracy.low, accuracy.high, accuracy.chance, score.shuffled?.lowerBound,
      score.shuffled?.upperBound, score.ordered,
    ]
    return (numbers.map { $0.map { "\($0)" } ?? "-" } + ["\(score.fitted)", "\(score.scored)"]).joined(separator: " ")
  }

  private static func score(_ text: String) -> ProbeScore? {
    let words = text.split(separator: " ")
    guard words.count == 9, let fitted = Int(words[7]), let scored = Int(words[8]) else { return nil }
    let numbers = words[..<7].map { Double($0) }
    for (word, number) in zip(words, numbers) where word != "-" && !(number?.isFinite ?? false) { return nil }
    guard let value = numbers[0], let ordered = numbers[6] else { return nil }
    var shuffled: ClosedRange<Double>?
    if let low = numbers[4], let high = numbers[5] {
      guard low <= high else { return nil }
      shuffled = low...high
    }
    return ProbeScore(
      accuracy: Measure(
        value, low: numbers[1], high: numbers[2], chance: numbers[3],
        chanceModel: shuffled == nil ? ProbeScore.guessing : ProbeScore.shuffledLabels),
      shuffled: shuffled, ordered: ordered, fitted: fitted, scored: scored)
  }
}
