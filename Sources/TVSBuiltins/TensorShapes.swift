import TVSLanguage
import Tensors

extension TensorBuiltins {
  /// Shapes, joins and choices.
  static let shapes: [Builtin] = [
    Builtin(
      "reshape", topic: "tensor", summary: "The same elements in row-major order under another shape.",
      parameters: [input(), shape], returns: "tensor",
      details: "One length may be -1 and is worked out from the others. Nothing is copied.",
      examples: [.init("reshape(arange(6), 2, -1)", shows: "tensor 2×3 float64\n  0  1  2\n  3  4  5")],
      errors: ["E0402"], seeAlso: ["transpose"]
    ) { call in
      let shape = try TensorArguments.shape(call)
      let tensor = try tensor(call)
      return try result { try tensor.reshaped(shape) }
    },
    Builtin(
      "transpose", topic: "tensor", summary: "The axes in another order; without one, reversed.",
      parameters: [
        input(),
        Parameter(
          "order", "integer", "list", presence: .rest, help: "the axes in their new order, one by one or as a list"),
      ],
      returns: "tensor", details: "x.T is the same as transpose(x).",
      examples: [.init("transpose(tensor([[1, 2], [3, 4]]))", shows: "tensor 2×2 float64\n  1  3\n  2  4")],
      errors: ["E0402"], seeAlso: ["reshape"]
    ) { call in
      let order = try TensorArguments.shape(call, "order")
      let tensor = try tensor(call)
      return try result { try tensor.transposed(order.isEmpty ? nil : order) }
    },
    Builtin(
      "concat", topic: "tensor", summary: "Joins tensors along an axis that they have.",
      parameters: [Parameter("list", "list", help: "the tensors; all axes but the joined one agree"), axis(0)],
      returns: "tensor", examples: [.init("concat([ones(2), zeros(1)])", shows: "tensor 3 float64\n  1  1  0")],
      errors: ["E0402"], seeAlso: ["stack", "split_at"]
    ) { call in
      let tensors = try tensors(call, "list")
      return try result { try Tensor.concatenated(tensors, axis: axis(call)) }
    },
    Builtin(
      "stack", topic: "tensor", summary: "Joins tensors of one shape along a new axis.",
      parameters: [
        Parameter("list", "list", help: "the tensors"), axis(0, "where the new axis stands"),
      ],
      returns: "tensor",
      examples: [.init("stack([arange(2), arange(2) + 5])", shows: "tensor 2×2 float64\n  0  1\n  5  6")],
      errors: ["E0402"], seeAlso: ["concat"]
    ) { call in
      let tensors = try tensors(call, "list")
      return try result { try Tensor.stacked(tensors, axis: axis(call)) }
    },
    Builtin(
      "split_at", topic: "tensor", summary: "Cuts a tensor along an axis before the given positions.",
      parameters: [
        input(), Parameter("positions", "list", "integer", help: "where each further part begins"), axis(0),
      ],
      returns: "list",
      examples: [.init("head, tail = split_at(arange(5), [2]); tail", shows: "tensor 3 float64\n  2  3  4")],
      errors: ["E0402"], seeAlso: ["concat"]
    ) { call in
      let positions = try integers(call["positions"], "positions")
      let tensor = try tensor(call)
      return .list(
        try reporting { try tensor.split(at: positions, axis: axis(call)) }.map { .native(TensorValue($0)) })
    },
    Builtin(
      "where", topic: "tensor", summary: "Elements of one tensor where a condition holds, of another elsewhere.",
      parameters: [
        input("condition", "a mask such as x > 0; anything but zero counts as true"),
        Parameter(
          "yes", "tensor", "list", "number", presence: .optional("positions are given instead"),
          help: "taken where the condition holds"),
        Parameter("no", "tensor", "list", "number", presence: .optional("with yes only"), help: "taken elsewhere"),
      ],
      returns: "tensor",
      details: """
        The three are broadcast together. With the condition alone, the positions at which it holds: a tensor of \
        indices for one axis, and a row of indices for each position otherwise.
        """,
      examples: [
        .init("x = tensor([1, -2, 3]); where(x > 0, x, 0)", shows: "tensor 3 float64\n  1  0  3"),
        .init("where(tensor([1, -2, 3]) > 0)", shows: "tensor 2 float64\n  0  2"),
      ],
      errors: ["E0402", "E0205"], seeAlso: ["clip"]
    ) { call in
      let condition = try tensor(call, "condition")
      guard call.isGiven("yes") || call.isGiven("no") else { return try result { try positions(condition) } }
      guard call.isGiven("yes"), call.isGiven("no") else {
        throw ErrorReport(.arity, "where needs both yes and no, or neither", help: "as in where(x > 0, x, 0)")
      }
      let (yes, no) = (try tensor(call, "yes"), try tensor(call, "no"))
      return try result {
        // Plain numbers take on the other branch's type.
        let left = yes.rank == 0 ? try yes.converted(to: no.rank == 0 ? yes.dtype : no.dtype) : yes
        let right = no.rank == 0 ? try no.converted(to: left.dtype) : no
        return try Tensor.select(condition, left, right)
      }
    },
    elementwise(
      "relu", .relu, "The larger of x and 0, elementwise.", ["sigmoid", "tanh"], "relu(tensor([-1, 2]))", "0  2"),
    elementwise("sign", .sign, "The sign, -1, 0 or 1, elementwise.", ["abs"], "sign(tensor([-3, 0, 2]))", "-1   0   1"),
    Builtin(
      "clip", topic: "tensor", summary: "Elements moved into an interval.",
      parameters: [
        input(), Parameter("low", "number", help: "what is smaller becomes this"),
        Parameter("high", "number", help: "what is larger becomes this"),
      ],
      returns: "tensor", examples: [.init("clip(arange(5), 1, 3)", shows: "tensor 5 float64\n  1  1  2  3  3")],
      seeAlso: ["where", "min", "max"]
    ) { call in
      let tensor = try tensor(call)
      let (low, high) = (call["low"].numberValue ?? 0, call["high"].numberValue ?? 0)
      guard low <= high else {
        throw ErrorReport(
          .invalidArgument, "the interval from \(NumberText.shortest(low)) to \(NumberText.shortest(high)) is empty",
          argument: "high")
      }
      return try result {
        let (least, most) = (
          try Tensor(scalar: low).converted(to: tensor.dtype), try Tensor(scalar: high).converted(to: tensor.dtype)
        )
        return try tensor.combined(.maximum, least).combined(.minimum, most)
      }
    },
    Builtin(
      "isnan", topic: "tensor", summary: "Where the elements are not numbers, as a mask.",
      parameters: [input()], returns: "tensor",
      examples: [.init("isnan(tensor([1, nan]))", shows: "tensor 2 bool\n  false   true")], seeAlso: ["where"]
    ) { call in
      let tensor = try tensor(call)
      return try result { try tensor.compared(.notEqual, tensor) }
    },
    softmax("softmax", false, "The exponentials divided by their sum along an axis."),
    softmax("log_softmax", true, "The logarithm of softmax, computed without it."),
  ]

  private static func positions(_ condition: Tensor) throws -> Tensor {
    let found = (0..<condition.count).filter { condition.element($0) != 0 }
    if condition.rank <= 1 { return try Tensor(found.map(Double.init)) }
    var indices: [Double] = []
    for position in found {
      var rest = position
      var row: [Double] = []
      for length in condition.shape.reversed() {
        row.append(Double(rest % length))
        rest /= length
      }
      indices += row.reversed()
    }
    return try Tensor(indices, shape: [found.count, condition.rank])
  }

  private static func elementwise(
    _ name: String, _ function: UnaryFunction, _ summary: String, _ seeAlso: [String], _ example: String,
    _ shows: String
  ) -> Builtin {
    let count = shows.split(separator: " ").count
    return Builtin(
      name, topic: "tensor", summary: summary, parameters: [input()], returns: "tensor",
      examples: [.init(example, shows: "tensor \(count) float64\n  \(shows)")], seeAlso: seeAlso
    ) { call in
      let tensor = try tensor(call)
      return try result { try tensor.map(function) }
    }
  }

  private static func softmax(_ name: String, _ logarithm: Bool, _ summary: String) -> Builtin {
    Builtin(
      name, topic: "tensor", summary: summary, parameters: [input(), axis(-1)], returns: "tensor",
      details: "The largest element is subtracted first, so that nothing overflows.",
      examples: [
        logarithm
          ? .init("log_softmax([0, 0])", shows: "tensor 2 float64\n  -0.6931  -0.6931")
          : .init("softmax([1000, 1000])", shows: "tensor 2 float64\n  0.5  0.5")
      ],
      seeAlso: [logarithm ? "softmax" : "log_softmax", "exp"]
    ) { call in
      let tensor = try tensor(call)
      return try result { try tensor.softmax(axis: axis(call), logarithm: logarithm) }
    }
  }
}
