/// What can go wrong in this room. The language turns each case into an error with a code, a place and a help line.
public enum TransformerError: Error, Sendable, Equatable {
  /// A number of a configuration that no decoder can have, such as a width that the heads do not divide.
  case invalidConfiguration(field: String, value: String, reason: String)
  /// A number of a call that makes no sense, such as a negative learning rate.
  case invalidOption(field: String, value: String, reason: String)
  /// A task, optimiser, schedule or architecture of which none has that name.
  case unknownChoice(of: String, name: String, known: [String])
  /// A segment or block that the layout does not have.
  case unknownSegment(name: String, known: [String])
  /// Adapter targets that match no linear layer.
  case unknownTarget(name: String, known: [String])
  /// The model carries an adapter already; merge it first.
  case alreadyAdapted(model: String)
  /// The model carries no adapter.
  case notAdapted(model: String)
  /// Two vectors, models or factors with different layouts.
  case layoutMismatch(operation: String, left: String, right: String)
  /// The data's tokens do not fit into the model's vocabulary.
  case vocabularyTooSmall(data: String, needed: Int, model: String, has: Int)
  /// The data's sequences do not fit into the model's context.
  case contextTooShort(data: String, needed: Int, model: String, has: Int)
  /// A loss or gradient that is not a finite number. `step` counts from 1; nil outside training.
  case notFinite(what: String, step: Int?)
  /// Text for a model that reads token ids only. `data` is what has the text: the name of data, or `prompt`.
  case noTokenizer(data: String, model: String)
  /// Data from which no example can be drawn.
  case emptyData(data: String, reason: String)
  /// A steered model where only weights count, such as a file.
  case steered(model: String)
}
