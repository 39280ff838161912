import Checkpoints
import OrderedCollections
import TVSLanguage
import Tensors

/// The builtins of the chapter `statistics`, beside `mean`, `std`, `var` and `median`, which have
/// records for numbers and tensors alike in `CoreReductions.swift`.
public enum StatisticsBuiltins {
  /// All of them.
  public static let all: [Builtin] = [quantile, corr, bootstrap, histogram]

  private static let x = TensorBuiltins.input("x", "a tensor, or a list of numbers")

  private static let quantile = Builtin(
    "quantile", topic: "statistics", summary: "The value below which a share of the elements lies.",
    parameters: [
      x, Parameter("q", "number", "list", "tensor", help: "a share from 0 to 1, or several"),
      Parameter(
        "axis", "integer", presence: .optional("all elements"),
        help: "the axis to work along; several shares take its place"),
    ],
    returns: "number", details: "Interpolated linearly between neighbours, as NumPy does by default.",
    examples: [
      .init("quantile([0, 10], 0.25)", shows: "2.5"),
      .init("quantile(arange(101), [0.05, 0.95])", shows: "tensor 2 float64\n   5  95"),
    ],
    errors: ["E0209", "E0402"], seeAlso: ["median", "histogram"]
  ) { call in
    let tensor = try TensorBuiltins.tensor(call)
    let shares = try TensorArguments.tensor(from: call["q"], argument: "q")
    for share in shares.doubles where !(0...1).contains(share) {
      throw ErrorReport(
        .invalidArgument, "a share lies between 0 and 1; \(NumberText.shortest(share)) does not", argument: "q")
    }
    return try TensorBuiltins.result {
      let axis = TensorArguments.integer(call, "axis")
      let lanes = axis == nil ? try tensor.reshaped([tensor.count]) : tensor
      let found = try lanes.quantiles(shares.doubles, axis: axis ?? 0)
      if shares.rank > 0 { return found }
      return try found.selecting(
        [AxisIndex](repeating: .slice(from: nil, to: nil, step: nil), count: try lanes.axis(axis ?? 0, "quantile"))
          + [.position(0)])
    }
  }

  private static let corr = Builtin(
    "corr", topic: "statistics", summary: "Pearson's correlation, with its interval and what chance gives.",
    parameters: [TensorBuiltins.input("x", "numbers"), TensorBuiltins.input("y", "as many numbers")],
    returns: "measure",
    details: """
      The interval holds 95 % (Fisher's z: tanh(atanh r ± 1.96/√(n − 3))). Chance is the mean of |r| between \
      independent normal data of this size, Γ((n−1)/2)/(√π Γ(n/2)).
      """,
    examples: [
      .init("corr([1, 2, 3, 4], [1, 2, 3, 5]).value > 0.98", shows: "true"),
      .init("corr(randn(50, seed=1), randn(50, seed=2))"),
    ],
    errors: ["E0402", "E0503"], seeAlso: ["bootstrap", "cos"]
  ) { call in
    let (x, y) = (try TensorBuiltins.tensor(call, "x"), try TensorBuiltins.tensor(call, "y"))
    guard x.count == y.count else {
      throw ErrorReport(
        .shape, "corr takes pairs: there are \(x.count) and \(y.count) numbers", argument: "y")
    }
    guard x.count >= 3 else {
      throw ErrorReport(.degenerate, "a correlation needs at least three pairs, not \(x.count)")
    }
    guard let measure = Statistics.correlation(x.doubles, y.doubles) else {
      throw ErrorReport(.degenerate, "a side that does not vary has no correlation")
    }
    return .native(MeasureValue(measure))
  }

  private static let bootstrap = Builtin(
    "bootstrap", topic: "statistics", summary: "A statistic with the interval that resampling gives.",
    parameters: [
      Parameter("x", "tensor", "list", help: "the sample: a list, or a tensor whose first axis is resampled"),
      Parameter("f", "function", help: "the statistic: a function of a sample that gives a number"),
      Parameter("n", "integer", presence: .defaults(.number(1000)), byNameOnly: true, help: "how many resamples"),
      Parameter(
        "level", "number", presence: .defaults(.number(0.95)), byNameOnly: true,
        help: "the share that the interval holds"),
      TensorBuiltins.seed,
    ],
    returns: "measure",
    details: "Percentile interval (Efron): f of n samples drawn with replacement, and the quantiles of what it gives.",
    examples: [
      .init(
        "m = bootstrap(randn(200, seed=1), mean, n=200, seed=1); m.low < m.value and m.value < m.high", shows: "true")
    ],
    errors: ["E0202", "E0503"], seeAlso: ["quantile", "mean", "corr"]
  ) { call in
    guard case .function(let function) = call["f"] else { return .nil }
    let count = TensorArguments.integer(call, "n") ?? 1000
    let level = call["level"].numberValue ?? 0.95
    guard count > 0 else { throw ErrorReport(.invalidArgument, "there must be resamples", argument: "n") }
    guard level > 0, level < 1 else {
      throw ErrorReport(.invalidArgument, "the level lies between 0 and 1", argument: "level")
    }
    let stream = RandomStream(seed: try TensorArguments.seed(call), purpose: "bootstrap")
    let sample = call["x"]
    let size: Int
    switch sample {
    case .list(let items): size = items.count
    case .native(let native): size = native.length ?? 0
    default: size = 0
    }
    guard size > 0 else { throw ErrorReport(.degenerate, "there is nothing to resample", argument: "x") }

    func statistic(_ sample: Value) throws -> Double {
      let result = try call.session.apply(function, to: [sample])
      guard let number = result.numberValue else {
        throw ErrorReport(.wrongKind, "the statistic gave \(result.article), not a number", argument: "f")
      }
      return number
    }
    let activity = Activity("bootstrap", total: count)
    defer { activity.finish() }
    let value = try statistic(sample)
    var values: [Double] = []
    for index in 0..<count {
      let chosen = stream.substream(UInt64(index)).integers(count: size, below: size)
      switch sample {
      case .list(let items): values.append(try statistic(.list(chosen.map { items[$0] })))
      case .native(let native):
        guard let tensor = (native as? TensorValue)?.tensor else { return .nil }
        let drawn = try reporting { try tensor.selecting([.positions(chosen, shape: [size])]) }
        values.append(try statistic(.native(TensorValue(drawn))))
      default: return .nil
      }
      try activity.advance()
    }
    values.sort()
    let tail = (1 - level) / 2
    return .native(
      MeasureValue(
        Measure(
          value, low: Statistics.quantile(sorted: values, tail), high: Statistics.quantile(sorted: values, 1 - tail))))
  }

  private static let histogram = Builtin(
    "histogram", topic: "statistics", summary: "How many elements lie in each of equal intervals.",
    parameters: [
      x, Parameter("bins", "integer", presence: .defaults(.number(10)), help: "how many intervals"),
      Parameter(
        "low", "number", presence: .optional("the least element"), byNameOnly: true, help: "where the first begins"),
      Parameter(
        "high", "number", presence: .optional("the largest element"), byNameOnly: true, help: "where the last ends"),
    ],
    returns: "table",
    details: "Columns low, high, count and share. An interval holds its lower end; the last one holds both.",
    examples: [
      .init(
        "histogram([1, 2, 2, 4], 3)",
        shows: """
          low  high  count  share
            1     2      1   0.25
            2     3      2   0.50
            3     4      1   0.25
          """)
    ],
    errors: ["E0209", "E0402"], seeAlso: ["quantile", "histogram_plot"]
  ) { call in
    let tensor = try TensorBuiltins.tensor(call)
    let bins = TensorArguments.integer(call, "bins") ?? 10
    guard bins > 0, bins <= 1_000_000 else {
      throw ErrorReport(.invalidArgument, "there cannot be \(bins) intervals", argument: "bins")
    }
    let numbers = tensor.doubles.filter { !$0.isNaN }
    var low = call["low"].numberValue ?? numbers.min() ?? 0
    var high = call["high"].numberValue ?? numbers.max() ?? 1
    guard low <= high, low.isFinite, high.isFinite else {
      throw ErrorReport(
        .invalidArgument, "there are no intervals from \(NumberText.shortest(low)) to \(NumberText.shortest(high))")
    }
    if low == high { (low, high) = (low - 0.5, high + 0.5) }
    let width = (high - low) / Double(bins)
    var counts = [Int](repeating: 0, count: bins)
    for (index, number) in numbers.enumerated() where number >= low && number <= high {
      if index & 0xFFFF == 0 { try Cancellation.check() }
      counts[min(bins - 1, Int((number - low) / width))] += 1
    }
    let total = Double(max(1, numbers.count))
    func column(_ value: (Int) -> Double) -> [Value] { (0..<bins).map { .number(value($0)) } }
    return .native(
      TableValue(columns: [
        "low": column { low + Double($0) * width },
        "high": column { $0 == bins - 1 ? high : low + Double($0 + 1) * width },
        "count": column { Double(counts[$0]) }, "share": column { Double(counts[$0]) / total },
      ]))
  }
}
