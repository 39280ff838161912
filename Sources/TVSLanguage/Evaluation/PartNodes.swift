final class SubscriptNode {
  enum Kind {
    case value(ExpressionNode)
    case slice(from: ExpressionNode?, to: ExpressionNode?, step: ExpressionNode?)
  }

  let kind: Kind
  let range: SourceRange

  init(_ kind: Kind, _ range: SourceRange) {
    self.kind = kind
    self.range = range
  }

  func evaluate(_ frame: Frame) throws -> Subscript {
    switch kind {
    case .value(let node): return .value(try node.evaluate(frame))
    case .slice(let from, let to, let step):
      return .slice(from: try bound(from, frame), to: try bound(to, frame), step: try bound(step, frame))
    }
  }

  private func bound(_ node: ExpressionNode?, _ frame: Frame) throws -> Int? {
    guard let node else { return nil }
    let value = try node.evaluate(frame)
    if case .nil = value { return nil }
    guard let whole = value.wholeNumber else {
      throw RuntimeFailure(
        ErrorReport(
          .wrongKind,
          "the bounds of a slice are whole numbers, not \(value.numberValue.map(NumberText.shortest) ?? value.article)"),
        at: node.range)
    }
    return whole
  }
}

final class IndexNode: ExpressionNode {
  let base: ExpressionNode
  let subscripts: [SubscriptNode]

  init(_ base: ExpressionNode, _ subscripts: [SubscriptNode], _ range: SourceRange) {
    self.base = base
    self.subscripts = subscripts
    super.init(range)
  }

  override func evaluate(_ frame: Frame) throws -> Value {
    let value = try base.evaluate(frame)
    if subscripts.count == 1, case .value(let node) = subscripts[0].kind {
      let index = try node.evaluate(frame)
      if case .list(let elements) = value, case .number(let number) = index, let position = Int(exactly: number),
        position >= 0, position < elements.count
      {
        return elements[position]
      }
      return try element(of: value, [.value(index)], frame)
    }
    var evaluated: [Subscript] = []
    for item in subscripts { evaluated.append(try item.evaluate(frame)) }
    return try element(of: value, evaluated, frame)
  }

  private func element(of value: Value, _ evaluated: [Subscript], _ frame: Frame) throws -> Value {
    do {
      return try Indexing.element(of: value, at: evaluated)
    } catch {
      throw frame.interpreter.located(error, at: range) { [subscripts, base] argument in
        argument == "subscripts" ? subscripts.spannedRange : argument == "base" ? base.range : nil
      }
    }
  }
}

extension [SubscriptNode] {
  /// From the first to the last one.
  var spannedRange: SourceRange? {
    guard let first, let last else { return nil }
    return SourceRange(source: first.range.source, lower: first.range.lower, upper: last.range.upper)
  }
}

final class FieldNode: ExpressionNode {
  let base: ExpressionNode
  let name: String
  let nameRange: SourceRange

  init(_ base: ExpressionNode, _ name: String, _ nameRange: SourceRange, _ range: SourceRange) {
    self.base = base
    self.name = name
    self.nameRange = nameRange
    super.init(range)
  }

  override func evaluate(_ frame: Frame) throws -> Value {
    let value = try base.evaluate(frame)
    do {
      if let field = try Indexing.field(of: value, name) { return field }
    } catch {
      throw frame.interpreter.located(error, at: range) { [nameRange] _ in nameRange }
    }
    throw RuntimeFailure(unknownField(value, frame), at: nameRange)
  }

  private func unknownField(_ value: Value, _ frame: Frame) -> ErrorReport {
    let names = Indexing.fieldNames(of: value)
    var help = Spelling.suggestion(for: name, among: names)
    if help == nil, frame.interpreter.hasBuiltin(name) {
      help = "functions are written before their argument: \(name)(\(base.range.text))"
    }
    if help == nil { help = Habits.names[name] }
    if help == nil, !names.isEmpty {
      help =
        "its \(value.isModule ? "names" : "fields") are " + names.prefix(12).joined(separator: ", ")
        + (names.count > 12 ? ", …" : "")
    }
    let what = value.isModule ? "the module \(value.literal.dropFirst(7))" : value.article
    return ErrorReport(.unknownField, "\(what) has no \(value.isModule ? "name" : "field") \(name)", help: help)
  }
}

extension Value {
  fileprivate var isModule: Bool { if case .module = self { true } else { false } }
}
