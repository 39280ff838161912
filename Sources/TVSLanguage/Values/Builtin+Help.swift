extension Builtin {
  /// How it is called, such as `train(model, data, *, steps, lr=0.001, warmup)`.
  public var signature: String {
    var parts: [String] = []
    var passedStar = false
    for parameter in parameters {
      if case .rest = parameter.presence {
        parts.append(parameter.name + "…")
        passedStar = true
        continue
      }
      if parameter.byNameOnly, !passedStar {
        parts.append("*")
        passedStar = true
      }
      if case .defaults(let value) = parameter.presence {
        parts.append("\(parameter.name)=\(value.literal)")
      } else {
        parts.append(parameter.name)
      }
    }
    return "\(name)(\(parts.joined(separator: ", ")))"
  }

  /// One screen of help: what it does, its parameters, one example.
  ///
  /// - Parameter long: whether details, all examples and errors follow, as `??name` asks.
  public func help(long: Bool = false) -> String {
    var lines = ["\(signature) → \(returns)", "  \(summary)"]
    if !parameters.isEmpty {
      lines.append("")
      let width = parameters.map(\.name.count).max() ?? 0
      lines += parameters.map { "  " + $0.name + String(repeating: " ", count: width - $0.name.count) + "  " + $0.line }
    }
    if long, !details.isEmpty {
      lines.append("")
      lines += details.split(separator: "\n", omittingEmptySubsequences: false).map { $0.isEmpty ? "" : "  " + $0 }
    }
    let shown = long ? examples[...] : examples.prefix(1)
    if !shown.isEmpty {
      lines.append("")
      for example in shown {
        lines += example.code.split(separator: "\n").map { "  tvs> " + $0 }
        lines += (example.shows ?? "").split(separator: "\n").map { "  " + $0 }
      }
    }
    if long, !errors.isEmpty { lines += ["", "  errors: " + errors.joined(separator: ", ")] }
    if !seeAlso.isEmpty { lines += ["", "  see also: " + seeAlso.joined(separator: ", ")] }
    return lines.joined(separator: "\n")
  }
}

extension Parameter {
  /// `number, 0.001 if left out: the learning rate`.
  fileprivate var line: String {
    var line = kinds.joined(separator: " or ")
    switch presence {
    case .required: break
    case .defaults(let value): line += (line.isEmpty ? "" : ", ") + value.literal + " if left out"
    case .optional(let text):
      line += (line.isEmpty ? "" : ", ") + (text.isEmpty ? "may be left out" : text + " if left out")
    case .rest: line += (line.isEmpty ? "" : ", ") + "any number of them"
    }
    return line.isEmpty ? help : help.isEmpty ? line : line + ": " + help
  }
}

extension FunctionValue {
  /// One screen of help about the function, from its record or its doc comment.
  ///
  /// - Parameter long: whether all of it is shown.
  public func help(long: Bool = false) -> String {
    if let builtin { return builtin.help(long: long) }
    var lines = [signature]
    if let documentation {
      let text = long ? documentation.text : documentation.summary
      lines += text.split(separator: "\n", omittingEmptySubsequences: false).map { $0.isEmpty ? "" : "  " + $0 }
      for example in long ? documentation.examples[...] : documentation.examples.prefix(1) {
        lines += ["", "  tvs> " + example.code]
        lines += (example.shows ?? "").split(separator: "\n").map { "  " + $0 }
      }
    } else if let range = definition {
      lines.append("  defined at \(range.place); a ## comment straight above it would stand here")
    }
    return lines.joined(separator: "\n")
  }
}
