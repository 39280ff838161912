import Foundation
import Tensors

/// exp of the mean loss of a model over windows of text, each scored by itself.
///
/// The first token of a window is not scored unless the model's texts begin with a token of their own, which then stands
/// before each window. The interval is that of the mean at 95 %, from the spread between windows; chance is the number of
/// tokens, the perplexity of guessing uniformly.
///
/// - Parameters:
///   - model: the model.
///   - windows: the text.
///   - limit: at most so many windows, from the start; nil for all.
/// - Throws: ``TransformerError``, `TensorError`, `Interrupted`.
public func perplexity(_ model: Model, of windows: TokenWindows, limit: Int? = nil) throws -> Measure {
  try model.checkFits(windows)
  if let limit, limit < 1 {
    throw TransformerError.invalidOption(field: "limit", value: "\(limit)", reason: "must be at least 1")
  }
  let count = min(windows.exampleCount ?? 0, limit ?? .max)
  let scores = try Scoring(model).scores(of: (0..<count).map(windows.window), activity: "perplexity")
  let result = Evaluation(scores, parts: [windows.name])
  let margin = 1.96 * result.lossError
  return Measure(
    exp(result.loss), low: count > 1 ? exp(result.loss - margin) : nil,
    high: count > 1 ? exp(result.loss + margin) : nil,
    chance: Double(model.configuration.vocabulary), chanceModel: "uniform guess")
}
