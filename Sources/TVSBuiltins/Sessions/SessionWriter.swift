import Foundation
import Synchronization
import TVSLanguage
import TaskGeometry
import Tensors
import Tokenizers
import Transformers

/// A kind of value that a session file holds.
protocol SavableValue: NativeValue {
  /// The value as fields of an object. Provenance is saved for it.
  ///
  /// - Throws: ``SessionWriter/Refusal``.
  func save(_ writer: inout SessionWriter) throws -> [(String, String)]
  /// The value of such fields.
  ///
  /// - Throws: `TensorError` that names the fault, and what the parts of the value throw.
  static func restore(_ node: SavedNode, _ reader: SessionReader) throws -> any NativeValue
}

/// Puts the text and the arrays of a session file together. What several values share is written once: models, steps of
/// runs, functions.
struct SessionWriter {
  /// Why a value cannot be saved.
  struct Refusal: Error {
    let reason: String
  }

  /// What is written once and named by its number.
  enum Table: String, CaseIterable {
    case tokenizers, weights, models, spaces, records, modules, functions
  }

  let interpreter: Interpreter
  private(set) var arrays: [SavedArrays.Array] = []
  private(set) var references: [String] = []
  private var rows: [Table: [String]] = [:]
  private var places: [String: Int] = [:]
  private var depth = 0

  /// Levels of lists, records and closures inside each other.
  static let depthLimit = 256
  /// Lists of so many numbers become an array.
  private static let longList = 32

  init(_ interpreter: Interpreter) { self.interpreter = interpreter }

  /// All tables.
  var tables: String {
    Saved.object(Table.allCases.map { ($0.rawValue, Saved.list(rows[$0] ?? [])) })
  }

  /// The number of a row, which is made the first time it is asked for. It has its number before it is made, so that
  /// functions may contain each other.
  mutating func row(
    _ table: Table, _ key: String, _ make: (inout SessionWriter) throws -> String
  ) throws -> String {
    let key = "\(table.rawValue) \(key)"
    if let place = places[key] { return Saved.whole(place) }
    let place = rows[table, default: []].count
    places[key] = place
    rows[table, default: []].append("null")
    let row = try make(&self)
    rows[table]?[place] = row
    return Saved.whole(place)
  }

  private mutating func array(_ array: SavedArrays.Array, key: String?) -> String {
    if let key, let place = places[key] { return Saved.whole(place) }
    if let key { places[key] = arrays.count }
    arrays.append(array)
    return Saved.whole(arrays.count - 1)
  }

  /// Vectors that share their storage share their array.
  mutating func vector(_ vector: FloatVector) -> String {
    let address = vector.withPointer { Int(bitPattern: $0) }
    return array(.vector(vector), key: "vector \(address) \(vector.count)")
  }

  mutating func tensor(_ tensor: Tensor) -> String { array(.tensor(tensor), key: nil) }
  mutating func doubles(_ numbers: [Double]) throws -> String { tensor(try Tensor(numbers)) }
  mutating func bytes(_ bytes: [UInt8]) -> String { array(.bytes(bytes), key: nil) }

  // MARK: - Values of the language

  mutating func value(_ value: Value) throws -> String {
    depth += 1
    defer { depth -= 1 }
    guard depth <= Self.depthLimit else {
      throw Refusal(reason: "it is nested more than \(Self.depthLimit) levels deep")
    }
    switch value {
    case .nil: return "null"
    case .bool(let flag): return flag ? "true" : "false"
    case .number(let number): return Saved.number(number)
    case .string(let text): return Saved.text(text)
    case .list(let elements): return try list(elements)
    case .record(let fields):
      return Saved.object([("record", Saved.list(try fields.flatMap { [Saved.text($0), try self.value($1)] }))])
    case .function(let function): return try self.function(function)
    case .module(let module): return Saved.object([("module", try self.module(module))])
    case .native(let native): return try self.native(native)
    }
  }

  private mutating func list(_ elements: [Value]) throws -> String {
    let numbers = elements.compactMap { element in
      if case .number(let number) = element { number } else { Double?.none }
    }
    if numbers.count == elements.count, numbers.count >= Self.longList {
      return Saved.object([("numbers", try doubles(numbers))])
    }
    return Saved.list(try elements.map { try value($0) })
  }

  mutating func notes(_ notes: Notes) throws -> String {
    Saved.list(try notes.flatMap { [Saved.text($0), try value($1)] })
  }

  private mutating func native(_ native: any NativeValue) throws -> String {
    guard let savable = native as? any SavableValue else {
      throw Refusal(reason: "\(Value.native(native).article) cannot be saved")
    }
    var fields = [("kind", Saved.text(native.kind))] + (try savable.save(&self))
    if let provenance = native.provenance {
      fields.append(
        (
          "provenance",
          Saved.object([
            ("expression", Saved.text(provenance.expression)),
            ("seed", Saved.optional(provenance.seed.map(String.init))),
            ("digests", Saved.list(provenance.digests.map(Saved.text))),
          ])
        ))
    }
    return Saved.object(fields)
  }

  private mutating func function(_ function: FunctionValue) throws -> String {
    if let builtin = function.builtin { return Saved.object([("builtin", Saved.text(builtin.name))]) }
    let key = "\(UInt(bitPattern: ObjectIdentifier(function).hashValue))"
    let row = try row(.functions, key) { writer in
      let module = writer.interpreter.module(of: function)
      var fields: [(String, String)] = []
      if let module { fields.append(("module", try writer.module(module))) }
      if let module, let name = function.name, case .function(let member)? = module.member(name), member === function {
        return Saved.object(fields + [("member", Saved.text(name))])
      }
      guard let written = function.written else { throw Refusal(reason: "a function has no text") }
      var captured: [String] = []
      for (name, value) in zip(written.captured, function.capturedValues) {
        // A name without a value yet stays without one.
        if let value { captured += [Saved.text(name), try writer.value(value)] }
      }
      return Saved.object(
        fields + [
          ("source", Saved.text(written.source)), ("line", Saved.whole(written.line)),
          ("text", Saved.text(written.text)), ("names", Saved.list(written.captured.map(Saved.text))),
          ("captured", Saved.list(captured)),
        ])
    }
    return Saved.object([("function", row)])
  }

  private mutating func module(_ module: ModuleValue) throws -> String {
    guard let path = interpreter.path(of: module) else { throw Refusal(reason: "its module has no file") }
    return try row(.modules, path) { writer in
      var digest = Digest()
      digest.add((try? RecordFile.text(path)) ?? "")
      let folder = writer.interpreter.libraryPaths.first { folder in
        path == URL(fileURLWithPath: "\(folder)/\(module.name).tvs").resolvingSymlinksInPath().path
      }
      return Saved.object([
        ("name", Saved.text(module.name)), ("path", Saved.text(path)), ("library", folder == nil ? "false" : "true"),
        ("digest", Saved.text(digest.hex)),
      ])
    }
  }

  // MARK: - Models and spaces

  mutating func model(_ model: Model?) throws -> String {
    guard let model else { return "null" }
    let tokenizer = model.tokenizer?.digest ?? ""
    return try row(.models, "\(model.digest) \(tokenizer) \(model.name)") { writer in
      let whole = try Model(
        architecture: model.architecture, weights: model.weights, adapter: model.adapter, name: model.name
      ).steered(by: model.steering)
      // The digest covers whatever a model may carry, also what nobody has thought of here.
      guard whole.digest == model.digest else {
        throw Refusal(reason: "the model \(model.name) carries more than weights, an adapter and steering")
      }
      var fields = [("name", Saved.text(model.name)), ("weights", try writer.weights(of: model))]
      let isFromFile = LoadedModels.shared.origin(of: model)?.tokenizer == tokenizer
      if let tokenizer = model.tokenizer, !isFromFile { fields.append(("tokenizer", try writer.tokenizer(tokenizer))) }
      if isFromFile { fields.append(("ownTokenizer", "true")) }
      if let adapter = model.adapter {
        fields += [
          ("rank", Saved.whole(adapter.shape.rank)), ("alpha", Saved.number(adapter.shape.alpha)),
          ("targets", Saved.list(adapter.shape.targets.map(Saved.text))), ("factors", writer.vector(adapter.factors)),
        ]
      }
      if !model.steering.isEmpty {
        fields.append(("steering", Saved.list(try model.steering.map { try writer.edit($0) })))
      }
      return Saved.object(fields)
    }
  }

  private mutating func edit(_ edit: SteeringEdit) throws -> String {
    Saved.object([
      ("layer", Saved.whole(edit.point.layer)), ("site", Saved.text(edit.point.site.rawValue)),
      ("kind", Saved.text(edit.kind.rawValue)), ("scale", Saved.number(edit.scale)),
      ("positions", try Saved.code(edit.positions)), ("vector", vector(edit.vector)),
    ])
  }

  /// The weights under an adapter, by their file if they came from one.
  private mutating func weights(of model: Model) throws -> String {
    try row(.weights, model.baseDigest) { writer in
      if let origin = LoadedModels.shared.origin(of: model) {
        if !writer.references.contains(origin.source) { writer.references.append(origin.source) }
        return Saved.object([("file", Saved.text(origin.source)), ("digest", Saved.text(model.baseDigest))])
      }
      return Saved.object([
        ("family", Saved.text(model.architecture.family)), ("configuration", try Saved.code(model.configuration)),
        ("array", writer.vector(model.weights)), ("digest", Saved.text(model.baseDigest)),
      ])
    }
  }

  private mutating func tokenizer(_ tokenizer: Tokenizer) throws -> String {
    try row(.tokenizers, tokenizer.digest) { writer in
      if tokenizer.digest == Tokenizer.bytes.digest { return Saved.object([("bytes", "true")]) }
      let files = try tokenizer.huggingFaceFiles()
      return Saved.object([
        ("files", Saved.list(files.flatMap { [Saved.text($0.name), writer.bytes($0.contents)] }))
      ])
    }
  }

  mutating func space(_ space: ParameterSpace) throws -> String {
    try row(.spaces, "\(space.name) \(space.layoutDigest) \(space.frozenDigest ?? "")") { _ in
      Saved.object([
        ("name", Saved.text(space.name)), ("frozen", Saved.optional(space.frozenDigest)),
        (
          "segments",
          Saved.list(
            space.layout.segments.map {
              Saved.list([
                Saved.text($0.name), Saved.text($0.role.rawValue), Saved.list($0.shape.map(Saved.whole)),
              ])
            })
        ),
      ])
    }
  }

  mutating func record(_ record: RunRecord) throws -> String {
    try row(.records, "\(UInt(bitPattern: ObjectIdentifier(record).hashValue))") { writer in
      Saved.object([
        ("start", Saved.text(record.start)), ("end", Saved.text(record.end)),
        ("squares", try writer.doubles(record.squaredLengths)),
      ])
    }
  }

  mutating func path(_ path: RunPath?) throws -> String {
    guard let path else { return "null" }
    return Saved.object([
      ("record", try record(path.record)), ("steps", Self.range(path.steps)), ("scale", Saved.number(path.scale)),
    ])
  }

  static func range(_ range: Range<Int>) -> String {
    Saved.list([Saved.whole(range.lowerBound), Saved.whole(range.upperBound)])
  }

  mutating func refer(to path: String) -> String {
    let full = LoadedModels.fullPath(path)
    references.append(full)
    return Saved.text(full)
  }
}

/// Where the weights of models came from that `load` has read, so that a session file can name the file.
final class LoadedModels: Sendable {
  /// A file or folder, or the name of a model.
  struct Origin: Sendable {
    /// What `load` reads, independent of the working folder.
    var source: String
    /// The digest of the tokenizer that comes with it; empty for none.
    var tokenizer: String
  }

  static let shared = LoadedModels()
  private let origins = Mutex<[String: Origin]>([:])

  /// Remembers a model that was read. What an adapter's folder holds is not its base.
  func note(_ value: Value, from source: String) {
    guard case .native(let native) = value, let model = (native as? ModelValue)?.model, model.adapter == nil else {
      return
    }
    let origin = Origin(source: Self.fullPath(source), tokenizer: model.tokenizer?.digest ?? "")
    // The first of equal files, as long as it is there.
    let digest = model.baseDigest
    origins.withLock { origins in
      if let known = origins[digest], FileManager.default.fileExists(atPath: known.source) { return }
      origins[digest] = origin
    }
  }

  /// Where a model's weights, without its adapter, came from.
  func origin(of model: Model) -> Origin? { origins.withLock { $0[model.baseDigest] } }

  static func fullPath(_ path: String) -> String {
    FileManager.default.fileExists(atPath: path) ? URL(fileURLWithPath: path).standardizedFileURL.path : path
  }
}
