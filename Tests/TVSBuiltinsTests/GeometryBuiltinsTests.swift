import TVSLanguage
import Testing

@testable import TVSBuiltins

@Suite("Geometry builtins")
struct GeometryBuiltinsTests {
  private static func interpreter(_ output: CollectedOutput) -> Interpreter {
    Interpreter(builtins: Library.all, output: output, translate: Library.translate)
  }

  private static func run(_ code: String) throws -> String {
    let output = CollectedOutput()
    try interpreter(output).run(SourceText(name: "test", text: code))
    return output.text.hasSuffix("\n") ? String(output.text.dropLast()) : output.text
  }

  /// A program after a model `m`, its run `run` of eight steps on `copy`, and the task `copy`.
  private static func afterRun(_ code: String) throws -> String {
    try run(GeometryBuiltins.exampleRun + "; copy = task(\"copy\", length=3)\n" + code)
  }

  private static func error(_ code: String) -> Diagnostic? {
    do throws(Failure) {
      try interpreter(CollectedOutput()).run(
        SourceText(name: "drift.tvs", text: GeometryBuiltins.exampleRun + "\n" + code))
      return nil
    } catch {
      guard case .errors(let diagnostics) = error else { return nil }
      return diagnostics.first
    }
  }

  @Test(
    "every example runs and shows what its record says",
    arguments: GeometryBuiltins.all.flatMap { b in b.examples.map { (b.name, $0.code, $0.shows) } })
  func example(name: String, code: String, shows: String?) throws {
    let shown = try Self.run(code)
    if let shows { #expect(shown == shows, "\(name)") }
  }

  @Test("every record is complete", arguments: GeometryBuiltins.all)
  func record(_ builtin: Builtin) {
    #expect(builtin.summary.hasSuffix(".") || builtin.summary.hasSuffix("nil."))
    #expect(!builtin.details.isEmpty && !builtin.examples.isEmpty && !builtin.seeAlso.isEmpty)
    #expect(builtin.parameters.allSatisfy { !$0.help.isEmpty })
  }

  @Test func aRunShowsItsStepsLossesNormAndStraightness() throws {
    let shown = try Self.afterRun("run")
    #expect(shown.hasPrefix("run of 8 steps in decoder-1x16 ("))
    #expect(shown.contains("loss") && shown.contains("→"))
    #expect(shown.contains("norm"))
    #expect(shown.contains("straightness") && shown.contains("random walk of the same steps"))
    #expect(shown.contains("on copy/3 by adamw 1e-3, seed 2"))
  }

  @Test func aSubspaceShowsItsExpressionOriginAndRankDecision() throws {
    let shown = try Self.afterRun("basis = prefix(run, 4); basis")
    #expect(shown.hasPrefix("subspace of dimension 4 in decoder-1x16 ("))
    #expect(shown.contains("from    prefix(run, 4)"))
    #expect(shown.contains("origin  decoder-1x16 "))
    #expect(shown.contains("rank    4 of 4 generators, smallest singular value ratio"))
    #expect(try Self.afterRun("basis = prefix(run, 4); [basis.dim, basis.rank.generators]") == "[4, 4]")
  }

  @Test func aDisplacementShowsItsSpaceNormAndBlocks() throws {
    let shown = try Self.afterRun("run.displacement")
    #expect(shown.hasPrefix("displacement in decoder-1x16 ("))
    #expect(shown.contains("norm") && shown.contains("blocks  ") && shown.contains("%"))
  }

  @Test func aProjectionShowsChanceBesideTheShares() throws {
    let shown = try Self.afterRun("project(run.displacement, prefix(run, 4))")
    for word in ["inside", "outside", "chance", "random walk of the same steps", "constant drift plus noise"] {
      #expect(shown.contains(word))
    }
    #expect(try Self.afterRun("project(m, prefix(run, 4))").contains("the displacement is zero"))
  }

  @Test func aCaptureNamesItsChance() throws {
    #expect(
      try Self.afterRun("run |> prefix(4) |> capture(run.displacement)").contains("random walk of the same steps)"))
    #expect(try Self.afterRun("capture(gradient(m, copy, batch=4), prefix(run, 4))").contains("random subspace)"))
  }

  @Test func theOrderOfCapturesArgumentsDoesNotMatter() throws {
    #expect(
      try Self.afterRun(
        """
        U = prefix(run, 4)
        a = capture(U, run.displacement).value
        all([a == capture(run, U).value, a == capture(run.end, U).value, a == capture(U, run.end - run.start).value])
        """) == "true")
  }

  @Test func taskArithmeticReadsAsItIsWritten() throws {
    #expect(
      try Self.afterRun(
        """
        a = run.end; base = run.start; b = run[4]
        merged = base + 0.4*(a - base) - 0.2*(b - base)
        norm((merged - base) - (0.4*(a - base) - 0.2*(b - base))) < 1e-5 and norm(-(a - base) + run.displacement) < 1e-6
        """) == "true")
    #expect(try Self.afterRun("d = run.displacement; round(cos(d, 3*d)*1e6)/1e6") == "1")
    #expect(try Self.afterRun("d = run.displacement; abs(dot(d, d) - norm(d)^2) < 1e-6*dot(d, d)") == "true")
    #expect(try Self.afterRun("d = run.displacement; norm(d[\"blocks.0\"]) < norm(d)") == "true")
  }

  @Test func membershipAndSumsOfSubspaces() throws {
    #expect(
      try Self.afterRun(
        """
        U = prefix(run, 3)
        [run.displacement in U, run.displacement in prefix(run, 8), U[0] in U, (U + prefix(run, 5)).dim, U in prefix(run, 5)]
        """) == "[false, true, true, 5, true]")
    #expect(try Self.afterRun("complement(prefix(run, 3), prefix(run, 5)) == nil") == "true")
  }

  @Test func modelsAlongARunAndPartsOfIt() throws {
    #expect(
      try Self.afterRun(
        """
        [norm(run[-1] - run.end), norm(run[0] - run.start), len(run[2:6]), run.steps, len(run.loss)]
        """) == "[0, 0, 4, 8, 8]")
    #expect(try Self.afterRun("norm(run[3] - run[2:6].displacement - run[3] + run[2:6].displacement) >= 0") == "true")
  }

  @Test func anAdapterIsProjectedFromTheOriginOfTheBasis() throws {
    let shown = try Self.run(
      GeometryBuiltins.exampleModel + """
        ; copy = task("copy", length=3)
        lora = adapt(m, rank=2)
        run = recover(lora, copy, steps=6, batch=8, seed=2)
        basis = prefix(run, 6); p = project(run.end, basis); p.share > 0.999
        project(lora, basis).share.value
        capture(run, basis, in="product") > 0.99
        cos(run, run.displacement, in="product") > 0.999
        abs(norm(delta_w(run)) - norm(run.displacement, in="product")) < 1e-6
        delta_w(run.end)["blocks.0.attn.qkv"].shape
        """)
    #expect(shown.split(separator: "\n").dropLast() == ["true", "0", "true", "true", "true"])
  }

  @Test func projectedRecoveryTakesABasis() throws {
    #expect(
      try Self.afterRun(
        """
        U = prefix(run, 4)
        p = recover(m, copy, steps=4, batch=4, optimizer="sgd", project=U, seed=5)
        capture(p, U) > 0.999
        """) == "true")
  }

  @Test func differentSpacesStopWithBothNamesAndHelp() throws {
    let diagnostic = try #require(Self.error("lora = adapt(m, rank=2)\nbasis = prefix(run, 4)\nproject(lora, basis)"))
    #expect(diagnostic.code == .spaceMismatch)
    #expect(diagnostic.message == "the basis and the adapter live in different spaces")
    #expect(diagnostic.range?.text == "basis")
    let label = try #require(diagnostic.label)
    #expect(label.hasPrefix("spans decoder-1x16 (") && label.contains("; the adapter is decoder-1x16/lora-2 ("))
    #expect(diagnostic.help == "build the basis from a run of the same adapter, such as prefix(run, 10)")
    #expect(Self.error("adapt(m, rank=2) - m")?.code == .spaceMismatch)
    #expect(Self.error("m + gradient(adapt(m, rank=2), task(\"copy\", length=3), batch=2)")?.code == .spaceMismatch)
  }

  @Test func numbersOutsideTheirRangeAreMarked() throws {
    let diagnostic = try #require(Self.error("prefix(run, 9)"))
    #expect(diagnostic.code == .invalidArgument)
    #expect(diagnostic.range?.text == "9")
    #expect(diagnostic.label == "it must lie between 1 and 8")
    #expect(Self.error("run[9]")?.code == .indexOutOfRange)
    #expect(Self.error("run[3:3]")?.code == .degenerate)
    #expect(Self.error("capture(run, prefix(run, 2), kind=\"nrom\")")?.help == "did you mean norm?")
    #expect(Self.error("capture(run, prefix(run, 2), in=\"product\")")?.code == .invalidArgument)
    #expect(Self.error("span([])")?.code == .degenerate)
    #expect(Self.error("run.displacement[\"blocks.7\"]")?.code == .indexOutOfRange)
    #expect(Self.error("capture(prefix(run, 1), prefix(run, 2))")?.help == "overlap(U, V) compares two subspaces")
  }

  @Test func theSameProgramShowsTheSameText() throws {
    let code = "run; plane(m, copy, r=2, batches=4, batch=4, seed=3) |> capture(run); random_subspace(m, 2, seed=4)"
    #expect(try Self.afterRun(code) == Self.afterRun(code))
  }

  // MARK: - Theory

  @Test func aPredictionIsItsGainInArithmeticAndShowsWhatWasMeasuredBesideIt() throws {
    let shown = try Self.run("bestof(0.01, 2, 100, trace=50, measured=[0.04, 0.05, 0.045])")
    for word in ["best of 100 at sigma 0.01", "gain", "chance", "density", "sigma_best", "measured", "ratio"] {
      #expect(shown.contains(word), "\(word)")
    }
    #expect(try Self.run("abs(2 * bestof(1, 1, 100) - 2 * emax(100)) < 1e-12") == "true")
    #expect(try Self.run("b = bestof(0.01, 2, 100, trace=50); b.gain == b.linear - b.curvature_cost") == "true")
    #expect(try Self.run("bestof(1, 1, 2, measured=[3]).measured.low") == "")
    #expect(try Self.run("bestof(0.01, 2, 100, trace=50).chance") == "-0.0025")
  }

  @Test func theSideOfAPredictionTakesTwoGradientsOrACosine() throws {
    #expect(
      try Self.afterRun(
        """
        a = gradient(m, copy, batch=8, seed=1); b = gradient(m, task("sort", length=3), batch=8, seed=1)
        x = bestof(0.01, a, 50, side=b); y = bestof(0.01, norm(a), 50, side=norm(b), cos=cos(a, b))
        abs(x.side - y.side) < 1e-9 and abs(x.side_deviation - y.side_deviation) < 1e-9
        """) == "true")
    #expect(Self.error("bestof(0.01, 2, 50, side=1)")?.code == .invalidArgument)
    #expect(Self.error("bestof(0.01, 2, 50, side=1, cos=2)")?.code == .invalidArgument)
    #expect(Self.error("bestof(0.01, 2, 50, top=51)")?.code == .invalidArgument)
    #expect(Self.error("bestof(-1, 2, 50)")?.code == .invalidArgument)
    #expect(Self.error("bestof(1, 2, 50, measured=[])")?.code == .invalidArgument)
    #expect(Self.error("bestof(1, 2, 50, measured=[\"a\"])")?.code == .wrongKind)
  }

  @Test func linearityIsATableWithFindingsAsFields() throws {
    let code = "x = linearity(m, copy, sigmas=[1e-4, 1e-3, 1e-2, 0.1, 1], n=4, batch=16, seed=1)\n"
    let shown = try Self.afterRun(code + "x")
    for word in ["sigma", "regime", "slope1", "crossover", "gradient_norm", "trace"] { #expect(shown.contains(word)) }
    #expect(try Self.afterRun(code + "[type(x), len(x), len(x.window)]") == "[\"table\", 5, 2]")
    #expect(try Self.afterRun(code + "abs(x.slope1 - 1) < 0.05 and x.trace.low < x.trace") == "true")
    // The rows keep the smallest scale visible.
    #expect(shown.contains("0.0001"))
    #expect(Self.error("linearity(m, task(\"copy\", length=3), sigmas=[0])")?.code == .invalidArgument)
    #expect(Self.error("linearity(m, task(\"copy\", length=3), sigmas=[])")?.code == .degenerate)
    #expect(Self.error("linearity(m, task(\"copy\", length=3), n=0)")?.code == .invalidArgument)
  }

  @Test func aProductWithTheHessianReportsItsStep() throws {
    let code = "h = hvp(m, copy, run, batch=16, seed=1)\n"
    let shown = try Self.afterRun(code + "h")
    for word in ["displacement in", "epsilon", "error", "curvature", "sweep"] { #expect(shown.contains(word)) }
    #expect(try Self.afterRun(code + "h.error < 0.1 and len(h.sweep) > 2 and (2*h).norm > h.norm") == "true")
    #expect(
      try Self.afterRun(code + "cos(h, hvp(m, copy, run, epsilon=h.epsilon, batch=16, seed=1)) > 0.999") == "true")
    #expect(Self.error("hvp(m, task(\"copy\", length=3), 0*run.displacement)")?.code == .degenerate)
    #expect(Self.error("hvp(m, task(\"copy\", length=3), 0*run.displacement, epsilon=1)")?.code == .degenerate)
    #expect(Self.error("hvp(m, task(\"copy\", length=3), run, epsilon=0)")?.code == .invalidArgument)
    #expect(Self.error("hvp(adapt(m, rank=2), task(\"copy\", length=3), run)")?.code == .spaceMismatch)
  }

  @Test func curvatureGivesEigenpairsThatHvpConfirms() throws {
    let code = "c = curvature(m, copy, k=2, steps=40, batch=16, seed=1); v = c.subspace[0]\n"
    #expect(
      try Self.afterRun(
        code + "norm(hvp(m, copy, v, batch=16, seed=1) - c.value[0]*v) < 0.02 * c.value[0]") == "true")
    #expect(try Self.afterRun(code + "c.gradient_share.chance < c.gradient_share") == "true")
    #expect(
      try Self.afterRun(
        code
          + "t = curvature_trace(m, copy, probes=8, kind=\"gaussian\", batch=16, seed=1); t.low < t and t.frobenius > c.value[0]/2"
      ) == "true")
    #expect(Self.error("curvature(m, task(\"copy\", length=3), which=\"bigest\")")?.code == .unknownChoice)
    #expect(Self.error("curvature(m, task(\"copy\", length=3), k=5, steps=3)")?.code == .invalidArgument)
    #expect(Self.error("curvature_trace(m, task(\"copy\", length=3), probes=0)")?.code == .invalidArgument)
    #expect(Self.error("curvature_trace(m, task(\"copy\", length=3), step=-1)")?.code == .invalidArgument)
  }
}
