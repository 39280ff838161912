import OrderedCollections

/// Resolves the names of a tree to the places of their values and builds the nodes that run.
///
/// A name that a function assigns is its own; other names belong to the functions around it, then to the file, then to
/// the builtins. Names that inner functions mention live in cells, the others in slots of the frame.
struct Compiler {
  let source: SourceText
  let scope: ModuleScope
  let builtins: [String: Cell]
  /// Whether expression statements at the top are shown.
  let shows: Bool

  /// The names of a function while it is compiled.
  private final class FunctionScope {
    let parent: FunctionScope?
    var own: [String: Variable] = [:]
    var captured: [String: Int] = [:]
    /// What ``FunctionCode`` will have under the same names.
    private(set) var room = FunctionCode.Room()

    init(_ syntax: FunctionSyntax, parent: FunctionScope?) {
      self.parent = parent
      for name in syntax.assigned {
        if syntax.mentionedInside.contains(name) {
          own[name] = .cell(room.ownCells)
          room.ownCells += 1
        } else {
          own[name] = .slot(room.slots)
          room.slots += 1
        }
      }
    }

    /// A function around another one of which only the captured names are left, in cells in this order.
    init(captured names: [String]) {
      parent = nil
      for (index, name) in names.enumerated() { own[name] = .cell(index) }
    }

    /// The cell of the frame that holds a name of the functions around this one.
    func capture(_ name: String) -> Int? {
      if let cell = captured[name] { return cell }
      guard let parent else { return nil }
      let outer: Int
      if case .cell(let index)? = parent.own[name] {
        outer = index
      } else if parent.own[name] == nil, let index = parent.capture(name) {
        outer = index
      } else {
        return nil
      }
      let cell = room.ownCells + room.captures.count
      room.captures.append(outer)
      room.captureNames.append(name)
      captured[name] = cell
      return cell
    }

    var names: [String] { Array(own.keys) + (parent?.names ?? []) }
  }

  /// Where a statement stands, which decides what becomes of the value of an expression.
  private enum Position {
    /// At the top: shown.
    case top
    /// Last in a function or in a block that gives a value: the result.
    case last
    /// Elsewhere: dropped.
    case inner
  }

  /// The nodes of a whole text.
  func compile(_ statements: [Statement]) throws(Failure) -> StatementNode {
    do throws(Rejected) {
      let nodes = try nodes(statements, nil, shows ? .top : .inner)
      return SequenceNode.joining(nodes[...], source.range(0..<0))
    } catch {
      throw .errors([error.diagnostic])
    }
  }

  /// An error that only shows when names are resolved.
  private struct Rejected: Error { let diagnostic: Diagnostic }

  /// The code of a function that is read back from a session file, within functions that are not there any more.
  func restored(_ syntax: FunctionSyntax, captured names: [String]) throws(Failure) -> FunctionCode {
    do throws(Rejected) {
      return try functionNode(syntax, FunctionScope(captured: names), source.range(syntax.range)).code
    } catch {
      throw .errors([error.diagnostic])
    }
  }

  // MARK: - Statements

  private func nodes(_ statements: [Statement], _ function: FunctionScope?, _ position: Position) throws(Rejected)
    -> [StatementNode]
  {
    var nodes: [StatementNode] = []
    for (index, statement) in statements.enumerated() {
      let isLast = index == statements.count - 1
      nodes.append(try node(statement, function, position == .last && !isLast ? .inner : position))
    }
    return nodes
  }

  private func block(_ block: Block, _ function: FunctionScope?, _ position: Position) throws(Rejected)
    -> StatementNode
  {
    SequenceNode.joining(try nodes(block.statements, function, position)[...], source.range(block.range))
  }

  private func node(_ statement: Statement, _ function: FunctionScope?, _ position: Position) throws(Rejected)
    -> StatementNode
  {
    let range = source.range(statement.range)
    // A loop gives no value, so what stands in it is never last.
    let inLoop: Position = position == .top ? .top : .inner
    switch statement.kind {
    case .expression(let expression):
      let node = try self.node(expression, function)
      switch position {
      case .top: return ShowNode(node)
      case .last: return ResultNode(node, flow: .next, range)
      case .inner: return DiscardNode(node)
      }
    case .assign(let target, let value):
      return AssignNode(try self.target(target, function), try node(value, function), range)
    case .augmentedAssign(let target, let operation, let value, _):
      let node = AugmentedAssignNode(try self.target(target, function), operation, try node(value, function), range)
      guard operation == .add, let name = node.target as? VariableTarget else { return node }
      if let list = node.operand as? ListNode, list.elements.count == 1, !(list.elements[0] is SpreadNode) {
        return AppendNode(name, list.elements[0], general: node)
      }
      return AddNode(name, general: node)
    case .if(let branches, let otherwise):
      return try choice(branches, otherwise, function, position, range)
    case .for(let target, let sequence, let body):
      return ForNode(
        try self.target(target, function), try node(sequence, function), try block(body, function, inLoop), range)
    case .while(let condition, let body):
      return WhileNode(try node(condition, function), try block(body, function, inLoop), range)
    case .break: return LoopExitNode(.broken, range)
    case .continue: return LoopExitNode(.continued, range)
    case .return(let value):
      let node = try optional(value) { (v) throws(Rejected) in try self.node(v, function) }
      return ResultNode(node, flow: .returned, range)
    case .function(let syntax):
      let name = syntax.name ?? ""
      let target = try self.target(Target(range: statement.range, kind: .name(name)), function)
      return AssignNode(target, try functionNode(syntax, function, range), range)
    case .try(let body, let variable, let handler):
      let target = try optional(variable) { (name) throws(Rejected) in
        try self.target(Target(range: statement.range, kind: .name(name)), function)
      }
      return TryNode(try block(body, function, position), target, try block(handler, function, position), range)
    case .assert(let condition, let message):
      let text = try optional(message) { (m) throws(Rejected) in try node(m, function) }
      return AssertNode(try node(condition, function), text, range)
    case .import(let syntax):
      let target = try self.target(Target(range: statement.range, kind: .name(syntax.name)), function)
      return ImportNode(syntax, target, pathRange: source.range(syntax.pathRange), range)
    }
  }

  private func choice(
    _ branches: [Branch], _ otherwise: Block?, _ function: FunctionScope?, _ position: Position, _ range: SourceRange
  ) throws(Rejected) -> StatementNode {
    let last = try optional(otherwise) { (b) throws(Rejected) in try block(b, function, position) }
    var node = last ?? StatementNode(range)
    // From the last one, so that each is the `else` of the one before it; names are resolved in any order.
    for branch in branches.reversed() {
      node = IfNode(
        try self.node(branch.condition, function), try block(branch.block, function, position), otherwise: node, range)
    }
    return node
  }

  private func optional<T, R>(_ value: T?, _ body: (T) throws(Rejected) -> R) throws(Rejected) -> R? {
    guard let value else { return nil }
    return try body(value)
  }

  // MARK: - Targets

  private func target(_ target: Target, _ function: FunctionScope?) throws(Rejected) -> TargetNode {
    let range = source.range(target.range)
    switch target.kind {
    case .name(let name): return variable(name, function, range)
    case .several(let targets):
      var nodes: [TargetNode] = []
      for item in targets { nodes.append(try self.target(item, function)) }
      return SeveralTarget(nodes, range)
    case .index(let base, let subscripts):
      var steps: [PathTarget.Step] = []
      let root = try path(base, function, &steps)
      steps.append(try indexStep(subscripts, function))
      return PathTarget(root, steps, range)
    case .field(let base, let name, let nameRange):
      var steps: [PathTarget.Step] = []
      let root = try path(base, function, &steps)
      steps.append(.field(name, source.range(nameRange)))
      return PathTarget(root, steps, range)
    }
  }

  private func variable(_ name: String, _ function: FunctionScope?, _ range: SourceRange) -> VariableTarget {
    let variable = function?.own[name] ?? .global(scope.cell(name).pointer)
    return VariableTarget(variable, reader: outer(name, function, range), range)
  }

  /// The steps from a name to the value whose part is assigned.
  private func path(_ base: Expression, _ function: FunctionScope?, _ steps: inout [PathTarget.Step]) throws(Rejected)
    -> VariableTarget
  {
    switch base.kind {
    case .name(let name): return variable(name, function, source.range(base.range))
    case .index(let inner, let subscripts):
      let root = try path(inner, function, &steps)
      steps.append(try indexStep(subscripts, function))
      return root
    case .field(let inner, let name, let nameRange):
      let root = try path(inner, function, &steps)
      steps.append(.field(name, source.range(nameRange)))
      return root
    default:
      throw Rejected(
        diagnostic: Diagnostic(
          .syntax, "a part of this value cannot be assigned", range: source.range(base.range),
          help: "give the value a name first"))
    }
  }

  private func indexStep(_ subscripts: [SubscriptSyntax], _ function: FunctionScope?) throws(Rejected)
    -> PathTarget.Step
  {
    let nodes = try self.subscripts(subscripts, function)
    let range = nodes.spannedRange ?? source.range(0..<0)
    return .index(nodes, range)
  }

  // MARK: - Expressions

  private func node(_ expression: Expression, _ function: FunctionScope?) throws(Rejected) -> ExpressionNode {
    let range = source.range(expression.range)
    switch expression.kind {
    case .literal(let value): return LiteralNode(value, range)
    case .name(let name): return reader(name, function, range)
    case .template(let parts): return TemplateNode(try self.parts(parts, function), range)
    case .list(let elements): return ListNode(try nodes(elements, function), range)
    case .spread(let value): return SpreadNode(try node(value, function), range)
    case .record(let entries):
      var compiled: [(String?, ExpressionNode)] = []
      for entry in entries { compiled.append((entry.key, try node(entry.value, function))) }
      return RecordNode(compiled, range)
    case .comprehension(let element, let target, let sequence, let condition):
      let filter = try optional(condition) { (c) throws(Rejected) in try node(c, function) }
      return ComprehensionNode(
        try node(element, function), try self.target(target, function), try node(sequence, function), filter: filter,
        range)
    case .unary(.negate, let operand): return NegationNode(try node(operand, function), range)
    case .unary(.not, let operand): return NotNode(try node(operand, function), range)
    case .binary(let operation, let left, let right, _):
      return BinaryNode(operation, try node(left, function), try node(right, function), range)
    case .comparison(let operands, let operators):
      let compiled = try nodes(operands, function)
      if operators.count == 1, case .relation(let operation) = operators[0] {
        return ComparisonNode(operation, compiled[0], compiled[1], range)
      }
      return ComparisonChainNode(compiled, operators, range)
    case .and(let left, let right):
      return LogicNode(isAnd: true, try node(left, function), try node(right, function), range)
    case .or(let left, let right):
      return LogicNode(isAnd: false, try node(left, function), try node(right, function), range)
    case .call(let callee, let arguments, _):
      var items: [CallNode.Item] = []
      for argument in arguments {
        items.append(
          CallNode.Item(
            name: argument.name, nameRange: source.range(argument.nameRange), value: try node(argument.value, function))
        )
      }
      let callee = try node(callee, function)
      if items.contains(where: { $0.value is SpreadNode }) { return SpreadCallNode(callee, items, range) }
      return PositionalCallNode.fits(items)
        ? PositionalCallNode(callee, items, range) : CallNode(callee, items, range)
    case .index(let base, let subscripts):
      return IndexNode(try node(base, function), try self.subscripts(subscripts, function), range)
    case .field(let base, let name, let nameRange):
      return FieldNode(try node(base, function), name, source.range(nameRange), range)
    case .function(let syntax): return try functionNode(syntax, function, range)
    case .conditional(let branches, let otherwise):
      let statement = try choice(branches, otherwise, function, .last, range)
      return statement.expressed ?? ConditionalNode(statement, range)
    case .tuple, .invalid:
      throw Rejected(
        diagnostic: Diagnostic(
          .syntax, "values in parentheses are not a list", range: range, help: "a list is written [a, b]"))
    }
  }

  private func nodes(_ expressions: [Expression], _ function: FunctionScope?) throws(Rejected) -> [ExpressionNode] {
    var nodes: [ExpressionNode] = []
    for expression in expressions { nodes.append(try node(expression, function)) }
    return nodes
  }

  private func parts(_ parts: [TemplatePart], _ function: FunctionScope?) throws(Rejected) -> [TemplateNode.Part] {
    var result: [TemplateNode.Part] = []
    for part in parts {
      switch part {
      case .text(let text): result.append(.text(text))
      case .expression(let expression, let format): result.append(.value(try node(expression, function), format))
      }
    }
    return result
  }

  private func subscripts(_ subscripts: [SubscriptSyntax], _ function: FunctionScope?) throws(Rejected)
    -> [SubscriptNode]
  {
    var nodes: [SubscriptNode] = []
    for item in subscripts {
      let range = source.range(item.range)
      switch item.kind {
      case .value(let value): nodes.append(SubscriptNode(.value(try node(value, function)), range))
      case .slice(let from, let to, let step):
        let compile = { (e: Expression) throws(Rejected) in try self.node(e, function) }
        let kind = SubscriptNode.Kind.slice(
          from: try optional(from, compile), to: try optional(to, compile), step: try optional(step, compile))
        nodes.append(SubscriptNode(kind, range))
      }
    }
    return nodes
  }

  // MARK: - Names

  /// Reads a name.
  private func reader(_ name: String, _ function: FunctionScope?, _ range: SourceRange) -> ExpressionNode {
    switch function?.own[name] {
    case .slot(let slot): LocalNode(slot: slot, outer: outer(name, function, range), range)
    case .cell(let cell): CapturedNode(cell: cell, outer: outer(name, function, range), range)
    case .global, nil: outer(name, function, range)
    }
  }

  /// Reads a name as it is outside of the function.
  private func outer(_ name: String, _ function: FunctionScope?, _ range: SourceRange) -> ExpressionNode {
    if let function, let cell = function.capture(name) {
      return CapturedNode(cell: cell, outer: global(name, function, range), range)
    }
    return global(name, function, range)
  }

  private func global(_ name: String, _ function: FunctionScope?, _ range: SourceRange) -> ExpressionNode {
    GlobalNode(name, in: scope, builtin: builtins[name], neighbours: function?.names ?? [], range)
  }

  // MARK: - Functions

  private func functionNode(_ syntax: FunctionSyntax, _ outer: FunctionScope?, _ range: SourceRange) throws(Rejected)
    -> FunctionNode
  {
    let inner = FunctionScope(syntax, parent: outer)
    var parameters: [FunctionCode.Parameter] = []
    for parameter in syntax.parameters {
      let standard = try optional(parameter.standard) { (e) throws(Rejected) in try node(e, inner) }
      let text = parameter.standard.map { source.text($0.range) }
      guard let variable = inner.own[parameter.name] else { continue }
      parameters.append(
        FunctionCode.Parameter(
          name: parameter.name, variable: variable, kind: parameter.kind, standard: standard, standardText: text))
    }
    let body: FunctionCode.Body
    switch syntax.body {
    case .block(let statements):
      let block = try block(statements, inner, .last)
      body = block.expressed.map { .expression($0) } ?? .block(block)
    case .expression(let expression): body = .expression(try node(expression, inner))
    }
    let code = FunctionCode(
      name: syntax.name, source.range(syntax.range), syntax.documentation, parameters, inner.room, body, in: scope)
    return FunctionNode(code, range)
  }
}
