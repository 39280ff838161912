import TVSLanguage
import TaskGeometry
import Tensors
import Transformers

extension GeometryBuiltins {
  /// Estimates of planes: their ceilings, and sketches of gradients too long to keep.
  static let sketches: [Builtin] = [ceiling, sketch]

  static let byParameter = Parameter(
    "by", "string", presence: .optional("the whole space"), byNameOnly: true,
    help: "\"block\" or \"segment\" for a table with a row for each"
  ).offering { ["block", "segment"] }

  /// What `r` and `share` ask of a plane.
  static func planeDimension(_ call: Call) throws -> PlaneDimension {
    if call.isGiven("share") {
      if call.isGiven("r") {
        throw ErrorReport(.invalidArgument, "r and share both say how many directions", argument: "share")
      }
      return .share(try call.number("share"))
    }
    if case .string(let name) = call["r"] {
      guard let dimension = PlaneDimension(named: name) else {
        throw ErrorReport(
          .unknownChoice, "there is no r=\"\(name)\"",
          help: "it is a whole number, or \"r90\" for the directions that hold 90 % of the gradients", argument: "r")
      }
      return dimension
    }
    return .fixed(try call.integer("r"))
  }

  /// The overlap of two subspaces, block by block if `by` says so.
  static func overlap(_ u: Subspace, _ v: Subspace, _ call: Call) throws -> Value {
    guard call.isGiven("by") else { return measure(try u.overlap(v)) }
    let isSegment = try GeometryArguments.choice(call, "by", ["block", "segment"]) == "segment"
    let rows = try u.overlap(v, blocks: isSegment ? u.space.layout.segments.map(\.name) : nil)
    return .native(
      TableValue(
        names: ["block", "overlap", "chance", "dim", "ambient", "share_U", "share_V"],
        rows: rows.map { row in
          [
            .string(row.block), row.overlap.map { .number($0.value) } ?? .nil,
            (row.overlap?.chance).map { .number($0) } ?? .nil,
            .number(Double(min(row.dimensions.first, row.dimensions.second))),
            .number(Double(row.dimensions.ambient)), .number(row.shares.first), .number(row.shares.second),
          ]
        }))
  }

  private static let ceiling = Builtin(
    "ceiling", topic: "geometry", summary: "The split-half ceiling: how well a task's plane agrees with itself.",
    parameters: [
      Parameter("model", "model", help: "where the gradients are taken"), Parameter("data", "data", help: "whose loss"),
      dimensionParameter, shareParameter, batchesParameter(32), batchParameter(32), seedParameter, byParameter,
    ],
    returns: "measure",
    details: """
      The overlap of two planes of one task at one model, from disjoint minibatches, as many for each: the most that an \
      overlap with any other plane estimated this way can mean. With by= a table as of overlap. It takes 2·batches \
      gradients. With r="r90" the first plane decides the dimension of both.
      """,
    examples: [
      .init(
        exampleModel + "; c = ceiling(m, task(\"copy\", length=3), r=2, batches=4, batch=4, seed=1); c > c.chance",
        shows: "true")
    ],
    errors: ["E0209", "E0401", "E0503"], seeAlso: ["plane", "overlap", "drift"]
  ) { call in
    let batches = try call.integer("batches")
    func plane(_ first: Int, _ dimension: PlaneDimension) throws -> Subspace {
      var sample = try GradientSample(
        call.model(), on: call.data(), batches: batches, batch: call.integer("batch"), seed: TensorArguments.seed(call),
        first: first, activity: "ceiling")
      return try sample.reduceToPlane(dimension)
    }
    let first = try plane(0, planeDimension(call))
    return try overlap(first, plane(batches, .fixed(first.dimension)), call)
  }

  private static let sketch = Builtin(
    "sketch", topic: "geometry",
    summary: "Gradients of which only short sketches are kept, for models too large for more.",
    parameters: [
      Parameter("model", "model", help: "where the gradients are taken"), Parameter("data", "data", help: "whose loss"),
      Parameter(
        "size", "integer", presence: .defaults(.number(8192)), byNameOnly: true, help: "numbers kept of each gradient"),
      batchesParameter(32), batchParameter(32), seedParameter,
      Parameter(
        "sketch_seed", "integer", presence: .defaults(.number(0)), byNameOnly: true,
        help: "how entries are thrown together; sketches compare when it agrees"),
    ],
    returns: "sketch",
    details: """
      A count-sketch (Charikar, Chen and Farach-Colton, 2002): entry i of a gradient is added with a random sign to one of \
      size buckets; both are functions of sketch_seed and i. Gradients are taken one at a time and dropped, so that memory \
      is one gradient and m·size numbers. Inner products are estimated without bias, with a standard deviation of about \
      √(1/size) of the lengths.
      The field error is the root mean square of ‖Sg‖²/‖g‖² − 1 on these very gradients, beside √(2/size). erank(sketch) \
      has as its chance the rank of white noise of the same lengths in the same sketch: a rank that is not below it is the \
      sketch's and not the task's. overlap(a, b, r=16) compares two planes, with a chance of r/size; \
      drift(run, data, sketch=size) follows one. A size of many times the number of minibatches, and many times r, is needed.
      """,
    examples: [
      .init(
        exampleModel
          + "; s = sketch(m, task(\"copy\", length=3), size=512, batches=4, batch=4, seed=1); [len(s), s.size]",
        shows: "[4, 512]"),
      .init(
        exampleModel + "; t = task(\"copy\", length=3); s = sketch(m, t, size=1024, batches=8, batch=4, seed=1)\n"
          + "abs(erank(s) - erank(m, t, batches=8, batch=4, seed=1)) <= 1", shows: "true"),
    ],
    errors: ["E0209", "E0401", "E0502"], seeAlso: ["erank", "overlap", "drift", "plane"]
  ) { call in
    let seed = try call.integer("sketch_seed")
    guard let sketchSeed = UInt64(exactly: seed) else {
      throw ErrorReport(
        .invalidArgument, "a seed is a whole number from 0, not \(seed)", argument: "sketch_seed")
    }
    return .native(
      SketchValue(
        try GradientSketch(
          call.model(), on: call.data(), size: call.integer("size"), batches: call.integer("batches"),
          batch: call.integer("batch"), seed: TensorArguments.seed(call), sketchSeed: sketchSeed)))
  }

  static let dimensionParameter = Parameter(
    "r", "integer", "string", presence: .defaults(.number(16)), byNameOnly: true,
    help: "the dimension, at most the number of minibatches; \"r90\" for what holds 90 % of them")

  static let shareParameter = Parameter(
    "share", "number", presence: .optional("r decides"), byNameOnly: true,
    help: "as many directions as hold this share of the gradients, in place of r")
}
