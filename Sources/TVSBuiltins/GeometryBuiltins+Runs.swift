import TVSLanguage
import TaskGeometry
import Tensors
import Transformers

extension GeometryBuiltins {
  /// Recording trajectories, and what is asked of one.
  static let runs: [Builtin] = [recover, trajectory, prefix, suffix, tailCapture, straightness, damage]

  // What recover, descend and multitask share: runs at a constant rate.

  static let stepsParameter = Parameter(
    "steps", "integer", presence: .defaults(.number(100)), byNameOnly: true, help: "steps of the optimiser")

  static let rateParameter = Parameter(
    "lr", "number", presence: .optional("3e-4 for adamw, 0.03 for sgd"), byNameOnly: true,
    help: "learning rate, constant and without warm-up")

  static let everyParameter = Parameter(
    "every", "integer", presence: .defaults(.number(1)), byNameOnly: true,
    help: "steps of the optimiser in one recorded step")

  static func optimizerParameter(_ standard: String) -> Parameter {
    Parameter(
      "optimizer", "string", presence: .defaults(.string(standard)), byNameOnly: true, help: "\"adamw\" or \"sgd\""
    ).offering { Optimizers.names }
  }

  static func clipParameter(_ standard: Value) -> Parameter {
    Parameter(
      "clip", "number", "nil", presence: .defaults(standard), byNameOnly: true,
      help: "largest norm of a gradient; nil for no limit")
  }

  static func runOptions(_ call: Call, batch: Int? = nil, clip: Double?) throws -> TrainingOptions {
    let optimizer = try call.optimizer()
    return TrainingOptions(
      steps: try call.integer("steps"), learningRate: call["lr"].numberValue ?? (optimizer is SGD ? 0.03 : 3e-4),
      batch: try batch ?? call.integer("batch"), optimizer: optimizer, warmup: 0, schedule: .constant, clip: clip,
      seed: try TensorArguments.seed(call))
  }

  private static let recover = Builtin(
    "recover", topic: "training", summary: "Trains a model and records every step: the recovery after forgetting.",
    parameters: [
      Parameter("model", "model", help: "where to begin; it does not change"),
      Parameter("data", "data", help: "what to learn"),
      stepsParameter, rateParameter, batchParameter(128), optimizerParameter("adamw"),
      TrainingBuiltins.momentumParameter, seedParameter,
      Parameter(
        "project", "subspace", presence: .optional("none"), byNameOnly: true,
        help: "replaces every gradient by its projection on this subspace"),
      everyParameter, TrainingBuiltins.microbatchParameter,
    ],
    returns: "run",
    details: """
      Gradients are clipped to norm 1 after projection. Each recorded step is a vector of D floats, and prefixes share \
      them with the run: 100 steps of 534,528 weights take 214 MB. run[10] is the model after ten steps, run[10:20] the \
      run between two, run.displacement is θ_T − θ_0.
      The rate is constant because the geometry of a run is about its path, and a schedule would bend the lengths of its \
      steps. Protocol: arXiv 2606.10929.
      \(TrainingBuiltins.microbatchDetails)
      """,
    examples: [.init(exampleRun + "; len(run)", shows: "8"), .init(exampleRun + "; run")],
    errors: ["E0203", "E0209", "E0401", "E0404", "E0501", "E0502"],
    seeAlso: ["prefix", "project", "train", "damage", "trajectory"]
  ) { call in
    let model = try call.model()
    var options = try runOptions(call, clip: 1)
    options.microbatch = call["microbatch"].wholeNumber
    return .native(
      RunValue(
        try TaskGeometry.recover(
          model, on: call.data(), options: options, project: call.projection(for: model),
          every: call.integer("every"))))
  }

  private static let prefix = Builtin(
    "prefix", topic: "geometry", summary: "The span of the first k steps of a run.",
    parameters: [
      Parameter("run", "run", help: "a recorded trajectory"),
      Parameter("k", "integer", help: "recorded steps, from 1 to len(run)"),
    ],
    returns: "subspace",
    details: """
      span{s_0, …, s_(k−1)} with s_t = θ_(t+1) − θ_t (arXiv 2606.10929). The basis is never written out: it is the run's \
      own steps times a small matrix from their Gram matrix in double. Its origin is the run's start. It contains part \
      of the displacement it is compared with; see capture and tail_capture.
      """,
    examples: [.init(exampleRun + "; prefix(run, 4).dim", shows: "4")],
    errors: ["E0209", "E0503"], seeAlso: ["suffix", "capture", "tail_capture", "plane"]
  ) { call in
    .native(SubspaceValue(try call.run().prefix(call.integer("k"))))
  }

  private static let suffix = Builtin(
    "suffix", topic: "geometry", summary: "The span of the last k steps of a run.",
    parameters: [
      Parameter("run", "run", help: "a recorded trajectory"),
      Parameter("k", "integer", help: "recorded steps, from 1 to len(run)"),
    ],
    returns: "subspace",
    details: "Like prefix, from the other end. Displacements of models are still counted from the run's start.",
    examples: [.init(exampleRun + "; overlap(suffix(run, 8), prefix(run, 8)) > 0.999", shows: "true")],
    errors: ["E0209", "E0503"], seeAlso: ["prefix"]
  ) { call in
    .native(SubspaceValue(try call.run().suffix(call.integer("k"))))
  }

  private static let tailCapture = Builtin(
    "tail_capture", topic: "geometry",
    summary: "How much of the rest of a run its first k steps already span.",
    parameters: [
      Parameter("run", "run", help: "a recorded trajectory"),
      Parameter("k", "integer", help: "recorded steps, from 1 to len(run) − 1"),
      Parameter(
        "kind", "string", presence: .defaults(.string("norm")), byNameOnly: true,
        help: "\"norm\" or \"energy\", as in capture"),
    ],
    returns: "measure",
    details: """
      The capture of θ_T − θ_k by the first k steps: the part of a prefix capture that is not the prefix itself. Nothing \
      of the tail is in the prefix, so that chance is that of a random subspace, √(k/D).
      """,
    examples: [.init(exampleRun + "; tail_capture(run, 4) < capture(run, prefix(run, 4))", shows: "true")],
    errors: ["E0209", "E0501"], seeAlso: ["capture", "prefix"]
  ) { call in
    let kind = try GeometryArguments.choice(call, "kind", CaptureKind.allCases.map(\.rawValue))
    return measure(
      try call.run().tailCapture(
        call.integer("k"), kind: CaptureKind(rawValue: kind) ?? .norm))
  }

  private static let straightness = Builtin(
    "straightness", topic: "geometry", summary: "The length of a run's displacement over the length of its path.",
    parameters: [Parameter("run", "run", help: "a recorded trajectory")], returns: "measure",
    details: """
      ‖Δ‖/Σ‖s_t‖: 1 for a straight line. Chance is a random walk with the same step lengths, √(Σ‖s_t‖²)/Σ‖s_t‖, which is \
      1/√T for equal steps.
      """,
    examples: [.init(exampleRun + "; straightness(run) <= 1", shows: "true")],
    errors: ["E0503"], seeAlso: ["prefix", "erank"]
  ) { call in measure(try call.run().straightness()) }

  private static let damage = Builtin(
    "damage", topic: "training", summary: "What training cost on each of several tasks, as a table.",
    parameters: [
      Parameter("before", "model", help: "the model before"), Parameter("after", "model", help: "the model after"),
      Parameter("tasks", "list", "data", help: "a list of data, or a mixture"),
      Parameter(
        "count", "integer", presence: .defaults(.number(512)), byNameOnly: true, help: "examples of each task"),
      seedParameter,
    ],
    returns: "table",
    details: """
      Exact match of both models on the same fresh examples, and the drop with its 95 % interval (Newcombe, Statistics \
      in Medicine 17, 1998, from Wilson's intervals). chance is the probability of a blind match.
      """,
    examples: [
      .init(exampleModel + "; damage(m, m, [task(\"copy\", length=3)], count=16)[\"drop\"]", shows: "[0]")
    ],
    errors: ["E0502", "E0503"], seeAlso: ["accuracy", "recover"]
  ) { call in
    let result = try Damage(
      before: call.model("before"), after: call.model("after"),
      tasks: GeometryArguments.tasks(call, "tasks"), count: call.integer("count"),
      seed: TensorArguments.seed(call))
    func cell(_ number: Double?) -> Value { number.map { .number($0) } ?? .nil }
    return .native(
      TableValue(
        names: ["task", "before", "after", "drop", "low", "high", "chance"],
        rows: result.rows.map { row in
          [
            .string(row.task), .number(row.before.value), .number(row.after.value), .number(row.drop.value),
            cell(row.drop.low), cell(row.drop.high), cell(row.before.chance),
          ]
        }))
  }
}
