import Checkpoints

final class WhileNode: StatementNode {
  let condition: ExpressionNode
  let body: StatementNode

  init(_ condition: ExpressionNode, _ body: StatementNode, _ range: SourceRange) {
    self.condition = condition
    self.body = body
    super.init(range)
  }

  override func execute(_ frame: Frame) throws -> Flow {
    while try condition.condition(frame) {
      let flow = try body.execute(frame)
      if flow == .broken { break }
      if flow == .returned { return flow }
      try frame.checkpoint(condition.range)
    }
    return .next
  }
}

extension Interrupted {
  /// What an interruption that arrived just now stops.
  static func now() -> Interrupted {
    do throws(Interrupted) {
      try Cancellation.check()
      return Interrupted(activity: "")
    } catch {
      return error
    }
  }
}

final class ForNode: StatementNode {
  let target: TargetNode
  let sequence: ExpressionNode
  let body: StatementNode

  init(_ target: TargetNode, _ sequence: ExpressionNode, _ body: StatementNode, _ range: SourceRange) {
    self.target = target
    self.sequence = sequence
    self.body = body
    super.init(range)
  }

  override func execute(_ frame: Frame) throws -> Flow {
    var result = Flow.next
    try Iteration(sequence, as: target, frame).forEach(frame, sequence) {
      let flow = try body.execute(frame)
      if flow == .returned { result = flow }
      return flow == .next || flow == .continued
    }
    return result
  }
}

/// Visiting the elements of a value.
struct Iteration {
  private enum Elements {
    case list([Value])
    case progression(Progression)
  }

  private let elements: Elements
  private let target: TargetNode
  /// Where the elements go, when they go to a name.
  private let place: UnsafeMutablePointer<Value?>?

  init(_ sequence: ExpressionNode, as target: TargetNode, _ frame: Frame) throws {
    self.target = target
    if let call = sequence as? CallNode, let progression = try call.progression(frame) {
      elements = .progression(progression)
    } else {
      elements = .list(
        try Self.elements(
          of: try sequence.evaluate(frame), pairs: (target as? SeveralTarget)?.targets.count == 2, frame,
          sequence.range))
    }
    place = (target as? VariableTarget)?.variable.pointer(frame)
  }

  /// How many elements there are.
  var count: Int {
    switch elements {
    case .list(let elements): elements.count
    case .progression(let progression): progression.count
    }
  }

  /// Gives each element to the target and calls `body` until it answers false.
  @inline(__always)
  func forEach(_ frame: Frame, _ sequence: ExpressionNode, _ body: () throws -> Bool) throws {
    switch elements {
    case .list(let elements):
      for element in elements {
        try frame.checkpoint(sequence.range)
        if let place { place.pointee = element } else { try target.assign(element, frame) }
        if !(try body()) { return }
      }
    case .progression(let progression):
      for index in 0..<progression.count {
        try frame.checkpoint(sequence.range)
        if let place {
          place.set(progression[index])
        } else {
          try target.assign(.number(progression[index]), frame)
        }
        if !(try body()) { return }
      }
    }
  }

  /// The elements that `for` visits: of a record its keys, or with two targets its keys and values.
  static func elements(of value: Value, pairs: Bool, _ frame: Frame, _ range: SourceRange) throws -> [Value] {
    switch value {
    case .list(let elements): return elements
    case .string(let text): return text.map { .string(String($0)) }
    case .record(let fields):
      return pairs ? fields.map { .list([.string($0.key), $0.value]) } : fields.keys.map { .string($0) }
    case .native(let native):
      do {
        if let elements = try native.elements() { return elements }
      } catch {
        throw frame.interpreter.located(error, at: range) { _ in nil }
      }
    default: break
    }
    var help: String?
    if let number = value.wholeNumber { help = "to count, write range(\(number))" }
    throw RuntimeFailure(ErrorReport(.notSupported, "\(value.article) has no elements to visit", help: help), at: range)
  }
}
