import Foundation
import ModelFiles
import Tensors
import Testing
import Transformers

@testable import Steering

@Suite("Steering vectors") struct VectorTests {
  static let origin = SteeringVector.Origin(name: "tiny", digest: "0123456789abcdef", family: "llama")

  static func vector(
    _ indices: [Int] = [1, 2, 5], width: Int = 7, site: ActivationSite = .residPost, seed: UInt64 = 1,
    origin: SteeringVector.Origin = origin
  ) throws -> SteeringVector {
    let layers = indices.map { index in
      SteeringVector.Layer(
        index: index,
        values: RandomStream(seed: seed, purpose: "vector", name: "\(index)").gaussians(count: width).map { Float($0) })
    }
    return try SteeringVector(layers: layers, site: site, origin: origin, positions: "answer", method: "mean")
  }

  /// One that knows all it can, in numbers that are not short.
  static func scored(_ indices: [Int] = [1, 3]) throws -> SteeringVector {
    let layers = try vector(indices).layers.map { layer in
      SteeringVector.Layer(
        index: layer.index, values: layer.values,
        score: ProbeScore(
          accuracy: Measure(2.0 / 3, low: 0.1 + 0.2, high: 0.9, chance: 1.0 / 7, chanceModel: "shuffled labels"),
          shuffled: (1.0 / 3)...(6.0 / 7), ordered: 5.0 / 9, fitted: 30, scored: 10), threshold: -1.0 / 3)
    }
    return try SteeringVector(
      layers: layers, site: .residPost, origin: origin, positions: "answer", method: "mean",
      source: "contrast(m, \"a=b\\\\c\",\nlayer=\"all\")")
  }

  @Test("sums, differences and multiples are those of the numbers, and a sum forgets the score")
  func algebra() throws {
    let (v, w) = (try Self.vector(), try Self.vector(seed: 2))
    let sum = try v.adding(w.scaled(by: 2)).adding(v, scaled: -1)
    for (layer, other) in zip(sum.layers, w.layers) {
      for (a, b) in zip(layer.values, other.values) { #expect(abs(a - 2 * b) < 1e-6) }
    }
    let scored = try Self.scored()
    #expect(try scored.scaled(by: 2).layers[0].score == scored.layers[0].score)
    #expect(try scored.scaled(by: -2).layers[0].score == nil)
    #expect(try scored.adding(scored).layers[0].score == nil)
    #expect(abs(try v.cosine(v.scaled(by: -3)) + 1) < 1e-12)
    #expect(abs(try v.dot(v) - v.norm * v.norm) < 1e-9)
  }

  @Test("vectors of other models, sites, layers and widths are not added, and the error names both")
  func mismatches() throws {
    let vector = try Self.vector()
    let other = SteeringVector.Origin(name: "other", digest: "fedcba9876543210", family: "llama")
    let unknown = SteeringVector.Origin(name: "llama", digest: nil, family: "llama")
    let cases: [(SteeringVector, SteeringError)] = [
      (try Self.vector(origin: other), .mismatch(what: "model", left: "tiny 01234567", right: "other fedcba98")),
      (
        try Self.vector(origin: unknown),
        .mismatch(what: "model", left: "tiny 01234567", right: "an unknown model (llama)")
      ),
      (try Self.vector(site: .mlpOut), .mismatch(what: "site", left: "resid_post", right: "mlp_out")),
      (try Self.vector([1, 2]), .mismatch(what: "layers", left: "1, 2, 5", right: "1, 2")),
      (try Self.vector(width: 8), .mismatch(what: "width", left: "7", right: "8")),
    ]
    for (partner, error) in cases {
      #expect(throws: error) { try vector.adding(partner) }
      #expect(throws: error) { try vector.cosine(partner) }
    }
    #expect(try Self.vector(origin: unknown).adding(Self.vector(origin: unknown)).layers.count == 3)
    #expect(throws: SteeringError.noLayer(4, known: [1, 2, 5], of: "this vector")) { try vector.restricted(to: [4]) }
  }

  @Test("a model is asked for the digest it was measured on, or at least for width and layers")
  func models() throws {
    let model = try HuggingFaceFolder.read("\(Reference.models)/llama")
    let origin = SteeringVector.Origin(model)
    try Self.vector([0, 1], width: 24, origin: origin).require(model)
    let other = try HuggingFaceFolder.read("\(Reference.models)/qwen2")
    #expect(throws: SteeringError.self) { try Self.vector([0], width: 24, origin: origin).require(other) }
    let unknown = SteeringVector.Origin(name: "x", digest: nil, family: "mistral")
    let bound = try Self.vector([1], width: 24, origin: unknown).bound(to: model)
    #expect(bound.origin == origin)
    for (indices, width) in [([1], 25), ([2], 24)] {
      #expect(throws: SteeringError.self) { try Self.vector(indices, width: width, origin: unknown).bound(to: model) }
    }
    let family = SteeringVector.Origin(name: "x", digest: nil, family: "gpt2")
    #expect(throws: SteeringError.self) { try Self.vector([1], width: 24, origin: family).bound(to: model) }
  }

  @Test("random vectors have the lengths of each layer and depend on seed and number")
  func random() throws {
    let vector = try Self.vector()
    let one = try vector.randomised(seed: 1, index: 0)
    for (a, b) in zip(one.layers, vector.layers) { #expect(abs(a.norm - b.norm) < 1e-5) }
    #expect(try vector.randomised(seed: 1, index: 0).isIdentical(to: one))
    #expect(try !vector.randomised(seed: 1, index: 1).isIdentical(to: one))
    #expect(abs(try one.cosine(vector)) < 0.9)
  }
}

@Suite("Files of steering vectors") struct SteeringFileTests {
  private func names(_ vector: SteeringVector) -> String { vector.layers.map { "\($0.index)" }.joined(separator: " ") }

  @Test("what is written comes back bit for bit, with all it knows", arguments: ["safetensors", "npz", "gguf"])
  func roundTrip(ending: String) throws {
    let scratch = ScratchFile(ending)
    for vector in [try VectorTests.scored(), try VectorTests.vector([2])] {
      let again: SteeringVector?
      switch ending {
      case "safetensors":
        try SteeringFile.writeSafetensors(vector, to: scratch.path)
        again = try SteeringFile.readSafetensors(scratch.path)
      case "npz":
        try SteeringFile.writeNumpy(vector, to: scratch.path)
        again = try SteeringFile.readNumpy(scratch.path)
      default:
        try ControlVectorFile.write(vector, to: scratch.path)
        again = try ControlVectorFile.read(scratch.path)
      }
      #expect(try #require(again).isIdentical(to: vector))
    }
  }

  @Test("a file of repeng's is read with the numbers it was made of, and written again as the same tensors")
  func repeng() throws {
    let vector = try #require(try ControlVectorFile.read(Reference.folder.appendingPathComponent("repeng.gguf").path))
    let numbers = try SafetensorsFile.read(Reference.folder.appendingPathComponent("repeng.safetensors").path).tensors
    #expect(vector.indices == [1, 2, 3] && vector.site == .residPost)
    #expect(vector.origin == .init(name: "llama", digest: nil, family: "llama"))
    for layer in vector.layers {
      let expected = try #require(numbers.first { $0.name == "direction.\(layer.index)" }).tensor.floats
      #expect(layer.values.map(\.bitPattern) == expected.map(\.bitPattern))
    }
    let scratch = ScratchFile("gguf")
    try ControlVectorFile.write(vector, to: scratch.path)
    #expect(try #require(try ControlVectorFile.read(scratch.path)).isIdentical(to: vector))
  }

  @Test("what llama.cpp cannot hold is refused with what to do instead")
  func refusals() throws {
    let scratch = ScratchFile("gguf")
    for vector in [try VectorTests.vector([0, 1]), try VectorTests.vector(site: .attnOut)] {
      #expect(throws: SteeringError.self) { try ControlVectorFile.write(vector, to: scratch.path) }
    }
    #expect(!FileManager.default.fileExists(atPath: scratch.path))
  }

  @Test("damaged control vectors are errors that say what is wrong")
  func damage() throws {
    func refusal(_ name: String, _ shape: [Int], _ extra: [(key: String, value: GGUFValue)] = []) throws -> String {
      let scratch = ScratchFile("gguf")
      try GGUFWriter.write(
        metadata: [("general.architecture", .string("controlvector"))] + extra,
        arrays: [GGUFWriter.Array(name, shape: shape, values: [Float](repeating: 1, count: shape.reduce(1, *)))],
        to: scratch.path)
      do {
        _ = try ControlVectorFile.read(scratch.path)
        return "read"
      } catch TensorError.malformed(_, let reason) { return reason }
    }
    #expect(try refusal("direction.1", [4]) == "read")
    for name in ["direction.0", "direction.-1", "direction.01", "direction.x", "direction.99999999999", "weight"] {
      #expect(try refusal(name, [4]) == "\(name) is no direction of a layer")
    }
    #expect(try refusal("direction.1", [2, 2]) == "direction.1 is not a vector")
    #expect(try refusal("direction.1", [0]) == "direction.1 is not a vector")
    #expect(try refusal("direction.1", [4], [("controlvector.model_hint", .count(3))]) == "its model_hint is not text")
    #expect(try refusal("direction.1", [4], [("tvs.site", .count(3))]) == "its tvs.site is not text")
    #expect(
      try refusal("direction.1", [4], [("tvs.site", .string("nowhere"))])
        == "it has directions of the unknown site nowhere")
    #expect(try refusal("direction.1", [4], [("tvs.score.1", .string("1 2"))]) == "the score of layer 1 is damaged")
    #expect(
      try refusal("direction.1", [4], [("tvs.threshold.1", .string("inf"))]) == "the threshold of layer 1 is damaged")
    #expect(try refusal("direction.1", [4], [("tvs.version", .string("2"))]) == "its version is 2; 1 is read")
  }

  @Test("files of something else are left to other readers")
  func others() throws {
    let scratch = ScratchFile("npz")
    try NumpyArchive.write([(name: "a", tensor: Tensor([1.0]))], to: scratch.path)
    #expect(try SteeringFile.readNumpy(scratch.path) == nil)
    try SafetensorsFile.write([(name: "a", tensor: Tensor([1.0]))], to: scratch.path)
    #expect(try SteeringFile.readSafetensors(scratch.path) == nil)
    try GGUFWriter.write(metadata: [("general.architecture", .string("llama"))], arrays: [], to: scratch.path)
    #expect(try ControlVectorFile.read(scratch.path) == nil)
  }

  private static let python = ProcessInfo.processInfo.environment["TVS_REFERENCE_PYTHON"]

  @Test(
    "Python's gguf, safetensors and NumPy read the same numbers",
    .enabled(if: python != nil, "TVS_REFERENCE_PYTHON names a Python with gguf, safetensors and numpy"))
  func otherReaders() throws {
    let folder = ScratchFile("folder").path
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let vector = try VectorTests.scored()
    try ControlVectorFile.write(vector, to: folder + "/v.gguf")
    try SteeringFile.writeSafetensors(vector, to: folder + "/v.safetensors")
    try SteeringFile.writeNumpy(vector, to: folder + "/v.npz")
    for layer in vector.layers { try NumpyFile.write(Tensor(layer.values), to: "\(folder)/\(layer.index).npy") }
    let process = Process()
    process.executableURL = URL(fileURLWithPath: try #require(Self.python))
    process.arguments = [
      URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .appendingPathComponent("../../scripts/references/check_vectors.py").standardizedFileURL.path, folder,
      names(vector),
    ]
    try process.run()
    process.waitUntilExit()
    #expect(process.terminationStatus == 0)
  }
}
