import TVSLanguage
import TaskGeometry
import Tensors
import Transformers

/// A recorded training trajectory, as a value of the language.
final class RunValue: NativeValue, Sendable {
  /// The trajectory.
  let run: Run
  let provenance: Provenance?

  init(_ run: Run, provenance: Provenance? = nil) {
    self.run = run
    self.provenance = provenance
  }

  var kind: String { "run" }

  /// Steps of the optimiser, as far as they are known.
  private var stepCount: Int { run.losses.isEmpty ? run.count : run.losses.count }

  var inline: String { "run of \(NumberText.grouped(stepCount)) steps in \(run.space.name)" }

  func display(_ style: DisplayStyle) -> String {
    func text(_ number: Double) -> String { MeasureValue.significant(number, style.digits) }
    var rows: [(String, String)] = []
    if let first = run.losses.first, let last = run.losses.last {
      rows.append(("loss", "\(text(first)) → \(text(last))"))
    } else {
      rows.append(("loss", "not recorded"))
    }
    if let displacement = try? run.displacement() { rows.append(("norm", text(displacement.norm))) }
    if let straightness = try? run.straightness() {
      rows.append(("straightness", MeasureValue(straightness).display(style)))
    }
    if let first = run.files.first, let last = run.files.last {
      rows.append(("read", "from \(first) … \(last)"))
    } else {
      rows.append(("trained", "on \(run.data) by \(run.optimizer)" + (run.seed.map { ", seed \($0)" } ?? "")))
    }
    if run.every > 1 { rows.append(("recorded", "\(run.count) times, every \(run.every) steps")) }
    return GeometryText.block(
      "run of \(NumberText.grouped(stepCount)) step\(stepCount == 1 ? "" : "s") in \(run.space)", rows)
  }

  // MARK: - Fields and elements

  var fieldNames: [String] {
    [
      "displacement", "loss", "steps", "start", "end", "model", "lengths", "every", "seed", "optimizer", "data",
      "files",
    ]
  }

  func field(_ name: String) throws -> Value? {
    switch name {
    case "displacement": .native(DisplacementValue(try run.displacement()))
    case "loss": run.losses.isEmpty ? .nil : .native(TensorValue(try reporting { try Tensor(run.losses) }))
    case "steps": .number(Double(stepCount))
    case "start": .native(ModelValue(run.start))
    case "end", "model": .native(ModelValue(run.end))
    case "lengths": .native(TensorValue(try reporting { try Tensor(run.squaredLengths.map { $0.squareRoot() }) }))
    case "every": .number(Double(run.every))
    case "seed": run.seed.map { .number(Double($0)) } ?? .nil
    case "optimizer": .string(run.optimizer)
    case "data": .string(run.data)
    case "files": .list(run.files.map { .string($0) })
    default: nil
    }
  }

  var length: Int? { run.count }

  /// `run[10]` is the model after ten recorded steps and `run[-1]` the last one; `run[10:20]` the run between two.
  func element(at subscripts: [Subscript]) throws -> Value? {
    guard subscripts.count == 1, let place = subscripts.first else { return nil }
    switch place {
    case .value(let index):
      guard let whole = index.wholeNumber else {
        throw ErrorReport(
          .wrongKind, "a run is indexed by the number of a step, not by \(index.article)",
          help: "run[10] is the model after ten steps, run[0:10] the run up to it", argument: "subscripts")
      }
      let position = whole < 0 ? whole + run.count + 1 : whole
      guard position >= 0, position <= run.count else {
        throw ErrorReport(
          .indexOutOfRange, "step \(whole) is outside of a run with \(run.count) recorded steps",
          label: "positions go from 0, the start, to \(run.count), the end", argument: "subscripts")
      }
      return .native(ModelValue(try run.position(position)))
    case .slice(let from, let to, let step):
      guard step == nil || step == 1 else {
        throw ErrorReport(.notSupported, "a slice of a run takes every step", argument: "subscripts")
      }
      func bound(_ value: Int?, _ standard: Int) -> Int {
        guard let value else { return standard }
        return min(max(value < 0 ? value + run.count : value, 0), run.count)
      }
      let (start, end) = (bound(from, 0), bound(to, run.count))
      guard start < end else {
        throw ErrorReport(
          .degenerate, "a run without steps", label: "there is nothing from \(start) to \(end)",
          argument: "subscripts")
      }
      return .native(RunValue(try run.slice(start..<end)))
    }
  }

  // MARK: - As a displacement

  func reduced(_ function: String, axis: Int?) throws -> Value? {
    function == "norm" && axis == nil ? .number(try run.displacement().norm) : nil
  }

  func paired(_ function: String, with other: Value, options: [String: Value]) throws -> Value? {
    try DisplacementValue.paired(function, run.displacement(), with: other, options)
  }

  func isSame(as other: any NativeValue) -> Bool {
    guard let other = (other as? RunValue)?.run else { return false }
    return other.range == run.range && other.losses == run.losses && other.start.digest == run.start.digest
      && other.end.digest == run.end.digest && zip(other.steps, run.steps).allSatisfy { $0.elements == $1.elements }
  }

  func stamped(_ provenance: Provenance) -> any NativeValue { RunValue(run, provenance: provenance) }
}
