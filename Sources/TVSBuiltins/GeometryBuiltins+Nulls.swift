import TVSLanguage
import TaskGeometry
import Tensors
import Transformers

extension GeometryBuiltins {
  /// What a capture has to be compared with.
  static let nulls: [Builtin] = [descend, otherCapture, driftNoise, captureNulls, spectrum]

  private static let kindParameter = Parameter(
    "kind", "string", presence: .defaults(.string("norm")), byNameOnly: true,
    help: "\"norm\" or \"energy\", as in capture"
  ).offering { CaptureKind.allCases.map(\.rawValue) }

  private static func kind(_ call: Call) throws -> CaptureKind {
    CaptureKind(rawValue: try GeometryArguments.choice(call, "kind", CaptureKind.allCases.map(\.rawValue))) ?? .norm
  }

  /// An energy as the kind that was asked for.
  private static func share(_ energy: Double, _ kind: CaptureKind) -> Double {
    kind == .norm ? max(0, energy).squareRoot() : energy
  }

  private static let descend = Builtin(
    "descend", topic: "training",
    summary: "Full-batch descent on a fixed set of examples, recorded: no minibatch noise.",
    parameters: [
      Parameter("model", "model", help: "where to begin; it does not change"),
      Parameter("data", "data", help: "what to learn"),
      stepsParameter, rateParameter,
      Parameter(
        "examples", "integer", presence: .defaults(.number(512)), byNameOnly: true,
        help: "how many examples; every step sees all of them"),
      optimizerParameter("sgd"), TrainingBuiltins.momentumParameter, clipParameter(.nil), seedParameter, everyParameter,
    ],
    returns: "run",
    details: """
      Each step has the gradient of the mean loss over the answers of all examples, taken in pieces of 128 sequences. On a \
      quadratic loss prefix(run, k) of such a run is the Krylov space of its gradient (arXiv 2606.10929, Lemma 1): \
      krylov(model, data, k=k, batch=examples, seed=seed) reads the same examples. The difference between a prefix capture \
      here and in a run of recover is what minibatch noise does. Nothing is clipped unless clip= says so.
      """,
    examples: [
      .init(
        exampleModel + "; t = task(\"copy\", length=3); run = descend(m, t, steps=3, lr=1e-3, examples=16, seed=1)\n"
          + "capture(run, krylov(m, t, k=1, batch=16, seed=1)) > 0.99", shows: "true")
    ],
    errors: ["E0209", "E0401", "E0404", "E0502"], seeAlso: ["recover", "capture_nulls", "krylov", "prefix"]
  ) { call in
    .native(
      RunValue(
        try TaskGeometry.descend(
          call.model(), on: call.data(), examples: call.integer("examples"),
          options: runOptions(call, batch: 128, clip: call["clip"].numberValue),
          every: call.integer("every"))))
  }

  private static let otherCapture = Builtin(
    "other_capture", topic: "geometry",
    summary: "How much of another run's displacement the first k steps of this one span.",
    parameters: [
      Parameter("run", "run", help: "whose first steps"),
      Parameter("other", "run", help: "a run from the same start with another seed, whose displacement is captured"),
      Parameter("k", "integer", help: "recorded steps, from 1 to len(run)"), kindParameter,
    ],
    returns: "measure",
    details: """
      A prefix holds part of the displacement of its own run. It holds nothing of a run that saw other minibatches in \
      another order, except for what both have in common: chance is that of a random subspace, √(k/D). With a constant \
      drift of a² = ‖mean‖²/noise² a step, it would be ka²/(1+ka²) · Ta²/(1+Ta²) of the energy; capture_nulls shows that \
      beside it.
      """,
    examples: [
      .init(
        exampleRun
          + "; other = recover(m, task(\"copy\", length=3), steps=8, batch=8, lr=1e-3, seed=3); other_capture(run, other, 4).null",
        shows: "\"random subspace\"")
    ],
    errors: ["E0203", "E0209", "E0503"], seeAlso: ["tail_capture", "capture_nulls", "capture"]
  ) { call in
    let (run, other) = (try call.run(), try call.run("other"))
    if run.space != other.space { throw ErrorReport.spaces(run.space, other.space, kind: "run", argument: "other") }
    return measure(try run.otherCapture(other, call.integer("k"), kind: kind(call)))
  }

  private static let driftNoise = Builtin(
    "drift_noise", topic: "geometry",
    summary: "Fits drift plus noise to one prefix capture and predicts the others.",
    parameters: [
      Parameter("run", "run", help: "a recorded trajectory"),
      Parameter("k", "integer", help: "where the fit is exact, from 1 to len(run) − 1"),
      Parameter(
        "ks", "list", presence: .optional("1, 2, 5, 10, 20, 50, … below len(run)"), byNameOnly: true,
        help: "where it is asked"), kindParameter,
    ],
    returns: "table",
    details: """
      Steps that are a constant drift plus independent noise, with a² = ‖mean‖²/noise² a step, put (k/T)(1+Ta²)/(1+ka²) \
      of the energy of their sum into the first k. One capture gives a²; predicted is what that says for the others, and \
      ratio the measurement over it. from_lengths takes a² from the step lengths and ‖Δ‖ instead, without any capture. \
      walk is a random walk of the same steps, a² = 0. a2 is the fit, the same in every row.
      A ratio of 1 throughout means that the run cannot be told from a straight line seen through noise. Steps of unequal \
      length (warm-up, decay, Adam's first ones) move it too.
      """,
    examples: [.init(exampleRun + "; drift_noise(run, 4, ks=[1, 4])[\"ratio\"][1] == 1", shows: "true")],
    errors: ["E0209", "E0503"], seeAlso: ["capture_nulls", "capture", "prefix"]
  ) { call in
    let (run, kind) = (try call.run(), try kind(call))
    let k = try call.integer("k")
    var ks = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000].filter { $0 < run.count }
    if !ks.contains(k) { ks = (ks + [k]).sorted() }
    if call.isGiven("ks") {
      ks = try GeometryArguments.wholeNumbers(call, "ks")
    }
    let table = try run.driftNoiseTable(fittedAt: k, at: ks)
    return .native(
      TableValue(
        names: ["k", "measured", "predicted", "ratio", "from_lengths", "walk", "a2"],
        rows: table.rows.map { row in
          let (measured, predicted) = (share(row.measured, kind), share(row.predicted, kind))
          return [
            .number(Double(row.k)), .number(measured), .number(predicted),
            // The fitted row agrees by construction; rounding of the inversion is no finding.
            row.k == k ? .number(1) : predicted > 0 ? .number(measured / predicted) : .nil,
            .number(share(row.fromLengths, kind)), .number(share(row.walk, kind)),
            .number(table.fit.signalToNoise),
          ]
        }))
  }

  private static let captureNulls = Builtin(
    "capture_nulls", topic: "geometry", summary: "A prefix capture beside all its controls, as a table.",
    parameters: [
      Parameter("run", "run", help: "a recorded trajectory"),
      Parameter("k", "integer", help: "steps of the prefix, from 1 to len(run) − 1"),
      Parameter(
        "other", "run", presence: .optional("none"), byNameOnly: true,
        help: "a run from the same start with another seed"),
      Parameter(
        "descent", "run", presence: .optional("none"), byNameOnly: true,
        help: "a run of descend from the same start: no minibatch noise"), kindParameter,
    ],
    returns: "table",
    details: """
      Rows: the prefix of k steps; its first step alone; the tail θ_T − θ_k, which the prefix does not contain; the \
      displacement of a run in another order; and a prefix of full-batch descent, where there are such runs. chance is \
      that of the null in the last column. drift_noise is what a constant drift seen through independent noise would give, \
      from the step lengths and ‖Δ‖ alone, and ratio the capture over it. The random walk has the steps of the run.
      """,
    examples: [
      .init(
        exampleRun
          + "; other = recover(m, task(\"copy\", length=3), steps=8, batch=8, lr=1e-3, seed=3); capture_nulls(run, 4, other=other)"
      )
    ],
    errors: ["E0203", "E0209", "E0503"],
    seeAlso: ["drift_noise", "tail_capture", "other_capture", "descend", "spectrum"]
  ) { call in
    let run = try call.run()
    let kind = try kind(call)
    func partner(_ name: String) throws -> Run? {
      guard call.isGiven(name) else { return nil }
      let other = try call.run(name)
      if other.space != run.space { throw ErrorReport.spaces(run.space, other.space, kind: "run", argument: name) }
      return other
    }
    let table = try CaptureNulls(
      run, k: call.integer("k"), other: partner("other"), descent: partner("descent"))
    return .native(
      TableValue(
        names: ["what", "capture", "chance", "drift_noise", "ratio", "null"],
        rows: table.rows.map { row in
          let (measured, predicted) = (share(row.measured, kind), share(row.driftNoise, kind))
          return [
            .string(row.what), .number(measured), .number(share(row.chance, kind)), .number(predicted),
            predicted > 0 ? .number(measured / predicted) : .nil,
            .string(row.null.replacing(" of the same steps", with: "")),
          ]
        }))
  }

  private static let spectrum = Builtin(
    "spectrum", topic: "geometry", summary: "The principal components of a run beside those of a random walk.",
    parameters: [
      Parameter("run", "run", help: "a recorded trajectory"),
      Parameter(
        "of", "string", presence: .defaults(.string("steps")), byNameOnly: true,
        help: "\"steps\", not centred, or \"positions\", centred"
      ).offering { RunSpectrum.Subject.allCases.map(\.rawValue) },
      Parameter(
        "top", "integer", presence: .defaults(.number(10)), byNameOnly: true, help: "components to show"),
    ],
    returns: "table",
    details: """
      share is the share of the squared length of the steps (or of the spread of the positions) in each component, and \
      cumulative the sum so far. walk is what a random walk with the same step lengths would give in many dimensions: a \
      flat spectrum for equal steps, but 61 % and 15 % for its positions (Antognini and Sohl-Dickstein, arXiv 1806.08805), \
      so that a trajectory that looks like a curve in a plane says nothing by itself.
      """,
    examples: [
      .init(exampleRun + "; s = spectrum(run); abs(s[\"cumulative\"][-1] - 1) < 1e-9", shows: "true"),
      .init(exampleRun + "; spectrum(run, of=\"positions\", top=2)"),
    ],
    errors: ["E0209", "E0503"], seeAlso: ["straightness", "capture_nulls", "erank"]
  ) { call in
    let known = RunSpectrum.Subject.allCases.map(\.rawValue)
    let subject = RunSpectrum.Subject(rawValue: try GeometryArguments.choice(call, "of", known)) ?? .steps
    let top = try call.integer("top")
    guard top >= 1 else { throw GeometryError.outOfRange(what: "top", value: top, allowed: 1...Int.max) }
    let spectrum = try RunSpectrum(call.run(), of: subject)
    var (sum, walkSum) = (0.0, 0.0)
    return .native(
      TableValue(
        names: ["component", "share", "cumulative", "walk", "walk_cumulative"],
        rows: zip(spectrum.shares, spectrum.walk).prefix(top).enumerated().map { index, pair in
          sum += pair.0
          walkSum += pair.1
          return [.number(Double(index + 1)), .number(pair.0), .number(sum), .number(pair.1), .number(walkSum)]
        }))
  }
}
