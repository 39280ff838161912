import Checkpoints
import TVSLanguage
import Tensors

extension TensorBuiltins {
  /// Tensors from numbers, and from chance.
  static let creation: [Builtin] = [
    Builtin(
      "tensor", topic: "tensor", summary: "Makes a tensor of numbers and nested lists.",
      parameters: [
        Parameter("list", "list", "tensor", "number", "bool", help: "numbers or truth values, nested to any depth"),
        dtype,
      ],
      returns: "tensor",
      details: """
        The lists at one depth must have one length. Numbers become float64, so that tensor([0.1])[0] == 0.1; truth \
        values become a mask, which selects when it indexes. Values are copied when they are changed: a tensor that was \
        handed on never changes under its owner.
        """,
      examples: [
        .init("tensor([[1, 2], [3, 4]])", shows: "tensor 2×2 float64\n  1  2\n  3  4"),
        .init("tensor([0.1])[0] == 0.1", shows: "true"),
        .init("x = tensor([1, -2, 3]); x[x > 0]", shows: "tensor 2 float64\n  1  3"),
      ],
      errors: ["E0402"], seeAlso: ["zeros", "arange", "astype"]
    ) { call in
      let dtype = try TensorArguments.dtype(call)
      let tensor = try tensor(call, "list")
      if !call.isGiven("dtype") { return .native(TensorValue(tensor)) }
      return .native(TensorValue(try reporting { try tensor.converted(to: dtype) }))
    },
    Builtin(
      "astype", topic: "tensor", summary: "The same numbers in another element type.",
      parameters: [input(), Parameter("dtype", "string", help: "\"float64\" or \"float32\"")],
      returns: "tensor",
      details: "An operation on float32 and float64 gives float64; a plain number takes on the tensor's type.",
      examples: [.init("astype(arange(3), \"float32\").dtype", shows: "\"float32\"")], seeAlso: ["tensor"]
    ) { call in
      let dtype = try TensorArguments.dtype(call)
      let tensor = try tensor(call)
      return try result { try tensor.converted(to: dtype) }
    },
    filled("zeros", 0, "A tensor of zeros."), filled("ones", 1, "A tensor of ones."),
    Builtin(
      "full", topic: "tensor", summary: "A tensor with every element equal to one number.",
      parameters: [
        Parameter("shape", "integer", "list", help: "the length of each axis, as a list"),
        Parameter("value", "number", help: "what every element is"), dtype,
      ],
      returns: "tensor", examples: [.init("full([2, 2], 7)", shows: "tensor 2×2 float64\n  7  7\n  7  7")],
      errors: ["E0401"], seeAlso: ["zeros", "ones"]
    ) { call in
      let shape = try integers(call["shape"], "shape")
      let value = call["value"].numberValue ?? 0
      let dtype = try TensorArguments.dtype(call)
      return try result { try Tensor(repeating: value, shape: shape, dtype: dtype) }
    },
    Builtin(
      "eye", topic: "tensor", summary: "The identity matrix.",
      parameters: [Parameter("n", "integer", help: "rows and columns")], returns: "tensor",
      examples: [.init("eye(2)", shows: "tensor 2×2 float64\n  1  0\n  0  1")], seeAlso: ["zeros"]
    ) { call in
      let n = TensorArguments.integer(call, "n") ?? 0
      guard n >= 0 else { throw ErrorReport(.invalidArgument, "a length cannot be \(n)", argument: "n") }
      guard n < 1 << 31 else {
        return try result {
          throw TensorError.tooLarge(bytes: 8 * Double(n) * Double(n), available: MemoryBudget.available)
        }
      }
      return try result { try Tensor.identity(n) }
    },
    Builtin(
      "arange", topic: "tensor", summary: "Numbers at equal steps, the end left out.",
      parameters: [
        Parameter("a", "number", help: "the first number, or the end when it stands alone"),
        Parameter("b", "number", presence: .optional("a, counting from 0"), help: "the end, which is left out"),
        Parameter("step", "number", presence: .defaults(.number(1)), help: "the distance between neighbours"),
      ],
      returns: "tensor",
      examples: [
        .init("arange(4)", shows: "tensor 4 float64\n  0  1  2  3"),
        .init("arange(1, 2, 0.25)", shows: "tensor 4 float64\n  1.00  1.25  1.50  1.75"),
      ],
      seeAlso: ["linspace", "range"]
    ) { call in
      let a = call["a"].numberValue ?? 0
      let (first, end) = call.isGiven("b") ? (a, call["b"].numberValue ?? 0) : (0, a)
      let step = call["step"].numberValue ?? 1
      guard step != 0, step.isFinite else {
        throw ErrorReport(.invalidArgument, "a step cannot be \(NumberText.shortest(step))", argument: "step")
      }
      let count = max(0, ((end - first) / step).rounded(.up))
      guard count < 1e15 else {
        throw ErrorReport(.tooLarge, "the result would take \(NumberText.bytes(count * 8))", help: "take larger steps")
      }
      return try result { try Tensor.progression(first: first, step: step, count: Int(count)) }
    },
    Builtin(
      "linspace", topic: "tensor", summary: "A given number of points at equal distances, both ends included.",
      parameters: [
        Parameter("a", "number", help: "the first point"), Parameter("b", "number", help: "the last point"),
        Parameter("n", "integer", presence: .defaults(.number(50)), help: "how many points"),
      ],
      returns: "tensor", examples: [.init("linspace(0, 1, 3)", shows: "tensor 3 float64\n  0.0  0.5  1.0")],
      seeAlso: ["arange"]
    ) { call in
      let (a, b) = (call["a"].numberValue ?? 0, call["b"].numberValue ?? 0)
      let n = TensorArguments.integer(call, "n") ?? 0
      guard n >= 0 else { throw ErrorReport(.invalidArgument, "the number of points cannot be \(n)", argument: "n") }
      return try result {
        let step = n > 1 ? (b - a) / Double(n - 1) : 0
        var points = try Tensor.progression(first: a, step: step, count: n)
        if n > 1 { try points.assign(Tensor(scalar: b), to: [.position(-1)]) }
        return points
      }
    },
  ]

  private static func filled(_ name: String, _ value: Double, _ summary: String) -> Builtin {
    let entry = NumberText.shortest(value)
    return Builtin(
      name, topic: "tensor", summary: summary, parameters: [shape, dtype], returns: "tensor",
      examples: [
        .init(
          "\(name)(2, 3)", shows: "tensor 2×3 float64\n  \(entry)  \(entry)  \(entry)\n  \(entry)  \(entry)  \(entry)")
      ],
      errors: ["E0401"], seeAlso: ["full", "eye", "randn"].filter { $0 != name }
    ) { call in
      let shape = try TensorArguments.newShape(call)
      let dtype = try TensorArguments.dtype(call)
      return try result { try Tensor(repeating: value, shape: shape, dtype: dtype) }
    }
  }

  /// Random tensors. What a call gives depends on the seed and on the shape asked for, not on calls before it.
  static let random: [Builtin] = [
    Builtin(
      "randn", topic: "tensor", summary: "Independent numbers of the normal distribution with mean 0 and variance 1.",
      parameters: [shape, seed, dtype], returns: "tensor", details: randomDetails,
      examples: [
        .init("same(randn(3, seed=1), randn(3, seed=1))", shows: "true"),
        .init("same(randn(3, seed=1), randn(3, seed=2))", shows: "false"), .init("randn(2, 3, seed=7)"),
      ],
      seeAlso: ["uniform", "randint", "seed"]
    ) { call in
      let shape = try TensorArguments.newShape(call)
      let stream = try stream(call, shape)
      return switch try TensorArguments.dtype(call) {
      case .float64: try result { try Tensor(float64: shape) { stream.fillGaussian($0, count: $1) } }
      case .float32: try result { try Tensor(float32: shape) { stream.fillGaussian($0, count: $1) } }
      }
    },
    Builtin(
      "uniform", topic: "tensor", summary: "Independent numbers, equally likely everywhere in an interval.",
      parameters: [
        shape, Parameter("low", "number", presence: .defaults(.number(0)), byNameOnly: true, help: "the least number"),
        Parameter("high", "number", presence: .defaults(.number(1)), byNameOnly: true, help: "the end, never reached"),
        seed, dtype,
      ],
      returns: "tensor", details: randomDetails,
      examples: [.init("x = uniform(1000, low=-1, high=1, seed=3); min(x) >= -1 and max(x) < 1", shows: "true")],
      seeAlso: ["randn", "randint"]
    ) { call in
      let shape = try TensorArguments.newShape(call)
      let stream = try stream(call, shape)
      let (low, high) = (call["low"].numberValue ?? 0, call["high"].numberValue ?? 1)
      return switch try TensorArguments.dtype(call) {
      case .float64:
        try result { try Tensor(float64: shape) { stream.fillUniform($0, count: $1, low: low, high: high) } }
      case .float32:
        try result {
          try Tensor(float32: shape) { stream.fillUniform($0, count: $1, low: Float(low), high: Float(high)) }
        }
      }
    },
    Builtin(
      "randint", topic: "tensor", summary: "Independent whole numbers, every one equally likely.",
      parameters: [
        shape, Parameter("low", "integer", presence: .defaults(.number(0)), byNameOnly: true, help: "the least number"),
        Parameter("high", "integer", presence: .defaults(.number(2)), byNameOnly: true, help: "the end, never reached"),
        seed,
      ],
      returns: "tensor", details: randomDetails,
      examples: [.init("x = randint(100, high=6, seed=1); min(x) >= 0 and max(x) <= 5", shows: "true")],
      errors: ["E0209"], seeAlso: ["randn", "uniform"]
    ) { call in
      let shape = try TensorArguments.newShape(call)
      let stream = try stream(call, shape)
      let low = TensorArguments.integer(call, "low") ?? 0
      let high = TensorArguments.integer(call, "high") ?? 2
      let (width, overflow) = high.subtractingReportingOverflow(low)
      guard width > 0, !overflow else {
        throw ErrorReport(.invalidArgument, "there is no whole number from \(low) below \(high)", argument: "high")
      }
      return try result {
        try Tensor(float64: shape) { out, count in
          for index in 0..<count {
            if index & 0xFFFF == 0 { try Cancellation.check() }
            out[index] = Double(low + stream.integer(at: UInt64(index), below: width))
          }
        }
      }
    },
  ]

  private static let randomDetails = """
    The numbers depend on the seed, on the function and on the shape, never on earlier draws or on threads: the same \
    call gives the same numbers again. Give another seed for other numbers. Generator: Philox4x32-10.
    """

  private static func stream(_ call: Call, _ shape: [Int]) throws -> RandomStream {
    RandomStream(
      seed: try TensorArguments.seed(call), purpose: call.builtin.name,
      name: shape.map(String.init).joined(separator: ","))
  }
}
