import Foundation
import Tensors
import Testing
import Transformers

@testable import ModelFiles

/// Models and adapters that transformers and peft wrote, and the numbers they compute
/// (scripts/references/models.py).
@Suite("Models of transformers and adapters of peft") struct ReferenceModelTests {
  static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .appendingPathComponent("References/models").path
  static let names = ["gpt2", "llama", "llama3", "llama-linear", "qwen2", "olmo", "olmo2"]

  private func numbers(_ name: String) throws -> [String: Tensor] {
    let contents = try SafetensorsFile.read("\(Self.folder)/\(name)/reference.safetensors")
    return Dictionary(contents.tensors.map { ($0.name, $0.tensor) }, uniquingKeysWith: { first, _ in first })
  }

  /// The sequences of the reference, with every next token scored.
  private func batch(_ tokens: Tensor) throws -> Batch {
    let (rows, length) = (tokens.shape[0], tokens.shape[1])
    let ids = tokens.doubles.map { Int32($0) }
    let positions = (0..<rows).flatMap { row in (0..<length - 1).map { Int32(row * length + $0) } }
    return try Batch(rows: rows, tokens: ids, positions: positions, targets: positions.map { ids[Int($0) + 1] })
  }

  /// The largest difference between our numbers and theirs, and the largest of theirs.
  private func difference(_ ours: [Float], _ theirs: [Double]) throws -> (largest: Double, size: Double) {
    try #require(ours.count == theirs.count)
    return zip(ours, theirs).reduce((0.0, 0.0)) { (max($0.0, abs(Double($1.0) - $1.1)), max($0.1, abs($1.1))) }
  }

  @Test("logits, losses and gradients agree with transformers", arguments: names)
  func model(_ name: String) throws {
    let model = try HuggingFaceFolder.read("\(Self.folder)/\(name)")
    let reference = try numbers(name)
    let batch = try batch(#require(reference["tokens"]))
    let first = Array(batch.tokens[..<batch.length])
    let logits = try difference(Transformers.logits(of: model, tokens: first), #require(reference["logits"]).doubles)
    let (loss, gradient) = try gradient(of: model, on: batch)
    var worst = 0.0
    for segment in model.layout.segments {
      let key = try #require(model.architecture.checkpointNames.name(of: segment.name))
      let theirs = try #require(reference["gradient.\(key)"], "\(key)")
      let isTransposed = model.architecture.checkpointNames.transposesLinear && segment.role == .linear
      let ours = Array(gradient.elements[segment.range])
      let (largest, size) = try difference(ours, (isTransposed ? theirs.transposed() : theirs).doubles)
      worst = max(worst, largest / size)
    }
    print("\(name): logits differ by \(logits.largest) of \(logits.size), gradients by \(worst) relative")
    #expect(logits.largest < 1e-4)
    #expect(worst < 1e-4)
    #expect(abs(loss - (try #require(reference["loss"]).doubles[0])) < 1e-5)
  }

  @Test("logits and gradients of adapters agree with peft", arguments: names)
  func adapter(_ name: String) throws {
    let base = try HuggingFaceFolder.read("\(Self.folder)/\(name)")
    let model = try PEFTFolder.read("\(Self.folder)/\(name)/adapter", base: base)
    let reference = try numbers(name)
    let batch = try batch(#require(reference["tokens"]))
    let first = Array(batch.tokens[..<batch.length])
    let logits = try difference(
      Transformers.logits(of: model, tokens: first), #require(reference["lora.logits"]).doubles)
    let (_, gradient) = try gradient(of: model, on: batch)
    var worst = 0.0
    for segment in model.freeLayout.segments {
      let key = try PEFTFolder.name(of: segment, base).replacing(".weight", with: ".default.weight")
      let theirs = try #require(reference["lora.gradient.\(key)"], "\(key)")
      let (largest, size) = try difference(Array(gradient.elements[segment.range]), theirs.doubles)
      worst = max(worst, largest / size)
    }
    print("\(name)+adapter: logits differ by \(logits.largest) of \(logits.size), gradients by \(worst) relative")
    #expect(logits.largest < 1e-4)
    #expect(worst < 1e-4)
    let merged = try difference(
      Transformers.logits(of: model.merged(), tokens: first), #require(reference["lora.logits"]).doubles)
    #expect(merged.largest < 1e-4)
  }

  @Test("a sequence read token by token gives the logits of the whole", arguments: names)
  func cache(_ name: String) throws {
    let model = try HuggingFaceFolder.read("\(Self.folder)/\(name)")
    let tokens: [Int32] = [3, 9, 27, 33, 5, 8, 40, 11, 12, 13]
    let whole = try Transformers.logits(of: model, tokens: tokens)
    let decoding = try Decoding(model, rows: 2, capacity: 16)
    var first: [Float] = []
    for part in [tokens[..<4], tokens[4..<5], tokens[5...]] {
      first = try decoding.read(Array(part) + Array(part)) { Array($0) }
    }
    let width = model.configuration.vocabulary
    for row in 0..<2 {
      let ours = Array(first[row * width..<(row + 1) * width])
      #expect(try difference(ours, whole.suffix(width).map(Double.init)).largest < 1e-5)
    }
  }
}

@Suite("Folders that are written") struct FolderWritingTests {
  private static let scratch = NSTemporaryDirectory() + "tvs-folders-\(getpid())"

  @Test("a model and its adapter come back bit for bit", arguments: ReferenceModelTests.names)
  func roundTrip(_ name: String) throws {
    let base = try HuggingFaceFolder.read("\(ReferenceModelTests.folder)/\(name)")
    let scratch = "\(Self.scratch)-\(name)"
    let path = "\(scratch)/model"
    try FileManager.default.createDirectory(atPath: scratch, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: scratch) }
    try HuggingFaceFolder.write(base, to: path)
    // Once more: the folder that is there is replaced.
    try HuggingFaceFolder.write(base, to: path + "/")
    let again = try HuggingFaceFolder.read(path)
    #expect(again.digest == base.digest)
    let model = try PEFTFolder.read("\(ReferenceModelTests.folder)/\(name)/adapter", base: base)
    try PEFTFolder.write(model, to: path + "-adapter")
    let adapted = try PEFTFolder.read(path + "-adapter", base: again)
    #expect(adapted.digest == model.digest)
    #expect(try FileManager.default.contentsOfDirectory(atPath: scratch).allSatisfy { !$0.hasSuffix("tvs-tmp") })
  }

  @Test("a folder that holds something else is left alone")
  func foreign() throws {
    let base = try HuggingFaceFolder.read("\(ReferenceModelTests.folder)/gpt2")
    let path = "\(Self.scratch)-foreign"
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: path) }
    try Data("thesis".utf8).write(to: URL(fileURLWithPath: path + "/thesis.tex"))
    let reason = "it is a folder that holds thesis.tex, which saving would remove"
    #expect(throws: TensorError.file(path: path, reason: reason)) { try HuggingFaceFolder.write(base, to: path) }
  }

  private static let python = ProcessInfo.processInfo.environment["TVS_REFERENCE_PYTHON"]

  @Test(
    "transformers and peft load what is written, without a warning, and find the same logits",
    .enabled(if: python != nil, "TVS_REFERENCE_PYTHON names a Python with transformers and peft"))
  func transformers() throws {
    let python = try #require(Self.python)
    let scratch = "\(Self.scratch)-transformers"
    defer { try? FileManager.default.removeItem(atPath: scratch) }
    let tokens: [Int32] = [3, 9, 27, 33, 5, 8, 40, 11, 12, 13, 47, 4]
    for name in ReferenceModelTests.names {
      try FileManager.default.createDirectory(atPath: "\(scratch)/\(name)", withIntermediateDirectories: true)
      let base = try HuggingFaceFolder.read("\(ReferenceModelTests.folder)/\(name)")
      let model = try PEFTFolder.read("\(ReferenceModelTests.folder)/\(name)/adapter", base: base)
      try HuggingFaceFolder.write(base, to: "\(scratch)/\(name)/model")
      try PEFTFolder.write(model, to: "\(scratch)/\(name)/adapter")
      let shape = [tokens.count, base.configuration.vocabulary]
      try SafetensorsFile.write(
        [
          (name: "tokens", tensor: Tensor(tokens.map(Double.init))),
          (name: "logits", tensor: Tensor(logits(of: base, tokens: tokens), shape: shape)),
          (name: "lora.logits", tensor: Tensor(logits(of: model, tokens: tokens), shape: shape)),
        ], to: "\(scratch)/\(name)/logits.safetensors")
    }
    let process = Process()
    process.executableURL = URL(fileURLWithPath: python)
    process.arguments = [
      URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .appendingPathComponent("../../scripts/references/check_saved.py").standardizedFileURL.path, scratch,
    ]
    try process.run()
    process.waitUntilExit()
    #expect(process.terminationStatus == 0)
  }
}
