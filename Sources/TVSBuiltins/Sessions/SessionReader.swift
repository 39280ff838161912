import Checkpoints
import Foundation
import JSON
import OrderedCollections
import TVSLanguage
import TaskGeometry
import Tensors
import Tokenizers
import Transformers

/// Makes the values of a session file again. Every row of its tables is made once and then shared.
final class SessionReader {
  /// The kinds of other rooms' values that a file holds.
  private static let kinds: [String: any SavableValue.Type] = [
    "tensor": TensorValue.self, "attention": AttentionValue.self, "model": ModelValue.self,
    "displacement": DisplacementValue.self,
    "subspace": SubspaceValue.self, "run": RunValue.self, "data": DataValue.self, "measure": MeasureValue.self,
    "table": TableValue.self, "candidates": CandidatesValue.self, "prediction": PredictionValue.self,
    "product": ProductValue.self, "projection": ProjectionValue.self, "sketch": SketchValue.self,
    "steering": SteeringValue.self, "plot": PlotValue.self,
  ]

  let interpreter: Interpreter
  let path: String
  /// What the user should know: modules that have changed.
  private(set) var notes: [String] = []
  private let arrays: SavedArrays
  private let document: JSONDocument
  private let root: SavedNode
  private var tables: [SessionWriter.Table: [SavedNode]] = [:]
  private var made: [String: Any] = [:]
  private var functions: [FunctionValue] = []

  init(_ text: [UInt8], _ arrays: SavedArrays, _ interpreter: Interpreter) throws(TensorError) {
    var limits = JSONDocument.Limits(depth: 4 * SessionWriter.depthLimit)
    limits.bytes = 1 << 30
    limits.nodes = 1 << 25
    do throws(JSONFault) { document = try JSONDocument(text, limits: limits) } catch {
      throw .malformed(path: arrays.path, reason: error.message)
    }
    root = SavedNode(node: document.root, path: arrays.path)
    (path, self.arrays, self.interpreter) = (arrays.path, arrays, interpreter)
  }

  func contents() throws -> SessionFile.Contents {
    let saved = try root.field("tables")
    for table in SessionWriter.Table.allCases { tables[table] = try saved.list(table.rawValue) }
    try makeFunctions()
    var names: [(name: String, value: Value)] = []
    for entry in try root.list("names") {
      try Cancellation.check()
      let pair = try entry.asList()
      guard pair.count == 2 else { throw entry.fault("a name has no value") }
      names.append((try pair[0].asText(), try value(pair[1])))
    }
    return SessionFile.Contents(
      names: names, shown: try root.list("shown").map { try value($0) }, seed: try root.seed("seed"))
  }

  /// Functions first exist and then get what they close over, which may be other functions.
  private func makeFunctions() throws {
    let rows = tables[.functions] ?? []
    for row in rows {
      let module: ModuleValue? = try row["module"].map { try self.module($0.asWhole(), row) }
      if let module, let name = row["member"] {
        guard case .function(let member)? = module.member(try name.asText()) else {
          throw ErrorReport(
            .fileFormat, "the module \(module.name) has no function \(try name.asText()) any more, which \(path) needs")
        }
        functions.append(member)
        continue
      }
      let text = FunctionText(
        source: try row.text("source"), line: try row.whole("line"), text: try row.text("text"),
        captured: try row.list("names").map { try $0.asText() })
      do throws(Failure) { functions.append(try interpreter.restore(text, in: module)) } catch {
        throw row.fault("a function cannot be read: \(text.text.prefix(60))")
      }
    }
    for (function, row) in zip(functions, rows) where row["member"] == nil {
      for (name, value) in try pairs(row.list("captured"), row) { function.restoreCaptured(name, value) }
    }
  }

  // MARK: - Values of the language

  func value(_ node: SavedNode) throws -> Value {
    switch node.node.kind {
    case .null: return .nil
    case .no: return .bool(false)
    case .yes: return .bool(true)
    case .number: return .number(try node.asNumber())
    case .string: return .string(try node.asText())
    case .array: return .list(try node.asList().map { try value($0) })
    case .object: return try tagged(node)
    }
  }

  private func tagged(_ node: SavedNode) throws -> Value {
    switch node.node.keys.first {
    case "bits": return .number(try node.asNumber())
    case "numbers": return .list(try doubles(node, "numbers").map { .number($0) })
    case "record":
      return .record(OrderedDictionary(try pairs(node.list("record"), node), uniquingKeysWith: { _, last in last }))
    case "builtin":
      let name = try node.text("builtin")
      guard let builtin = interpreter.builtins.first(where: { $0.name == name }) else {
        throw ErrorReport(.fileFormat, "\(path) needs the builtin \(name), which this tvs does not have")
      }
      // The predefined one, so that it is the same value.
      return interpreter.predefined(name) ?? .function(FunctionValue(builtin: builtin))
    case "function":
      let index = try node.whole("function")
      guard functions.indices.contains(index) else { throw node.fault("a function is missing") }
      return .function(functions[index])
    case "module": return .module(try module(node.whole("module"), node))
    case "kind": return .native(try native(node))
    default: throw node.fault("a value of an unknown form")
    }
  }

  private func native(_ node: SavedNode) throws -> any NativeValue {
    let kind = try node.text("kind")
    guard let type = Self.kinds[kind] else { throw node.fault("a value of the unknown kind \(kind.prefix(40))") }
    let value = try type.restore(node, self)
    guard let saved = node["provenance"] else { return value }
    return value.stamped(
      Provenance(
        expression: try saved.text("expression"), seed: try saved["seed"].map { _ in try saved.seed("seed") },
        digests: try saved.list("digests").map { try $0.asText() }))
  }

  /// Names and values in turn.
  func pairs(_ items: [SavedNode], _ node: SavedNode) throws -> [(String, Value)] {
    guard items.count.isMultiple(of: 2) else { throw node.fault("a name has no value") }
    return try stride(from: 0, to: items.count, by: 2).map { (try items[$0].asText(), try value(items[$0 + 1])) }
  }

  func notes(_ node: SavedNode, _ key: String = "notes") throws -> Notes {
    Notes(try pairs(node.list(key), node), uniquingKeysWith: { first, _ in first })
  }

  // MARK: - Tables

  private func row(_ table: SessionWriter.Table, _ index: Int, _ node: SavedNode) throws -> SavedNode {
    guard let rows = tables[table], rows.indices.contains(index) else {
      throw node.fault("it lacks number \(index) of its \(table.rawValue)")
    }
    return rows[index]
  }

  private func once<T>(
    _ table: SessionWriter.Table, _ index: Int, _ node: SavedNode, _ make: (SavedNode) throws -> T
  ) throws -> T {
    let key = "\(table.rawValue) \(index)"
    // Unwrapped first: nothing at all can be cast to an optional.
    if let known = made[key], let value = known as? T { return value }
    let value = try make(row(table, index, node))
    made[key] = value
    return value
  }

  func vector(_ node: SavedNode, _ key: String) throws -> FloatVector { try vector(node.whole(key)) }

  func vector(_ number: Int) throws -> FloatVector {
    let key = "vector \(number)"
    // Vectors that shared their storage share it again.
    if let known = made[key] as? FloatVector { return known }
    let vector = try arrays.vector(number)
    made[key] = vector
    return vector
  }

  func vectors(_ node: SavedNode, _ key: String) throws -> [FloatVector] {
    try node.list(key).map { try vector($0.asWhole()) }
  }

  func tensor(_ node: SavedNode, _ key: String) throws -> Tensor { try arrays.tensor(node.whole(key)) }
  func doubles(_ node: SavedNode, _ key: String) throws -> [Double] { try tensor(node, key).doubles }

  private func module(_ index: Int, _ node: SavedNode) throws -> ModuleValue {
    try once(.modules, index, node) { row in
      let name = try row.text("name")
      var file = try row.text("path")
      if try row.flag("library"),
        let found = interpreter.libraryPaths.map({ "\($0)/\(name).tvs" }).first(where: {
          FileManager.default.fileExists(atPath: $0)
        })
      {
        file = found
      }
      let module = try interpreter.module(at: file, called: name)
      var digest = Digest()
      digest.add((try? RecordFile.text(file)) ?? "")
      if digest.hex != (try row.text("digest")) { notes.append("\(file) has changed since \(path) was saved") }
      return module
    }
  }

  func space(_ node: SavedNode, _ key: String = "space") throws -> ParameterSpace {
    try once(.spaces, node.whole(key), node) { row in
      var total = 0
      let entries = try row.list("segments").map { segment in
        let parts = try segment.asList()
        guard parts.count == 3, let role = Segment.Role(rawValue: try parts[1].asText()) else {
          throw row.fault("a segment is none")
        }
        let shape = try parts[2].asList().map { try $0.asWhole() }
        // Checked here because a layout multiplies and adds without asking.
        let size = shape.reduce(Int?.some(1)) { size, side in
          guard let size, side >= 0 else { return nil }
          let (product, overflow) = size.multipliedReportingOverflow(by: side)
          return overflow || product > 1 << 48 ? nil : product
        }
        guard let size, total + size <= 1 << 48 else { throw row.fault("a segment is larger than any memory") }
        total += size
        return (name: try parts[0].asText(), shape: shape, role: role)
      }
      return ParameterSpace(
        name: try row.text("name"), layout: ParameterLayout(entries), frozenDigest: try row["frozen"]?.asText())
    }
  }

  func record(_ node: SavedNode) throws -> RunRecord {
    try once(.records, node.whole("record"), node) { row in
      RunRecord(squaredLengths: try doubles(row, "squares"), start: try row.text("start"), end: try row.text("end"))
    }
  }

  func path(_ node: SavedNode?) throws -> RunPath? {
    guard let node else { return nil }
    return try RunPath(restoring: record(node), steps: node.range("steps"), scale: node.number("scale"))
  }

  // MARK: - Models

  func model(_ node: SavedNode, _ key: String = "model") throws -> Model {
    guard let model = try optionalModel(node, key) else { throw node.fault("an entry lacks its model") }
    return model
  }

  func optionalModel(_ node: SavedNode, _ key: String) throws -> Model? {
    guard let index = try node[key]?.asWhole() else { return nil }
    return try once(.models, index, node) { row in
      let base = try weights(row)
      let tokenizer = row["ownTokenizer"] != nil ? base.tokenizer : try self.tokenizer(row)
      var model = try Model(
        architecture: base.architecture, weights: base.weights, name: row.text("name"), tokenizer: tokenizer)
      if let rank = try row["rank"]?.asWhole() {
        let shape = try model.adapterShape(
          rank: rank, alpha: row.number("alpha"), targets: row.list("targets").map { try $0.asText() })
        model = try model.with(adapter: Adapter(shape: shape, factors: vector(row, "factors")))
      }
      guard let edits = row["steering"] else { return model }
      return try model.steered(by: edits.asList().map { try edit($0) })
    }
  }

  private func edit(_ node: SavedNode) throws -> SteeringEdit {
    try SteeringEdit(
      point: ActivationPoint(layer: node.whole("layer"), site: ActivationSite(named: node.text("site"))),
      vector: vector(node, "vector"), kind: SteeringEdit.Kind(named: node.text("kind")), scale: node.number("scale"),
      positions: node.code("positions"))
  }

  private func weights(_ node: SavedNode) throws -> Model {
    try once(.weights, node.whole("weights"), node) { row in
      let digest = try row.text("digest")
      guard let file = try row["file"]?.asText() else {
        let architecture = try ArchitectureFamily.make(row.text("family"), row.code("configuration"))
        let model = try Model(architecture: architecture, weights: vector(row, "array"), name: "")
        guard model.baseDigest == digest else { throw row.fault("the digest of a model does not agree") }
        return model
      }
      let model = try modelFile(file, base: nil)
      guard model.baseDigest == digest else {
        throw ErrorReport(
          .fileFormat, "\(file) has changed since \(path) was saved: its digest is \(model.baseDigest), not \(digest)",
          help: "put the earlier file back, or save the session again with the model it shall have")
      }
      return model
    }
  }

  /// A model that `load` reads.
  func modelFile(_ file: String, base: Model?) throws -> Model {
    guard let builtin = interpreter.builtins.first(where: { $0.name == "load" }) else {
      throw ErrorReport(.fileFormat, "\(path) needs the model \(file), and there is no load")
    }
    let call = Call(
      builtin: builtin, session: interpreter, arguments: base.map { ["base": .native(ModelValue($0))] } ?? [:],
      given: base == nil ? [] : ["base"])
    do {
      if case .native(let native) = try FileFormats.read(file, call), let model = (native as? ModelValue)?.model {
        return model
      }
    } catch var report as ErrorReport {
      report.message = "\(path) needs a model that is not there: \(report.message)"
      report.argument = nil
      throw report
    }
    throw ErrorReport(.fileFormat, "\(path) needs the model \(file), which is none any more")
  }

  private func tokenizer(_ node: SavedNode) throws -> Tokenizer? {
    guard let index = try node["tokenizer"]?.asWhole() else { return nil }
    return try once(.tokenizers, index, node) { row in
      if row["bytes"] != nil { return Tokenizer.bytes }
      let items = try row.list("files")
      var files: [String: [UInt8]] = [:]
      for place in stride(from: 0, to: items.count - 1, by: 2) {
        files[try items[place].asText()] = try arrays.contents(items[place + 1].asWhole())
      }
      guard let tokenizer = try Tokenizer.huggingFace(files: files, source: path) else {
        throw row.fault("a tokenizer is none")
      }
      return tokenizer
    }
  }
}
