import TVSLanguage
import TaskGeometry
import Tensors
import Transformers

/// The chapters on runs, gradients and subspaces.
enum GeometryBuiltins {
  /// All records.
  static let all: [Builtin] = runs + gradients + subspaces + theory + order + nulls + sketches

  /// A model and a run so small that examples finish in a moment.
  static let exampleModel =
    "m = transformer(layers=1, width=16, heads=2, context=8, seed=1)"
  static let exampleRun =
    exampleModel + "; run = recover(m, task(\"copy\", length=3), steps=8, batch=8, lr=1e-3, seed=2)"

  static let seedParameter = Parameter(
    "seed", "integer", presence: .optional("the session's seed"), byNameOnly: true,
    help: "begins the stream of minibatches or random directions")

  static let inParameter = Parameter(
    "in", "string", presence: .defaults(.string("weights")), byNameOnly: true,
    help: "\"weights\", or \"product\" for the changes of B·A that an adapter's factors stand for")

  static func batchesParameter(_ count: Int) -> Parameter {
    Parameter(
      "batches", "integer", presence: .defaults(.number(Double(count))), byNameOnly: true,
      help: "minibatches, each of which gives one gradient")
  }

  static func batchParameter(_ size: Int) -> Parameter {
    Parameter(
      "batch", "integer", presence: .defaults(.number(Double(size))), byNameOnly: true,
      help: "sequences in a minibatch")
  }

  static func measure(_ measure: Measure) -> Value { .native(MeasureValue(measure)) }
}
