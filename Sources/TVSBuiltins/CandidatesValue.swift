import TVSLanguage
import TaskGeometry
import Tensors

/// The outcome of a random search, as a value of the language.
final class CandidatesValue: NativeValue, Sendable {
  /// The outcome.
  let candidates: Candidates
  /// The gain of the winner with its interval, which takes many resamples and is therefore kept.
  let best: Measure
  let provenance: Provenance?

  init(_ candidates: Candidates, best: Measure, provenance: Provenance?) {
    self.candidates = candidates
    self.best = best
    self.provenance = provenance
  }

  /// Wraps an outcome.
  ///
  /// - Throws: `Interrupted`.
  convenience init(_ candidates: Candidates) throws {
    let best = try candidates.best(of: candidates.count, seed: candidates.perturbations.seed)
    self.init(candidates, best: best, provenance: nil)
  }

  var kind: String { "candidates" }

  var inline: String {
    "\(NumberText.grouped(candidates.count)) candidates in \(candidates.perturbations.space.name), best gain "
      + MeasureValue.significant(best.value, 4)
  }

  // MARK: - Display

  func display(_ style: DisplayStyle) -> String {
    func text(_ number: Double) -> String { MeasureValue.significant(number, style.digits) }
    func measure(_ measure: Measure) -> String { MeasureValue(measure).text(digits: style.digits) }
    let perturbations = candidates.perturbations
    var rows: [(String, String)] = []
    rows.append(("best", "\(measure(best)), gain in loss of number \(NumberText.grouped(candidates.winner))"))
    if let predicted = try? candidates.prediction?.best(of: candidates.count), let norm = candidates.gradientNorm {
      rows.append(("predicted", "\(text(predicted)), for a linear loss: \(formula), ‖g‖ = \(text(norm))"))
    }
    if let fresh = candidates.freshGain, let source = candidates.source {
      rows.append(
        ("rescored", "\(measure(fresh)) on \(NumberText.grouped(source.fresh.count)) other examples\(other(source))"))
    }
    rows.append(("mean", measure(candidates.mean)))
    if let better = try? candidates.density(above: 0) { rows.append(("better", measure(better))) }
    rows.append(("base", "loss \(text(candidates.base.loss))\(matches)"))
    if candidates.overflowed > 0 {
      rows.append(("overflowed", "\(NumberText.grouped(candidates.overflowed)), which have no finite loss"))
    }
    rows.append(("seed", String(perturbations.seed)))
    let pairs = perturbations.isAntithetic ? " in mirrored pairs" : ""
    let place = perturbations.subspace.map { "a subspace of dimension \($0.dimension) of " } ?? ""
    return GeometryText.block(
      "candidates: \(NumberText.grouped(candidates.count))\(pairs) of \(size) in \(place)\(perturbations.space)", rows)
  }

  private var size: String {
    switch candidates.perturbations.length {
    case .deviation(let value): "sigma \(NumberText.shortest(value))"
    case .deviations(let values): "sigma \(values.map(NumberText.shortest).joined(separator: ", ")) in turn"
    case .norm(let value): "norm \(NumberText.shortest(value))"
    }
  }

  private var formula: String {
    let n = candidates.count
    let gradient = candidates.perturbations.subspace == nil ? "‖g‖" : "‖P_U g‖"
    let isPaired = candidates.perturbations.isAntithetic
    return switch candidates.perturbations.length {
    case .deviation: "sigma·\(gradient)·" + (isPaired ? "E max|x| of \(n / 2)" : "emax(\(n))")
    case .deviations: "\(gradient)·E max of \(n) numbers with these deviations\(isPaired ? " in pairs" : "")"
    case .norm:
      "norm·\(gradient)·"
        + (isPaired ? "E max|t| of \(n / 2)" : "spheremax(\(n), \(candidates.perturbations.dimension))")
    }
  }

  private func other(_ source: Candidates.Source) -> String {
    source.fresh.name == source.selection.name ? "" : " of \(source.fresh.name)"
  }

  private var matches: String {
    let examples = candidates.base.right.count
    guard examples > 0 else { return "" }
    let winner = candidates.scores[candidates.winner].right.count { $0 }
    return
      ", exact match \(candidates.base.right.count { $0 }) of \(NumberText.grouped(examples)); of the best \(winner)"
  }

  // MARK: - Fields and elements

  var fieldNames: [String] {
    [
      "best", "rescored", "predicted", "mean", "better", "n", "gain", "loss", "accuracy", "winner", "base", "deviation",
      "gradient_norm", "sigma", "norm", "within", "antithetic", "seed", "count", "data", "model", "space",
    ]
  }

  func field(_ name: String) throws -> Value? {
    func optional(_ number: Double?) -> Value { number.map { .number($0) } ?? .nil }
    func optional(_ measure: Measure?) -> Value { measure.map { .native(MeasureValue($0)) } ?? .nil }
    func tensor(_ numbers: [Double]) throws -> Value { .native(TensorValue(try reporting { try Tensor(numbers) })) }
    let perturbations = candidates.perturbations
    switch name {
    case "best": return optional(best)
    case "rescored": return optional(candidates.freshGain)
    case "predicted": return optional(try candidates.prediction?.best(of: candidates.count))
    case "mean": return optional(candidates.mean)
    case "better": return optional(try candidates.density(above: 0))
    case "n": return .number(Double(candidates.count))
    case "gain": return try tensor(candidates.gains)
    case "loss": return try tensor(candidates.scores.map(\.loss))
    case "accuracy":
      let examples = Double(max(1, candidates.base.right.count))
      return try tensor(candidates.scores.map { Double($0.right.count { $0 }) / examples })
    case "winner": return .number(Double(candidates.winner))
    case "base": return .number(candidates.base.loss)
    case "deviation": return optional(candidates.deviation)
    case "gradient_norm": return optional(candidates.gradientNorm)
    case "sigma":
      switch perturbations.length {
      case .deviation(let value): return .number(value)
      case .deviations(let values): return .list(values.map { .number($0) })
      case .norm: return .nil
      }
    case "norm":
      guard case .norm(let value) = perturbations.length else { return .nil }
      return .number(value)
    case "within": return perturbations.subspace.map { .native(SubspaceValue($0)) } ?? .nil
    case "antithetic": return .bool(perturbations.isAntithetic)
    case "seed": return .number(Double(perturbations.seed))
    case "count": return .number(Double(candidates.base.right.count))
    case "data": return candidates.source.map { .string($0.selection.name) } ?? .nil
    case "model": return candidates.source.map { .native(ModelValue($0.model)) } ?? .nil
    case "space": return .string(perturbations.space.description)
    default: return nil
    }
  }

  var length: Int? { candidates.count }

  /// `c[3]` is a perturbation, made again from the seed; `c[-1]` the last one.
  func element(at subscripts: [Subscript]) throws -> Value? {
    guard subscripts.count == 1, case .value(let index) = subscripts[0], let whole = index.wholeNumber else {
      throw ErrorReport(
        .wrongKind, "candidates are indexed by the number of one", help: "as in c[0]", argument: "subscripts")
    }
    let position = whole < 0 ? whole + candidates.count : whole
    guard position >= 0, position < candidates.count else {
      throw ErrorReport(
        .indexOutOfRange, "candidate \(whole) is outside of \(candidates.count)",
        label: "numbers go from 0 to \(candidates.count - 1)", argument: "subscripts")
    }
    return .native(DisplacementValue(try candidates.displacement(position)))
  }

  func isSame(as other: any NativeValue) -> Bool {
    guard let other = (other as? CandidatesValue)?.candidates else { return false }
    return other.scores == candidates.scores && other.base == candidates.base
      && other.perturbations.seed == candidates.perturbations.seed
      && other.perturbations.length == candidates.perturbations.length
      && other.perturbations.space == candidates.perturbations.space
      && other.perturbations.isAntithetic == candidates.perturbations.isAntithetic
      && other.perturbations.subspace?.dimension == candidates.perturbations.subspace?.dimension
  }

  func stamped(_ provenance: Provenance) -> any NativeValue {
    var provenance = provenance
    if let model = candidates.source?.model { provenance.digests = [model.digest] }
    return CandidatesValue(candidates, best: best, provenance: provenance)
  }
}

extension Call {
  /// The candidates of an argument.
  func candidates(_ name: String = "candidates") throws -> Candidates {
    try native(name, as: CandidatesValue.self).candidates
  }
}
