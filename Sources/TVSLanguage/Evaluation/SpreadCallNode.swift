/// `f(...xs, ...options)`: the elements of a list by position, the fields of a record by name.
final class SpreadCallNode: ExpressionNode {
  let callee: ExpressionNode
  let arguments: [CallNode.Item]

  init(_ callee: ExpressionNode, _ arguments: [CallNode.Item], _ range: SourceRange) {
    self.callee = callee
    self.arguments = arguments
    super.init(range)
  }

  override func evaluate(_ frame: Frame) throws -> Value {
    let target = LiteralNode(try callee.evaluate(frame), callee.range)
    var items: [CallNode.Item] = []
    for argument in arguments {
      if let spread = argument.value as? SpreadNode {
        try append(spread, to: &items, frame)
      } else {
        let value = try argument.value.evaluate(frame)
        items.append(.init(name: argument.name, nameRange: argument.nameRange, value: literal(value, argument.value)))
      }
    }
    // How many arguments there are shows only now.
    return try CallNode(target, items, range).evaluate(frame)
  }

  private func append(_ spread: SpreadNode, to items: inout [CallNode.Item], _ frame: Frame) throws {
    let value = try spread.sequence.evaluate(frame)
    if case .record(let fields) = value {
      for (name, field) in fields {
        items.append(.init(name: name, nameRange: spread.range, value: literal(field, spread)))
      }
      return
    }
    let elements = try Iteration.elements(of: value, pairs: false, frame, spread.sequence.range)
    if !elements.isEmpty, items.contains(where: { $0.name != nil }) {
      throw RuntimeFailure(
        ErrorReport(
          .arity, "arguments by position follow one by name", help: "arguments by position come first"),
        at: spread.range)
    }
    for element in elements { items.append(.init(name: nil, nameRange: spread.range, value: literal(element, spread))) }
  }

  private func literal(_ value: Value, _ node: ExpressionNode) -> LiteralNode { LiteralNode(value, node.range) }
}
