import TVSLanguage
import TaskGeometry
import Tensors
import Transformers

extension GeometryBuiltins {
  /// Making, joining and comparing subspaces, and projecting on them.
  static let subspaces: [Builtin] = [
    span, randomSubspace, project, capture, overlap, angles, intersect, complement, deltaW,
  ]

  private static let pairParameters = [
    Parameter("U", "subspace", help: "a subspace"), Parameter("V", "subspace", help: "another one of the same space"),
  ]

  private static let span = Builtin(
    "span", topic: "geometry", summary: "The subspace that displacements span.",
    parameters: [
      Parameter("list", "list", help: "displacements of one space; runs count as their displacement"),
      Parameter(
        "r", "integer", presence: .optional("all that they span"), byNameOnly: true,
        help: "keeps so many directions: those in which they vary most"),
    ],
    returns: "subspace",
    details: """
      The displacements are scaled to unit length, and the eigenvectors of their Gram matrix, accumulated in double, \
      give an orthonormal basis. Directions whose singular value is below 1e-6 of the largest count as dependent; the \
      decision is shown with the subspace and is in its field rank. The displacements are kept, not copied.

      r=16 takes the top sixteen eigenvectors of Σ x xᵀ instead, at the displacements' own lengths and not centred: of \
      gradients that is the task plane, as plane finds it.
      """,
    examples: [
      .init(exampleRun + "; span([run[0:4].displacement, run[4:8].displacement]).dim", shows: "2"),
      .init(exampleRun + "; span(map(range(8), t -> run[t + 1] - run[t]), r=3).dim", shows: "3"),
    ],
    errors: ["E0203", "E0209", "E0503"], seeAlso: ["prefix", "plane", "random_subspace"]
  ) { call in
    guard case .list(let items) = call["list"] else { return .nil }
    let vectors = try items.map { try GeometryArguments.displacement($0, argument: "list") }
    guard let first = vectors.first else {
      throw ErrorReport(.degenerate, "nothing spans no subspace", label: "the list is empty", argument: "list")
    }
    for vector in vectors where vector.space != first.space {
      throw ErrorReport.spaces(first.space, vector.space, kind: "displacement", argument: "list")
    }
    let origins = vectors.map { $0.origin }
    let digest = first.origin?.digest
    let isShared = digest != nil && origins.allSatisfy { $0?.digest == digest }
    let origin = isShared ? first.origin : nil
    if case .number = call["r"] {
      let r = try call.integer("r")
      return .native(
        SubspaceValue(
          try Subspace.leading(
            vectors.map(\.vector), of: first.space, dimension: r, origin: origin,
            source: "top \(r) directions of \(vectors.count) displacements")))
    }
    return .native(
      SubspaceValue(
        try Subspace.spanning(
          vectors.map(\.vector), of: first.space, origin: origin,
          source: "span of \(vectors.count) displacements")))
  }

  private static let randomSubspace = Builtin(
    "random_subspace", topic: "geometry", summary: "A subspace of random directions: what chance looks like.",
    parameters: [
      Parameter(
        "like", "model", "run", "subspace", "displacement", help: "names the space, and the origin if it has one"),
      Parameter("r", "integer", help: "the dimension, at most that of the space"), seedParameter,
    ],
    returns: "subspace",
    details: """
      r vectors of independent standard normal numbers. Column j comes from the stream (seed, "subspace", j), so that \
      the first columns are the same whatever r is. It holds r·D floats. A fixed vector has r/D of its energy in it.
      """,
    examples: [
      .init(exampleRun + "; U = random_subspace(run, 3, seed=1); capture(run, U) < 0.3", shows: "true")
    ],
    errors: ["E0209", "E0401"], seeAlso: ["capture", "span"]
  ) { call in
    guard case .native(let native) = call["like"] else { return .nil }
    let space: ParameterSpace
    var origin: Model?
    switch native {
    case let value as ModelValue: (space, origin) = (value.model.parameterSpace, value.model)
    case let value as RunValue: (space, origin) = (value.run.space, value.run.start)
    case let value as SubspaceValue: (space, origin) = (value.subspace.space, value.subspace.origin)
    case let value as DisplacementValue: (space, origin) = (value.displacement.space, value.displacement.origin)
    default: return .nil
    }
    return .native(
      SubspaceValue(
        try Subspace.random(
          in: space, dimension: call.integer("r"), seed: TensorArguments.seed(call),
          origin: origin, source: "random directions")))
  }

  private static let project = Builtin(
    "project", topic: "geometry", summary: "Splits a displacement into its parts inside and outside a subspace.",
    parameters: [
      Parameter(
        "x", "displacement", "run", "model",
        help: "a displacement; a run counts as its displacement, a model as its displacement from the origin of U"),
      Parameter("U", "subspace", help: "where to project"),
    ],
    returns: "projection",
    details: """
      Fields: inside and outside (displacements), coordinates (in the orthonormal basis), share = ‖inside‖/‖x‖ and \
      energy = share², both beside what chance would give: for the first steps of the very run that made x a random walk \
      with the same step lengths, √(Σ‖s_t‖² of the held steps / Σ‖s_t‖²); for everything else a random subspace, √(r/D). \
      For a prefix the table also shows what a constant drift seen through independent noise would give: \
      (k/T)(1+Ta²)/(1+ka²) of the energy, a² from the step lengths and ‖Δ‖ alone.
      """,
    examples: [.init(exampleRun + "; project(run.displacement, prefix(run, 4)).share > 0.3", shows: "true")],
    errors: ["E0203", "E0503"], seeAlso: ["capture", "prefix"]
  ) { call in
    let subspace = try call.subspace("U")
    let x = try GeometryArguments.displacement(call["x"], for: subspace, argument: "x", subspaceArgument: "U")
    return .native(ProjectionValue(try subspace.projection(of: x), dimension: subspace.dimension))
  }

  private static let capture = Builtin(
    "capture", topic: "geometry", summary: "The share of a displacement that lies in a subspace, beside chance.",
    parameters: [
      Parameter("x", "displacement", "run", "model", "subspace", help: "a displacement, as in project"),
      Parameter(
        "U", "subspace", "displacement", "run", "model", help: "a subspace; the two may come in either order"),
      Parameter(
        "kind", "string", presence: .defaults(.string("norm")), byNameOnly: true,
        help: "\"norm\" for ‖P_U x‖/‖x‖, \"energy\" for its square"), inParameter,
    ],
    returns: "measure",
    details: """
      Chance is named with the measure. The first steps of a run contain part of the run's own displacement: their null \
      is a random walk with the same step lengths, not r/D. tail_capture leaves that part out. Energies add up over \
      orthogonal subspaces, norms do not.
      With in="product" the change of the products (α/r)·B·A is captured. The steps of a prefix become the exact \
      changes they made; other subspaces are carried over by the derivative at their origin, δB·A + B·δA. Everything is \
      computed from Gram matrices of the factors. The zero displacement has capture 0.
      Definitions: arXiv 2606.10929.
      """,
    examples: [
      .init(exampleRun + "; run |> prefix(4) |> capture(run.displacement)"),
      .init(exampleRun + "; capture(run, prefix(run, 8), kind=\"energy\") > 0.999", shows: "true"),
    ],
    errors: ["E0203", "E0501", "E0503"], seeAlso: ["project", "tail_capture", "overlap"]
  ) { call in
    let isSwapped = if case .native(let native) = call["x"] { native is SubspaceValue } else { false }
    let (vector, basis) = isSwapped ? ("U", "x") : ("x", "U")
    if case .native(let native) = call[vector], native is SubspaceValue {
      throw ErrorReport(
        .wrongKind, "capture takes a displacement and a subspace, not two subspaces",
        help: "overlap(U, V) compares two subspaces", argument: "U")
    }
    let subspace = try call.subspace(basis)
    let x = try GeometryArguments.displacement(
      call[vector], for: subspace, argument: vector, subspaceArgument: basis)
    let name = try GeometryArguments.choice(call, "kind", CaptureKind.allCases.map(\.rawValue))
    let kind = CaptureKind(rawValue: name) ?? .norm
    return measure(
      try GeometryArguments.isProduct(call)
        ? ProductView.capture(x, in: subspace, kind: kind) : subspace.capture(of: x, kind: kind))
  }

  private static let overlap = Builtin(
    "overlap", topic: "geometry", summary: "The mean squared cosine of the principal angles of two subspaces.",
    parameters: [
      Parameter("U", "subspace", "sketch", help: "a subspace, or a sketch of gradients"),
      Parameter("V", "subspace", "sketch", help: "another one of the same space"), inParameter, byParameter,
      Parameter(
        "r", "integer", "string", presence: .defaults(.number(16)), byNameOnly: true,
        help: "of sketches: the dimension of the planes; subspaces have their own"),
    ],
    returns: "measure",
    details: """
      ‖UᵀV‖_F² / min(dim U, dim V): 1 when one contains the other, 0 when they are orthogonal. Chance is \
      max(dim U, dim V)/D, which is r/D for two of one dimension.
      by="block" gives a table: both bases are cut to each block in turn and made orthonormal again there, so that chance \
      is that of the block; share_U and share_V say how much of each basis lies in it. by="segment" does so for every \
      array of weights. Of two sketches the planes of their top r directions are compared.
      """,
    examples: [
      .init(exampleRun + "; overlap(prefix(run, 2), prefix(run, 5)) > 0.999", shows: "true"),
      .init(exampleRun + "; overlap(prefix(run, 2), suffix(run, 2), by=\"block\")"),
    ],
    errors: ["E0203", "E0501"], seeAlso: ["angles", "capture", "ceiling", "drift", "sketch"]
  ) { call in
    if let pair = try sketches(call) {
      let dimension = try planeDimension(call)
      let first = try pair.0.plane(dimension)
      return measure(try first.overlap(pair.1.plane(.fixed(first.dimension))))
    }
    let (u, v) = try GeometryArguments.pair(call)
    guard try GeometryArguments.isProduct(call) else { return try overlap(u, v, call) }
    if call.isGiven("by") {
      throw ErrorReport(
        .invalidArgument, "by= cuts weights into blocks, and in=\"product\" does not look at weights", argument: "by")
    }
    return measure(try ProductView.overlap(u, v))
  }

  /// Both operands as sketches; nil when neither is one.
  private static func sketches(_ call: Call) throws -> (GradientSketch, GradientSketch)? {
    func sketch(_ name: String) -> GradientSketch? {
      guard case .native(let native) = call[name] else { return nil }
      return (native as? SketchValue)?.sketch
    }
    switch (sketch("U"), sketch("V")) {
    case (nil, nil): return nil
    case (let u?, let v?):
      if u.space != v.space { throw ErrorReport.spaces(u.space, v.space, kind: "sketch", argument: "V") }
      for name in ["by", "in"] where call.isGiven(name) {
        throw ErrorReport(.invalidArgument, "a sketch has lost where its weights lie", argument: name)
      }
      return (u, v)
    default:
      throw ErrorReport(
        .wrongKind, "a sketch is compared with another sketch, not with a subspace",
        help: "sketch(model, data) of the same size and sketch_seed", argument: "V")
    }
  }

  private static let angles = Builtin(
    "angles", topic: "geometry", summary: "The principal angles between two subspaces, in radians, smallest first.",
    parameters: pairParameters, returns: "tensor",
    details: """
      min(dim U, dim V) angles. Large ones come from the singular values of UᵀV, small ones from those of (1 − P_V)U, \
      which keep their digits near zero (Björck and Golub, Mathematics of Computation 27, 1973).
      """,
    examples: [.init(exampleRun + "; max(angles(prefix(run, 2), prefix(run, 5))) < 1e-4", shows: "true")],
    errors: ["E0203"], seeAlso: ["overlap"]
  ) { call in
    let (u, v) = try GeometryArguments.pair(call)
    return .native(TensorValue(try Tensor(u.angles(v))))
  }

  private static let intersect = Builtin(
    "intersect", topic: "geometry", summary: "The subspace that two subspaces have in common, or nil.",
    parameters: pairParameters, returns: "subspace",
    details: """
      Directions of U whose angle with V has a sine below the resolution of the two, 1e-5 or, for bases close to \
      dependent, more. dim U + dim V = dim(U + V) + dim of the intersection.
      """,
    examples: [.init(exampleRun + "; intersect(prefix(run, 3), prefix(run, 5)).dim", shows: "3")],
    errors: ["E0203"], seeAlso: ["complement", "angles"]
  ) { call in
    let (u, v) = try GeometryArguments.pair(call)
    return try u.intersection(v).map { .native(SubspaceValue($0)) } ?? .nil
  }

  private static let complement = Builtin(
    "complement", topic: "geometry", summary: "U less V: what U has outside V, or nil.",
    parameters: pairParameters, returns: "subspace",
    details: """
      The span of (1 − P_V)U, orthogonal to V: its dimension is dim(U + V) − dim V, and energies captured by V and by it \
      add up to the energy captured by U + V.
      """,
    examples: [.init(exampleRun + "; complement(prefix(run, 5), prefix(run, 3)).dim", shows: "2")],
    errors: ["E0203"], seeAlso: ["intersect", "capture"]
  ) { call in
    let (u, v) = try GeometryArguments.pair(call)
    return try u.complement(of: v).map { .native(SubspaceValue($0)) } ?? .nil
  }

  private static let deltaW = Builtin(
    "delta_w", topic: "geometry", summary: "The products (α/r)·B·A of an adapter, or how a displacement changes them.",
    parameters: [
      Parameter("x", "model", "displacement", "run", help: "an adapted model, or a displacement or run of one")
    ],
    returns: "product",
    details: """
      The gauge-free view: (B·M, M⁻¹·A) are other factors and the same product. A displacement at an origin (B, A) \
      becomes (α/r)·((B+δB)(A+δA) − B·A). Nothing is multiplied out; dot, cos and norm work by Gram matrices of the \
      factors, and x["blocks.0.attn.qkv"] gives one layer's product as a tensor.
      """,
    examples: [
      .init(
        exampleModel
          + "; l = adapt(m, rank=2, seed=1); run = recover(l, task(\"copy\", length=3), steps=4, batch=4, seed=2); "
          + "norm(delta_w(run)) > 0", shows: "true")
    ],
    errors: ["E0209", "E0503"], seeAlso: ["adapt", "merge", "capture"]
  ) { call in
    if case .native(let native) = call["x"], let model = (native as? ModelValue)?.model {
      guard let adapter = model.adapter else { throw GeometryError.needsAdapter(operation: "delta_w") }
      return .native(try ProductValue(FactoredDelta(adapter), space: model.parameterSpace))
    }
    let x = try GeometryArguments.displacement(call["x"], argument: "x")
    return .native(try ProductValue(ProductView.change(x), space: x.space))
  }
}
