import TVSLanguage
import Transformers

/// The chapter on data.
enum DataBuiltins {
  /// All records.
  static let all: [Builtin] = [task, mix, sample, holdout]

  private static let task = Builtin(
    "task", topic: "data", summary: "A generated task on sequences of digits.",
    parameters: [
      Parameter("name", "string", help: "\"copy\", \"reverse\", \"sort\" or \"mod-add\"")
        .offering { DigitTask.Kind.allCases.map(\.rawValue) },
      Parameter(
        "length", "integer", presence: .defaults(.number(8)), byNameOnly: true, help: "digits of question and answer"),
    ],
    returns: "data",
    details: """
      A sequence is [task] d1 … dn [sep] o1 … on: ten digits, one token a task, one separator. Only the answer counts in \
      loss and accuracy. mod-add gives oᵢ = (dᵢ + dᵢ₋₁) mod 10, with the last digit before the first. Questions \
      are drawn uniformly, as a function of (seed, batch, row) alone. A model with a tokenizer reads the same questions as \
      text, "sort:31254 =12345", with one token a digit.
      """,
    examples: [
      .init("task(\"sort\", length=4).name", shows: "\"sort/4\""),
      .init("task(\"copy\").context", shows: "17"),
    ],
    errors: ["E0209", "E0501"], seeAlso: ["mix", "dataset", "sample", "train"]
  ) { call in
    .native(DataValue(try DigitTask(call.string("name"), length: call.integer("length"))))
  }

  private static let mix = Builtin(
    "mix", topic: "data", summary: "A mixture of data, each batch split by the weights.",
    parameters: [
      Parameter("list", "list", help: "data"),
      Parameter("weights", "list", presence: .optional("equal"), help: "relative shares, one for each part"),
    ],
    returns: "data",
    details: "A batch of 128 of four equal parts holds exactly 32 of each; what does not divide takes turns.",
    examples: [.init("mix([task(\"copy\"), task(\"sort\")]).name", shows: "\"mix(copy, sort)\"")],
    errors: ["E0202", "E0209"], seeAlso: ["task", "train"]
  ) { call in
    let weights: [Double]? =
      call.isGiven("weights")
      ? try call.list("weights").map { item in
        guard let number = item.numberValue else {
          throw ErrorReport(.wrongKind, "weights are numbers, not \(item.article)", argument: "weights")
        }
        return number
      } : nil
    let parts = try call.list("list").map { item -> any Dataset in
      guard case .native(let native) = item, let part = native as? DataValue else {
        throw ErrorReport(
          .wrongKind, "a mixture is made of data, not of \(item.article)",
          help: "as in mix([task(\"copy\"), task(\"sort\")])", argument: "list")
      }
      return part.data
    }
    return .native(DataValue(try Mixture(parts, weights: weights)))
  }

  private static let sample = Builtin(
    "sample", topic: "data", summary: "Examples as a person reads them.",
    parameters: [
      Parameter("data", "data", help: "a task, a mixture, or data from a file"),
      Parameter("n", "integer", presence: .defaults(.number(5)), help: "how many"),
      Parameter(
        "seed", "integer", presence: .optional("the session's seed"), byNameOnly: true, help: "which examples"),
    ],
    returns: "list", details: "The same examples that a batch of n would begin with.",
    examples: [.init("len(sample(task(\"reverse\"), 3))", shows: "3")],
    errors: ["E0209"], seeAlso: ["task", "mix"]
  ) { call in
    let data = try call.data()
    let count = try call.integer("n")
    guard (0...1_000_000).contains(count) else {
      throw ErrorReport(
        .invalidArgument, "n cannot be \(NumberText.grouped(count))", label: "it must lie between 0 and 1,000,000",
        argument: "n")
    }
    return .list(try data.texts(count: count, seed: TensorArguments.seed(call), index: 0).map { .string($0) })
  }

  private static let holdout = Builtin(
    "holdout", topic: "data", summary: "Two parts of data that share no input: one to train on, one to test on.",
    parameters: [
      Parameter("data", "data", help: "a task, a mixture, or data from a file"),
      Parameter("fraction", "number", help: "share of inputs in the second part, between 0 and 1"),
      Parameter(
        "seed", "integer", presence: .optional("the session's seed"), byNameOnly: true, help: "which inputs"),
    ],
    returns: "list",
    details: """
      Each question, prompt or passage falls into one part by a hash of it, so that no draw of one meets the other. A \
      mixture is divided part by part.
      """,
    examples: [.init("kept, held = holdout(task(\"sort\"), 0.2, seed=1); held.name", shows: "\"sort held out 0.2\"")],
    errors: ["E0209", "E0502"], seeAlso: ["task", "dataset", "accuracy"]
  ) { call in
    let parts = try call.data().holdout(call.number("fraction"), seed: TensorArguments.seed(call))
    return .list([.native(DataValue(parts.kept)), .native(DataValue(parts.heldOut))])
  }
}
