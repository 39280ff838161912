import Checkpoints
import Foundation
import Tensors
import Testing

@testable import ModelFiles

@Suite("Containers of weights", .serialized)
struct ContainerTests {
  @Test("safetensors: every type gives the float32 values that PyTorch gives, bit for bit")
  func safetensors() throws {
    let file = try SafetensorsWeights(path: ReferenceFiles.path("every.safetensors"))
    #expect(file.metadata == ["format": "pt", "note": "line\n\"two\""])
    #expect(try file.patterns(file.byName) == ReferenceFiles.patterns("every.safetensors.f32"))
    let shapes = Dictionary(uniqueKeysWithValues: file.arrays.map { ($0.name, $0.shape) })
    #expect(shapes["f32"] == [5, 3] && shapes["scalar"] == [] && shapes["empty"] == [0, 4])
    #expect(Set(file.arrays.map(\.format)).count == 13)
    // The other reader of this format has the same header, and float64 for what is not a narrow float.
    let tensors = try SafetensorsFile.read(file.path).tensors
    #expect(tensors.map(\.name) == file.arrays.map(\.name) && tensors.map(\.tensor.shape) == file.arrays.map(\.shape))
  }

  @Test("shards are one file, in the order of their names")
  func shards() throws {
    let file = try ShardedSafetensors(path: ReferenceFiles.path("model.safetensors.index.json"))
    #expect(file.arrays.map(\.name).sorted() == ["a.weight", "b.weight", "c.weight"])
    #expect(file.arrays.last?.name == "c.weight" && file.surplus.isEmpty)
    #expect(try file.patterns(file.byName) == ReferenceFiles.patterns("model.safetensors.index.f32"))
    #expect(throws: TensorError.malformed(path: file.path, reason: "it holds no such array as d")) {
      try file.values(StoredArray(name: "d", shape: [1], format: "F32", offset: 0, byteCount: 4))
    }
  }

  @Test("GGUF: every quantisation gives the float32 values that gguf-py gives, bit for bit")
  func quantisations() throws {
    let file = try GGUFFile(path: ReferenceFiles.path("every.gguf"))
    let names = ["F32", "F16", "BF16", "Q8_0", "Q4_0", "Q4_1", "Q5_0", "Q5_1", "Q4_K", "Q5_K", "Q6_K"]
    #expect(file.arrays.map(\.name) == names && file.arrays.map(\.format) == names)
    #expect(file.arrays.first?.shape == [3, 64] && file.arrays.last?.shape == [2, 512])
    var expected = try ReferenceFiles.patterns("every.gguf.f32")[...]
    for array in file.arrays {
      let found = try file.values(array).map(\.bitPattern)
      #expect(found == Array(expected.prefix(array.count)), "\(array.name)")
      expected = expected.dropFirst(array.count)
    }
  }

  @Test("GGUF: metadata of every type")
  func metadata() throws {
    let metadata = try GGUFFile(path: ReferenceFiles.path("every.gguf")).metadata
    let ints = [
      "uint32": 4_294_967_295, "int32": -5, "int64": -(1 << 62), "uint16": 65_535, "int16": -32_768, "uint8": 255,
      "int8": -128,
    ]
    for (name, value) in ints { #expect(metadata["a.\(name)"]?.int == value) }
    #expect(metadata["a.uint64"]?.int == nil && metadata["a.uint64"]?.double == 0x1p63)
    #expect(metadata["a.float32"]?.double == Double(Float(0.1)) && metadata["a.float64"]?.double == 0.1)
    #expect(metadata["a.bool"]?.bool == true && metadata["a.string"]?.string == "Grüße, 世界")
    #expect(metadata["general.architecture"]?.string == "llama" && metadata["a.bool"]?.int == nil)
    #expect(metadata["tokenizer.ggml.tokens"]?.strings == ["<s>", "Ġthe", "é", ""])
    #expect(metadata["tokenizer.ggml.scores"]?.doubles == [0, -1.5, 2.25])
    #expect(metadata["tokenizer.ggml.token_type"]?.ints == [1, 3, -2])
    #expect(metadata["tokenizer.ggml.token_type"]?.doubles == [1, 3, -2])
    #expect(metadata["tokenizer.ggml.tokens"]?.ints == nil && metadata["tokenizer.ggml.scores"]?.strings == nil)
  }

  @Test("GGUF: what is written reads back, and version 2 is read")
  func writing() throws {
    let path = FileManager.default.temporaryDirectory.appendingPathComponent("tvs-\(UUID().uuidString).gguf").path
    defer { try? FileManager.default.removeItem(atPath: path) }
    let numbers: [Float] = [0, -0.0, 1.0 / 3, 65_519, 65_520, 1e-8, 5.9604645e-8, 6.1e-5, -2049, 2051, .infinity, 0.1]
    let entries: [(key: String, value: GGUFValue)] = [
      ("general.architecture", .string("steering")), ("n", .count(7)), ("small", .integer(-3, .int8)),
      ("large", .unsigned(.max)), ("half", .float(0.5, .float32)), ("third", .float(1 / 3, .float64)),
      ("flag", .bool(false)), ("texts", .array(GGUFArray(["", "é"]))), ("ints", .array(GGUFArray([Int32(-1), 2]))),
      ("floats", .array(GGUFArray([Float(0.1)]))),
    ]
    try GGUFWriter.write(
      metadata: entries,
      arrays: [.init("a", shape: [3, 4], values: numbers), .init("b", shape: [12], values: numbers, isHalf: true)],
      to: path)
    var file = try GGUFFile(path: path)
    #expect(file.arrays.map(\.shape) == [[3, 4], [12]] && file.metadata.count == entries.count)
    #expect(try file.values(file.arrays[0]).map(\.bitPattern) == numbers.map(\.bitPattern))
    let halves: [Float] = [0, -0.0, 0.333251953125, 65_504, .infinity, 0, 0x1p-24, 6.097555e-5, -2048, 2052, .infinity]
    #expect(try file.values(file.arrays[1]).prefix(11).elementsEqual(halves))
    #expect(file.metadata["n"]?.int == 7 && file.metadata["small"]?.int == -3)
    #expect(file.metadata["large"]?.double == 0x1p64 && file.metadata["third"]?.double == 1 / 3)
    #expect(file.metadata["half"]?.double == 0.5 && file.metadata["flag"]?.bool == false)
    #expect(file.metadata["texts"]?.strings == ["", "é"] && file.metadata["ints"]?.ints == [-1, 2])
    #expect(file.metadata["floats"]?.doubles == [Double(Float(0.1))])

    var bytes = try Data(contentsOf: URL(fileURLWithPath: path))
    bytes[4] = 2
    try bytes.write(to: URL(fileURLWithPath: path))
    file = try GGUFFile(path: path)
    #expect(file.arrays.count == 2)
    #expect(throws: TensorError.self) {
      try GGUFWriter.write(metadata: [], arrays: [.init("a", shape: [5], values: numbers)], to: path)
    }
  }

  @Test("llama2.c: the legacy form and version 1 hold the same model")
  func llama2c() throws {
    for name in ["legacy", "version1"] {
      let file = try Llama2CFile(path: ReferenceFiles.path("\(name).llama2c.bin"))
      #expect(
        file.configuration
          == .init(
            dimension: 8, hiddenDimension: 12, layers: 2, heads: 4, keyValueHeads: 2, vocabulary: 10, positions: 6,
            isTied: false))
      #expect(file.configuration.keyValueDimension == 4)
      #expect(file.arrays.first { $0.name == "layers.1.wk" }?.shape == [4, 8])
      #expect(file.arrays.first { $0.name == "layers.0.w2" }?.shape == [8, 12])
      #expect(try file.patterns(file.byName) == ReferenceFiles.patterns("llama2c.f32"))
    }
  }

  @Test(
    "stories260K of llama2.c", .enabled(if: ReferenceFiles.exists(ReferenceFiles.stories), "../shared/data is absent"))
  func stories() throws {
    let file = try Llama2CFile(path: ReferenceFiles.stories)
    #expect(
      file.configuration
        == .init(
          dimension: 64, hiddenDimension: 172, layers: 5, heads: 8, keyValueHeads: 4, vocabulary: 512, positions: 512,
          isTied: true))
    #expect(file.arrays.count == 2 + 9 * 5)
    let first = try file.values(file.arrays[0])[0]
    #expect(first.bitPattern == 0xbe96_e950)
  }

  @Test("an array of another file is refused, and so is a file that has become shorter")
  func strangers() throws {
    let path = FileManager.default.temporaryDirectory.appendingPathComponent("tvs-\(UUID().uuidString).bin").path
    defer { try? FileManager.default.removeItem(atPath: path) }
    try Data(ReferenceFiles.bytes("legacy.llama2c.bin")).write(to: URL(fileURLWithPath: path))
    let file = try Llama2CFile(path: path)
    for (format, offset, byteCount) in [
      ("F32", 4712, 8), ("F32", -4, 8), ("F32", 0, 4), ("F16", 0, 8), ("F3", 0, 8), ("F32", Int.max - 3, 8),
    ] {
      let array = StoredArray(name: "x", shape: [2], format: format, offset: offset, byteCount: byteCount)
      #expect(throws: TensorError.malformed(path: path, reason: "it holds no such array as x")) {
        try file.values(array)
      }
    }
    #expect(truncate(path, 100) == 0)
    #expect(throws: TensorError.file(path: path, reason: "it has become shorter since it was opened")) {
      try file.values(file.arrays[0])
    }
  }

  @Test("reading stops when the user asks for it")
  func interruption() throws {
    let file = try GGUFFile(path: ReferenceFiles.path("every.gguf"))
    Cancellation.request()
    defer { Cancellation.take() }
    #expect(throws: Interrupted.self) { try file.values(file.arrays[0]) }
  }
}
