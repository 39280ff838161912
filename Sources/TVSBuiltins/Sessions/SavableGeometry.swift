import TVSLanguage
import TaskGeometry
import Tensors
import Transformers

extension ModelValue: SavableValue {
  func save(_ writer: inout SessionWriter) throws -> [(String, String)] { [("model", try writer.model(model))] }

  static func restore(_ node: SavedNode, _ reader: SessionReader) throws -> any NativeValue {
    ModelValue(try reader.model(node))
  }
}

extension Displacement {
  func save(_ writer: inout SessionWriter) throws -> String {
    Saved.object([
      ("space", try writer.space(space)), ("vector", writer.vector(vector)), ("origin", try writer.model(origin)),
      ("destination", try writer.model(destination)), ("path", try writer.path(path)),
    ])
  }

  static func restore(_ node: SavedNode, _ reader: SessionReader) throws -> Displacement {
    let space = try reader.space(node)
    let ends = try (reader.optionalModel(node, "origin"), reader.optionalModel(node, "destination"))
    for case let model? in [ends.0, ends.1] { try space.require(model.parameterSpace) }
    return try Displacement(
      space: space, vector: reader.vector(node, "vector"), origin: ends.0, destination: ends.1,
      path: reader.path(node["path"]))
  }
}

extension DisplacementValue: SavableValue {
  func save(_ writer: inout SessionWriter) throws -> [(String, String)] {
    [("displacement", try displacement.save(&writer)), ("notes", try writer.notes(notes))]
  }

  static func restore(_ node: SavedNode, _ reader: SessionReader) throws -> any NativeValue {
    DisplacementValue(try Displacement.restore(node.field("displacement"), reader), notes: try reader.notes(node))
  }
}

extension Subspace {
  func save(_ writer: inout SessionWriter) throws -> String {
    let made: [(String, String)] =
      switch lineage {
      case .path(let path): [("path", try writer.path(path))]
      case .plane(let data, let share): [("plane", Saved.text(data)), ("share", Saved.number(share))]
      case .random: [("random", "true")]
      case .krylov(let data): [("krylov", Saved.text(data))]
      case .other: []
      }
    return Saved.object([
      ("space", try writer.space(space)), ("generators", Saved.list(generators.map { writer.vector($0) })),
      ("rows", Saved.whole(coefficients.rows)), ("columns", Saved.whole(coefficients.columns)),
      ("coefficients", try writer.doubles(coefficients.values)), ("rank", try Saved.code(rank)),
      ("origin", try writer.model(origin)), ("lineage", Saved.object(made)), ("source", Saved.text(source)),
    ])
  }

  static func restore(_ node: SavedNode, _ reader: SessionReader) throws -> Subspace {
    let made = try node.field("lineage")
    let lineage: Lineage =
      if let path = try reader.path(made["path"]) {
        .path(path)
      } else if let plane = made["plane"] {
        .plane(data: try plane.asText(), share: try made.number("share"))
      } else if let krylov = made["krylov"] {
        .krylov(data: try krylov.asText())
      } else {
        made["random"] == nil ? .other : .random
      }
    let (rows, columns) = (try node.whole("rows"), try node.whole("columns"))
    let values = try reader.doubles(node, "coefficients")
    guard rows >= 0, columns >= 0, rows.multipliedReportingOverflow(by: columns) == (values.count, false) else {
      throw node.fault("coefficients have another number than rows and columns")
    }
    return try Subspace(
      restoring: reader.space(node), generators: reader.vectors(node, "generators"),
      coefficients: SmallMatrix(rows: rows, columns: columns, values: values), rank: node.code("rank"),
      origin: reader.optionalModel(node, "origin"), lineage: lineage, source: node.text("source"))
  }
}

extension SubspaceValue: SavableValue {
  func save(_ writer: inout SessionWriter) throws -> [(String, String)] { [("subspace", try subspace.save(&writer))] }

  static func restore(_ node: SavedNode, _ reader: SessionReader) throws -> any NativeValue {
    SubspaceValue(try Subspace.restore(node.field("subspace"), reader))
  }
}

extension RunValue: SavableValue {
  func save(_ writer: inout SessionWriter) throws -> [(String, String)] {
    var fields = [("start", try writer.model(run.start))]
    let isWhole = run.range == 0..<run.record.squaredLengths.count && run.files.count == run.count + 1
    if isWhole, run.losses.isEmpty, run.every == 1 {
      // Read from checkpoints: they hold everything else.
      let files = run.files.first == "base" ? run.files.dropFirst() : run.files[...]
      return fields + [
        ("files", Saved.list(files.map { writer.refer(to: $0) })),
        ("hasBase", run.files.first == "base" ? "true" : "false"),
        ("digest", Saved.text(run.end.digest)), ("record", try writer.record(run.record)),
      ]
    }
    fields += [
      ("end", try writer.model(run.end)), ("record", try writer.record(run.record)),
      ("range", SessionWriter.range(run.range)), ("steps", Saved.list(run.steps.map { writer.vector($0) })),
      ("losses", try writer.doubles(run.losses)), ("every", Saved.whole(run.every)),
      ("seed", Saved.optional(run.seed.map(String.init))), ("optimizer", Saved.text(run.optimizer)),
      ("data", Saved.text(run.data)), ("names", Saved.list(run.files.map(Saved.text))),
    ]
    return fields
  }

  static func restore(_ node: SavedNode, _ reader: SessionReader) throws -> any NativeValue {
    let start = try reader.model(node, "start")
    let record = try reader.record(node)
    if let files = node["files"] { return RunValue(try read(files, node, start, record, reader)) }
    return RunValue(
      try Run(
        restoring: record, range: node.range("range"), start: start, end: reader.model(node, "end"),
        steps: reader.vectors(node, "steps"), losses: reader.doubles(node, "losses"), every: node.whole("every"),
        seed: node["seed"].map { _ in try node.seed("seed") }, optimizer: node.text("optimizer"),
        data: node.text("data"), files: node.list("names").map { try $0.asText() }))
  }

  /// A run from the checkpoints it was read from, which must be those of then.
  private static func read(
    _ files: SavedNode, _ node: SavedNode, _ start: Model, _ record: RunRecord, _ reader: SessionReader
  ) throws -> Run {
    let paths = try files.asList().map { try $0.asText() }
    let isBase = try node.flag("hasBase")
    // What adapters sit on is no checkpoint, and every one of them needs it.
    let below =
      start.adapter == nil
      ? nil
      : try Model(
        architecture: start.architecture, weights: start.weights, name: start.name, tokenizer: start.tokenizer)
    let run = try trajectory(paths, base: isBase ? start : below) { try reader.modelFile($0, base: below) }
    let digest = try node.text("digest")
    let isSame =
      run.start.digest == start.digest && run.end.digest == digest
      && run.record.squaredLengths == record.squaredLengths
    guard isSame else {
      throw ErrorReport(
        .fileFormat, "the checkpoints from \(paths.first ?? "") on have changed since \(node.path) was saved",
        help: "put the earlier files back, or save the session again with the run it shall have")
    }
    return try Run(
      restoring: record, range: 0..<run.count, start: run.start, end: run.end, steps: run.steps, losses: [], every: 1,
      seed: nil, optimizer: run.optimizer, data: run.data, files: run.files)
  }
}

extension ProjectionValue: SavableValue {
  func save(_ writer: inout SessionWriter) throws -> [(String, String)] {
    [
      ("inside", try projection.inside.save(&writer)), ("outside", try projection.outside.save(&writer)),
      ("coordinates", try writer.doubles(projection.coordinates)), ("square", Saved.number(projection.squaredNorm)),
      ("chance", try Saved.code(projection.chance)), ("drift", Saved.number(projection.driftNoise)),
      ("dimension", Saved.whole(dimension)),
    ]
  }

  static func restore(_ node: SavedNode, _ reader: SessionReader) throws -> any NativeValue {
    ProjectionValue(
      try Projection(
        restoring: Displacement.restore(node.field("inside"), reader),
        outside: Displacement.restore(node.field("outside"), reader), coordinates: reader.doubles(node, "coordinates"),
        squaredNorm: node.number("square"), chance: node.code("chance"), driftNoise: node["drift"]?.asNumber()),
      dimension: try node.whole("dimension"))
  }
}

extension ProductValue: SavableValue {
  func save(_ writer: inout SessionWriter) throws -> [(String, String)] {
    let blocks = try delta.blocks.map { block in
      Saved.object([
        ("layer", Saved.text(block.layer)), ("outputs", Saved.whole(block.outputs)),
        ("inputs", Saved.whole(block.inputs)), ("rank", Saved.whole(block.rank)), ("scale", Saved.number(block.scale)),
        ("b", writer.vector(try FloatVector(block.b))), ("a", writer.vector(try FloatVector(block.a))),
      ])
    }
    return [("space", try writer.space(space)), ("blocks", Saved.list(blocks))]
  }

  static func restore(_ node: SavedNode, _ reader: SessionReader) throws -> any NativeValue {
    let blocks = try node.list("blocks").map { item in
      let sizes = (try item.whole("outputs"), try item.whole("inputs"), try item.whole("rank"))
      let (b, a) = (try reader.vector(item, "b"), try reader.vector(item, "a"))
      guard sizes.0 >= 0, sizes.1 >= 0, sizes.2 >= 0,
        sizes.0.multipliedReportingOverflow(by: sizes.2) == (b.count, false),
        sizes.1.multipliedReportingOverflow(by: sizes.2) == (a.count, false)
      else { throw item.fault("a product has other factors than its sizes say") }
      return FactoredDelta.Block(
        layer: try item.text("layer"), outputs: sizes.0, inputs: sizes.1, rank: sizes.2, b: b.elements, a: a.elements,
        scale: try item.number("scale"))
    }
    return try ProductValue(FactoredDelta(blocks: blocks), space: reader.space(node))
  }
}

extension SketchValue: SavableValue {
  func save(_ writer: inout SessionWriter) throws -> [(String, String)] {
    [
      ("space", try writer.space(sketch.space)), ("data", Saved.text(sketch.data)),
      ("size", Saved.whole(sketch.map.size)), ("ambient", Saved.whole(sketch.map.ambient)),
      ("mapSeed", Saved.text(String(sketch.map.seed))),
      ("sketches", Saved.list(sketch.sketches.map { writer.vector($0) })), ("norms", try writer.doubles(sketch.norms)),
      ("seed", Saved.text(String(sketch.seed))),
    ]
  }

  static func restore(_ node: SavedNode, _ reader: SessionReader) throws -> any NativeValue {
    let map = try SketchMap(size: node.whole("size"), ambient: node.whole("ambient"), seed: node.seed("mapSeed"))
    return SketchValue(
      try GradientSketch(
        restoring: reader.space(node), data: node.text("data"), map: map, sketches: reader.vectors(node, "sketches"),
        norms: reader.doubles(node, "norms"), seed: node.seed("seed")))
  }
}

extension CandidatesValue: SavableValue {
  func save(_ writer: inout SessionWriter) throws -> [(String, String)] {
    let made = candidates.perturbations
    var fields = [
      ("space", try writer.space(made.space)), ("within", try made.subspace?.save(&writer) ?? "null"),
      ("length", try Saved.code(made.length)), ("seed", Saved.text(String(made.seed))),
      ("antithetic", made.isAntithetic ? "true" : "false"), ("base", try Saved.code(candidates.base)),
      ("scores", try Saved.code(candidates.scores)), ("gradient", Saved.number(candidates.gradientNorm)),
      ("best", try Saved.code(best)),
    ]
    if let source = candidates.source {
      fields += [
        ("model", try writer.model(source.model)), ("selection", try Saved.code(source.selection)),
        ("fresh", try Saved.code(source.fresh)), ("freshBase", try Saved.code(source.freshBase)),
        ("freshWinner", try Saved.code(source.freshWinner)),
      ]
    }
    return fields
  }

  static func restore(_ node: SavedNode, _ reader: SessionReader) throws -> any NativeValue {
    let subspace = try node["within"].map { try Subspace.restore($0, reader) }
    let perturbations = try Perturbations(
      in: reader.space(node), within: subspace, length: node.code("length"), seed: node.seed("seed"),
      isAntithetic: node.flag("antithetic"))
    let base: CandidateScore = try node.code("base")
    let scores: [CandidateScore] = try node.code("scores")
    guard !scores.isEmpty, scores.count <= RandomSearch.limit, scores.allSatisfy({ $0.right.count == base.right.count })
    else { throw node.fault("candidates have not all the same examples") }
    var candidates = try Candidates(
      perturbations, base: base, scores: scores, gradientNorm: node["gradient"]?.asNumber())
    if node["model"] != nil {
      let model = try reader.model(node)
      try perturbations.space.require(model.parameterSpace)
      candidates.source = try Candidates.Source(
        restoring: model, selection: node.code("selection"), fresh: node.code("fresh"),
        freshBase: node.code("freshBase"), freshWinner: node.code("freshWinner"))
    }
    return CandidatesValue(candidates, best: try node.code("best"), provenance: nil)
  }
}
