import OrderedCollections
import TVSLanguage
import TaskGeometry
import Tensors
import Transformers

extension GeometryBuiltins {
  /// Training on several tasks in an order, and what the order changes.
  static let order: [Builtin] = [multitask, bracket, orderDefect]

  private static let pairParameters = [
    Parameter("model", "model", help: "where both gradients are taken"),
    Parameter("a", "data", help: "one loss"), Parameter("b", "data", help: "the other"),
  ]

  private static let epsilonParameter = Parameter(
    "epsilon", "number", presence: .defaults(.number(1e-4)), byNameOnly: true,
    help: "length of the finite differences relative to the norm of the weights")

  private static let multitask = Builtin(
    "multitask", topic: "training", summary: "Trains a model on several tasks in a given order and records every step.",
    parameters: [
      Parameter("model", "model", help: "where to begin; it does not change"),
      Parameter("tasks", "list", "data", help: "a list of data, or a mixture; a sequence follows its order"),
      Parameter(
        "order", "string", presence: .defaults(.string("sum")), byNameOnly: true,
        help: "\"sum\", \"alternate\", \"pcgrad\" or \"sequence\""
      ).offering { TaskOrder.allCases.map(\.rawValue) },
      Parameter(
        "steps", "integer", presence: .defaults(.number(100)), byNameOnly: true,
        help: "steps of the optimiser in all, whatever the order"),
      rateParameter,
      Parameter(
        "batch", "integer", presence: .defaults(.number(128)), byNameOnly: true,
        help: "sequences in a step; tasks that take part together divide them"),
      optimizerParameter("adamw"), TrainingBuiltins.momentumParameter, clipParameter(.number(1)), seedParameter,
      everyParameter,
    ],
    returns: "run",
    details: """
      sum adds the gradients of all tasks. pcgrad adds them after each has given up its part along every other that it \
      conflicts with, g_i ← g_i − (g_i·g_j/‖g_j‖²)·g_j where g_i·g_j < 0, in a random order (Yu et al., arXiv 2001.06782). \
      alternate takes one task a step in turn. sequence trains the tasks one after the other, each for its part of the \
      steps: [a, b] is A then B, and [b, a] is B then A.
      All orders make the same number of steps with the same number of sequences and one optimiser, whose state lives \
      through the run. A sum of T gradients is T times as long as their mean, which matters for sgd below the clip.
      damage(model, run.end, tasks) says what the run did to each task.
      """,
    examples: [
      .init(
        exampleModel
          + "; ts = [task(\"copy\", length=3), task(\"sort\", length=3)]; "
          + "multitask(m, ts, order=\"pcgrad\", steps=4, batch=8, seed=1).data",
        shows: "\"pcgrad of copy/3, sort/3\""),
      .init(
        exampleModel
          + "; ts = [task(\"copy\", length=3), task(\"sort\", length=3)]; "
          + "fn end(ts) { multitask(m, ts, order=\"sequence\", steps=4, batch=8, seed=1).end }; "
          + "end(ts) == end(reverse(ts))",
        shows: "false"),
    ],
    errors: ["E0209", "E0401", "E0404", "E0502", "E0503"], seeAlso: ["order_defect", "bracket", "recover", "damage"]
  ) { call in
    let known = TaskOrder.allCases.map(\.rawValue)
    let order = TaskOrder(rawValue: try GeometryArguments.choice(call, "order", known)) ?? .sum
    return .native(
      RunValue(
        try TaskGeometry.multitask(
          call.model(), on: GeometryArguments.tasks(call, "tasks"), order: order,
          options: runOptions(call, clip: call["clip"].numberValue), every: call.integer("every")
        ).run))
  }

  private static let bracket = Builtin(
    "bracket", topic: "geometry", summary: "What the order of two gradient steps changes, beside the Lie bracket.",
    parameters: pairParameters + [
      Parameter("eta", "number", byNameOnly: true, help: "the length of each step in units of its gradient"),
      batchParameter(128), seedParameter, epsilonParameter,
    ],
    returns: "record",
    details: """
      measured is θ_AB − θ_BA: a step of −η·g_A and then one of B's gradient there, less the same in the other order. \
      predicted is η²·(H_B g_A − H_A g_B), from central differences of gradients; both are displacements. On a quadratic \
      loss their ratio is 1. measured is taken from differences of gradients, since in the weights it would drown in \
      rounding.
      kappa is ‖H_B g_A − H_A g_B‖/‖g_A + g_B‖, so that the relative defect ‖θ_AB − θ_BA‖/(η‖g_A + g_B‖) is η·kappa to \
      first order, and onset = 0.1/kappa is where it reaches a tenth (Piontkovskaia and Nikolenko, arXiv 2607.16821). \
      floor is the relative defect that rounding alone would give. Both losses are those of one minibatch.
      """,
    examples: [
      .init(
        exampleModel
          + "; x = bracket(m, task(\"copy\", length=3), task(\"sort\", length=3), eta=1e-2, batch=8, seed=1)\n"
          + "abs(x.ratio - 1) < 0.1", shows: "true")
    ],
    errors: ["E0209", "E0502", "E0503"], seeAlso: ["order_defect", "multitask", "krylov"]
  ) { call in
    let (model, defect) = try defect(call)
    let row = try defect.row(eta: call.number("eta"))
    func vector(_ vector: FloatVector) throws -> Value {
      .native(DisplacementValue(try Displacement(space: model.parameterSpace, vector: vector, origin: model)))
    }
    let fields: OrderedDictionary<String, Value> = [
      "measured": try vector(row.defect), "predicted": try vector(defect.bracket.scaled(by: row.eta * row.eta)),
      "ratio": cell(row.ratio), "cosine": cell(row.cosine), "relative": .number(row.relative),
      "kappa": .number(defect.kappa), "onset": cell(defect.predictedOnset),
      "floor": .number(row.floor),
    ]
    return .record(fields)
  }

  private static let orderDefect = Builtin(
    "order_defect", topic: "geometry", summary: "How the effect of the order of two steps grows with their size.",
    parameters: pairParameters + [
      Parameter(
        "etas", "list", presence: .optional("a hundredth of the predicted onset to ten times it, two a decade"),
        byNameOnly: true, help: "sizes of step"), batchParameter(128), seedParameter, epsilonParameter,
    ],
    returns: "table",
    details: """
      One row an η. defect is ‖θ_AB − θ_BA‖/(η‖g_A + g_B‖), predicted is η·κ with κ = ‖H_B g_A − H_A g_B‖/‖g_A + g_B‖ by \
      central differences, and ratio the first over the second. slope is that of log defect over log η from the row before: \
      1 as long as the bracket rules. floor is the defect that rounding the weights would give: a row near it says nothing.
      onset is the η where the measured defect reaches 0.1, nil when no two rows enclose it, and onset_predicted is 0.1/κ \
      (arXiv 2607.16821); both are the same in every row.
      """,
    examples: [
      .init(
        exampleModel
          + "; order_defect(m, task(\"copy\", length=3), task(\"sort\", length=3), etas=[1e-2, 3e-2, 1e-1], batch=8, seed=1)"
      )
    ],
    errors: ["E0209", "E0502", "E0503"], seeAlso: ["bracket", "multitask"]
  ) { call in
    let defect = try defect(call).1
    let etas = call.isGiven("etas") ? try GeometryArguments.numbers(call, "etas") : defect.defaultEtas
    let rows = try etas.map { try defect.row(eta: $0) }
    let constant = [cell(OrderDefect.onset(rows)), cell(defect.predictedOnset)]
    return .native(
      TableValue(
        names: [
          "eta", "defect", "predicted", "ratio", "slope", "floor", "onset", "onset_predicted",
        ],
        rows: rows.indices.map { index in
          let row = rows[index]
          let slope = index > 0 ? OrderDefect.slope(from: rows[index - 1], to: row) : nil
          return [
            .number(row.eta), .number(row.relative), .number(row.predicted), cell(row.ratio),
            cell(slope), .number(row.floor),
          ] + constant
        }))
  }

  private static func cell(_ number: Double?) -> Value { number.map { .number($0) } ?? .nil }

  private static func defect(_ call: Call) throws -> (Model, OrderDefect) {
    let model = try call.model()
    let (size, seed) = (try call.integer("batch"), try TensorArguments.seed(call))
    let epsilon = try call.number("epsilon")
    guard epsilon > 0, epsilon <= 1 else {
      throw GeometryError.invalidOption(what: "epsilon", value: epsilon, allowed: "above 0 and at most 1")
    }
    func objective(_ name: String) throws -> ModelObjective {
      try ModelObjective(model, on: call.data(name), batch: size, seed: seed)
    }
    return (model, try OrderDefect(objective("a"), objective("b"), epsilon: epsilon))
  }
}
