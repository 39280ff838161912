import OrderedCollections

final class ListNode: ExpressionNode {
  let elements: [ExpressionNode]

  init(_ elements: [ExpressionNode], _ range: SourceRange) {
    self.elements = elements
    super.init(range)
  }

  override func evaluate(_ frame: Frame) throws -> Value {
    var values: [Value] = []
    values.reserveCapacity(elements.count)
    for element in elements {
      if let spread = element as? SpreadNode {
        values += try spread.elements(frame)
      } else {
        values.append(try element.evaluate(frame))
      }
    }
    return .list(values)
  }
}

/// `...xs` in a list: the elements that `for` would visit.
final class SpreadNode: ExpressionNode {
  let sequence: ExpressionNode

  init(_ sequence: ExpressionNode, _ range: SourceRange) {
    self.sequence = sequence
    super.init(range)
  }

  func elements(_ frame: Frame) throws -> [Value] {
    try Iteration.elements(of: try sequence.evaluate(frame), pairs: false, frame, sequence.range)
  }
}

final class RecordNode: ExpressionNode {
  /// Without a key: a record whose fields are taken.
  let entries: [(String?, ExpressionNode)]

  init(_ entries: [(String?, ExpressionNode)], _ range: SourceRange) {
    self.entries = entries
    super.init(range)
  }

  override func evaluate(_ frame: Frame) throws -> Value {
    var fields: OrderedDictionary<String, Value> = [:]
    for (key, node) in entries {
      let value = try node.evaluate(frame)
      if let key {
        fields[key] = value
        continue
      }
      guard case .record(let others) = value else {
        throw RuntimeFailure(
          ErrorReport(
            .wrongKind, "the fields of a record come from a record, not \(value.article)",
            help: "write {...record, name: value}"), at: node.range)
      }
      fields.merge(others) { $1 }
    }
    return .record(fields)
  }
}

final class TemplateNode: ExpressionNode {
  enum Part {
    case text(String)
    case value(ExpressionNode, FormatSpecification?)
  }

  let parts: [Part]

  init(_ parts: [Part], _ range: SourceRange) {
    self.parts = parts
    super.init(range)
  }

  override func evaluate(_ frame: Frame) throws -> Value {
    var text = ""
    for part in parts {
      switch part {
      case .text(let piece): text += piece
      case .value(let node, let format):
        let value = try node.evaluate(frame)
        guard let format else {
          text += value.plainText
          continue
        }
        do throws(ErrorReport) {
          text += try format.format(value)
        } catch {
          throw RuntimeFailure(error, at: node.range)
        }
      }
    }
    return .string(text)
  }
}

/// `[x^2 for x in xs if x > 0]`.
final class ComprehensionNode: ExpressionNode {
  let element: ExpressionNode
  let target: TargetNode
  let sequence: ExpressionNode
  let filter: ExpressionNode?

  init(
    _ element: ExpressionNode, _ target: TargetNode, _ sequence: ExpressionNode, filter: ExpressionNode?,
    _ range: SourceRange
  ) {
    self.element = element
    self.target = target
    self.sequence = sequence
    self.filter = filter
    super.init(range)
  }

  override func evaluate(_ frame: Frame) throws -> Value {
    var values: [Value] = []
    let iteration = try Iteration(sequence, as: target, frame)
    // A bound on what is set aside: `break` does not exist here, but an error or an interruption does.
    if filter == nil { values.reserveCapacity(min(iteration.count, 1 << 16)) }
    try iteration.forEach(frame, sequence) {
      if try filter?.condition(frame) ?? true { values.append(try element.evaluate(frame)) }
      return true
    }
    return .list(values)
  }
}
