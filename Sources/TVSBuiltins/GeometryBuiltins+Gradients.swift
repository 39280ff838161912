import TVSLanguage
import TaskGeometry
import Tensors
import Transformers

extension GeometryBuiltins {
  /// Gradients, the planes they span, and how these turn.
  static let gradients: [Builtin] = [gradient, plane, krylov, drift, erank]

  private static let modelAndData = [
    Parameter("model", "model", help: "where the gradients are taken"),
    Parameter("data", "data", help: "whose loss"),
  ]

  private static func sample(_ call: Call) throws -> GradientSample {
    try GradientSample(
      call.model(), on: call.data(), batches: call.integer("batches"), batch: call.integer("batch"),
      seed: TensorArguments.seed(call), activity: call.builtin.name)
  }

  private static let gradient = Builtin(
    "gradient", topic: "training", summary: "The gradient of the loss in the free weights, as a displacement.",
    parameters: modelAndData + [batchesParameter(1), batchParameter(128), seedParameter], returns: "displacement",
    details: """
      The mean over the minibatches of the gradient of the mean loss at the answers. It points uphill: a step of \
      gradient descent is -lr * gradient(model, data).
      """,
    examples: [
      .init(exampleModel + "; norm(gradient(m, task(\"copy\", length=3), batch=8, seed=1)) > 0", shows: "true")
    ],
    errors: ["E0209", "E0404", "E0502"], seeAlso: ["plane", "krylov", "recover"]
  ) { call in .native(DisplacementValue(try sample(call).mean())) }

  private static let plane = Builtin(
    "plane", topic: "geometry", summary: "The task plane: the directions in which a task's gradients vary most.",
    parameters: modelAndData + [
      dimensionParameter, shareParameter, batchesParameter(32), batchParameter(32), seedParameter,
    ],
    returns: "subspace",
    details: """
      The top r eigenvectors of the second moment (1/m) Σ g_i g_iᵀ over m minibatches, not centred (arXiv 2606.10929), \
      from the m×m Gram matrix in double. r vectors are kept and the gradients dropped. When r is larger than the \
      effective rank, the last directions are mostly sampling noise: compare overlap with ceiling. r="r90", or \
      share=0.9, takes as many directions as hold 90 % of the second moment.
      """,
    examples: [
      .init(exampleModel + "; plane(m, task(\"copy\", length=3), r=2, batches=4, batch=4, seed=1).dim", shows: "2"),
      .init(
        exampleModel
          + "; t = task(\"copy\", length=3); plane(m, t, r=\"r90\", batches=4, batch=4, seed=1).dim == erank(m, t, batches=4, batch=4, seed=1)",
        shows: "true"),
    ],
    errors: ["E0209", "E0401", "E0501", "E0502", "E0503"],
    seeAlso: ["erank", "ceiling", "drift", "capture", "sketch"]
  ) { call in
    var sample = try sample(call)
    return .native(SubspaceValue(try sample.reduceToPlane(planeDimension(call))))
  }

  private static let krylov = Builtin(
    "krylov", topic: "geometry", summary: "The Krylov space span{g, Hg, …} of the gradient under the Hessian.",
    parameters: modelAndData + [
      Parameter("k", "integer", presence: .defaults(.number(4)), byNameOnly: true, help: "vectors, from 1 to 1,024"),
      batchParameter(128), seedParameter,
    ],
    returns: "subspace",
    details: """
      On a quadratic loss gradient descent, with momentum or without, stays in it (Lemma 1 of arXiv 2606.10929); Adam \
      does not. Hessian-vector products are central differences of gradients on one minibatch, with a step chosen as hvp \
      does, orthogonalised twice (Arnoldi): 2k − 1 gradients and the sweep. It stops early when the space is invariant.
      """,
    examples: [
      .init(exampleModel + "; krylov(m, task(\"copy\", length=3), k=2, batch=8, seed=1).dim", shows: "2")
    ],
    errors: ["E0209", "E0502", "E0503"], seeAlso: ["hvp", "curvature", "gradient", "prefix", "plane"]
  ) { call in
    .native(
      SubspaceValue(
        try Krylov.space(
          of: ModelObjective(
            call.model(), on: call.data(), batch: call.integer("batch"), seed: TensorArguments.seed(call)),
          dimension: call.integer("k"))))
  }

  private static let drift = Builtin(
    "drift", topic: "geometry", summary: "How a task's plane turns along a run, beside its split-half ceiling.",
    parameters: [
      Parameter("run", "run", help: "a recorded trajectory"),
      Parameter("data", "data", help: "whose plane"),
      dimensionParameter, shareParameter,
      Parameter(
        "every", "integer", presence: .optional("a quarter of the run"), byNameOnly: true,
        help: "recorded steps between two rows"), batchesParameter(32), batchParameter(32), seedParameter,
      Parameter(
        "sketch", "integer", presence: .optional("whole gradients"), byNameOnly: true,
        help: "keep sketches of this size in place of gradients"),
    ],
    returns: "table",
    details: """
      Columns: step; overlap of the plane here with the plane at the start, both from the same minibatches; fresh, the \
      same with this plane from other minibatches; ceiling, the overlap of two estimates at this very step from disjoint \
      minibatches, which is what fresh would be if nothing had turned; chance, r/D. A row takes 2·batches gradients.
      r="r90" is decided at the start of the run and kept. With sketch= gradients are dropped one by one, overlaps are \
      those of the sketches, and chance is r/sketch.
      """,
    examples: [
      .init(
        exampleRun + "; drift(run, task(\"copy\", length=3), r=2, every=4, batches=4, batch=4, seed=1)[\"step\"]",
        shows: "[0, 4, 8]")
    ],
    errors: ["E0209", "E0401", "E0503"], seeAlso: ["plane", "overlap", "ceiling", "sketch"]
  ) { call in
    let run = try call.run()
    let drift = try Drift(
      run, on: call.data(), r: planeDimension(call),
      every: call["every"].wholeNumber ?? max(1, run.count / 4),
      batches: call.integer("batches"), batch: call.integer("batch"),
      seed: TensorArguments.seed(call), sketch: call.isGiven("sketch") ? call.integer("sketch") : nil)
    return .native(
      TableValue(
        names: ["step", "overlap", "fresh", "ceiling", "chance"],
        rows: drift.rows.map { row in
          [
            .number(Double(row.step)), .number(row.overlap), .number(row.fresh), .number(row.ceiling),
            .number(row.chance),
          ]
        }))
  }

  private static let erank = Builtin(
    "erank", topic: "geometry", summary: "How many directions hold most of a task's gradients.",
    parameters: [
      Parameter("model", "model", "sketch", help: "where the gradients are taken, or a sketch of them"),
      Parameter("data", "data", presence: .optional("only a model needs it"), help: "whose loss"),
      Parameter(
        "share", "number", presence: .defaults(.number(0.9)), byNameOnly: true,
        help: "share of the trace of the second moment, above 0 and at most 1"), batchesParameter(32),
      batchParameter(32), seedParameter,
    ],
    returns: "measure",
    details: """
      The number of eigenvalues of (1/m) Σ g_i g_iᵀ needed for the share. It cannot exceed m: chance is what m gradients \
      of pure noise need, ⌈share·m⌉, and a value near it says nothing about the task. No interval: resampling minibatches \
      repeats some of them and lowers the rank. Of a sketch the chance is the rank of white noise in that sketch.
      """,
    examples: [
      .init(exampleModel + "; erank(m, task(\"copy\", length=3), batches=4, batch=4, seed=1).chance", shows: "4")
    ],
    errors: ["E0209", "E0503"], seeAlso: ["plane", "sketch", "straightness"]
  ) { call in
    let share = call["share"].numberValue ?? 0.9
    if case .native(let native) = call["model"], let sketch = (native as? SketchValue)?.sketch {
      return measure(try sketch.effectiveRank(share: share))
    }
    guard call.isGiven("data") else {
      throw ErrorReport(
        .wrongKind, "erank of a model needs data", help: "erank(model, data), or erank(sketch)", argument: "model")
    }
    return measure(try sample(call).effectiveRank(share: share))
  }
}
