import Foundation
import ModelFiles
import Tokenizers
import Transformers

/// Readers of what makes arrays a model: configurations, adapters, metadata, tokenizers.
enum ModelReaders {
  private static let model = "models/llama"

  static let configuration = FuzzReader(
    "config", fileName: "config.json", structure: .text, companions: ["\(model)/model.safetensors"],
    seeds: { [try References.bytes("\(model)/config.json")] },
    hostile: {
      let changes = sizes.flatMap { size in
        ["hidden_size", "num_hidden_layers", "num_attention_heads", "vocab_size", "max_position_embeddings"].map {
          ("\"\($0)\": ", "\(size), \"x\": ")
        }
      }
      let words = [
        ("\"model_type\": ", "\"gptj\", \"x\": "), ("\"hidden_act\": ", "\"relu\", \"x\": "),
        ("\"rms_norm_eps\": ", "-1, \"x\": "), ("\"rms_norm_eps\": ", "\"small\", \"x\": "),
        ("\"rope_type\": ", "\"yarn\", \"x\": "), ("\"rope_theta\": ", "-5, \"x\": "),
      ]
      return damaged("\(model)/config.json", changes.filter { $0.1 != "64, \"x\": " } + words) + deep
    },
    read: { _ = try HuggingFaceFolder.read(URL(fileURLWithPath: $0).deletingLastPathComponent().path) })

  private static let base = Result {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("tvs-fuzz-base-\(getpid())")
    defer { try? FileManager.default.removeItem(at: folder) }
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    for name in ["config.json", "model.safetensors"] {
      try Data(References.bytes("\(model)/\(name)")).write(to: folder.appendingPathComponent(name))
    }
    return try HuggingFaceFolder.read(folder.path)
  }

  static let adapter = FuzzReader(
    "adapter", fileName: "adapter_config.json", structure: .text,
    companions: ["\(model)/adapter/adapter_model.safetensors"],
    seeds: { [try References.bytes("\(model)/adapter/adapter_config.json")] },
    hostile: {
      let changes = sizes.map { ("\"r\": ", "\($0), \"x\": ") }
      let words = [
        ("\"peft_type\": ", "\"LOHA\", \"x\": "), ("\"use_dora\": ", "true, \"x\": "),
        ("\"lora_alpha\": ", "\"five\", \"x\": "), ("\"bias\": ", "\"all\", \"x\": "),
        ("\"rank_pattern\": ", "{\"q_proj\": 2}, \"x\": "), ("\"r\": ", "2, \"x\": "), ("\"r\": ", "null, \"x\": "),
      ]
      return damaged("\(model)/adapter/adapter_config.json", changes + words) + deep
    },
    read: {
      _ = try PEFTFolder.read(URL(fileURLWithPath: $0).deletingLastPathComponent().path, base: try base.get())
    })

  static let ggufModel = FuzzReader(
    "gguf-model", fileName: "model.gguf", seeds: { [try tinyGGUF()] },
    read: { path in
      let model = try GGUFModel.read(path)
      if let tokenizer = model.tokenizer { _ = try? tokenizer.encode("a cab, b") }
    })

  static let tokenizer = FuzzReader(
    "tokenizer", fileName: "tokenizer.json", structure: .text,
    seeds: { try ["gpt2", "llama2", "unigram-bytes"].map { try bytes("\($0)/tokenizer.json") } },
    hostile: { deep },
    read: { path in
      let folder = URL(fileURLWithPath: path).deletingLastPathComponent().path
      guard let tokenizer = try HuggingFaceFolder.tokenizer(folder) else { return }
      // A text that the damaged vocabulary cannot spell is no fault of the reader's.
      if let tokens = try? tokenizer.encode("It's 12 naïve 東京 <s>\n") { _ = try tokenizer.decode(tokens) }
    })

  static let vocabulary = FuzzReader(
    "vocabulary", fileName: "tok.bin", seeds: { [tinyVocabulary] },
    hostile: {
      let sound = tinyVocabulary
      func with(_ number: Int32, at offset: Int) -> [UInt8] {
        var bytes = sound
        withUnsafeBytes(of: number.littleEndian) { bytes.replaceSubrange(offset..<offset + 4, with: $0) }
        return bytes
      }
      return [("nothing", []), ("a byte long", sound + [0]), ("cut", Array(sound.dropLast(3)))]
        + [-1, Int32.min, 1 << 30, Int32.max].map { ("length \($0)", with($0, at: 8)) }
    },
    read: { path in
      let tokenizer = try Tokenizer(llama2c: path)
      if let tokens = try? tokenizer.encode("a cab, ü") { _ = try tokenizer.decode(tokens) }
    })

  // MARK: - Seeds

  private static let sizes = ["-1", "0", "1e300", "9223372036854775807", "4294967296", "\"64\"", "2.5", "true", "[]"]

  private static let deep: [(fault: String, bytes: [UInt8])] = [
    ("nothing", []), ("a list", Array("[]".utf8)), ("no end", Array("{".utf8)),
    ("depth", Array((String(repeating: "{\"a\":", count: 100_000) + "1").utf8)),
    ("depth of lists", Array(("{\"a\":" + String(repeating: "[", count: 100_000)).utf8)),
  ]

  /// A sound file in which one piece of text is replaced, for each change.
  private static func damaged(_ name: String, _ changes: [(String, String)]) -> [(fault: String, bytes: [UInt8])] {
    guard let sound = try? References.bytes(name) else { return [] }
    let text = String(decoding: sound, as: UTF8.self)
    return changes.map { from, to in (to, Array(text.replacingOccurrences(of: from, with: from + to).utf8)) }
  }

  private static func bytes(_ name: String) throws -> [UInt8] {
    try References.bytes(name, room: "TokenizersTests")
  }

  /// llama2.c's form: the longest length, then score, length and bytes of each token.
  private static var tinyVocabulary: [UInt8] {
    var bytes: [UInt8] = []
    func add<Number>(_ number: Number) { withUnsafeBytes(of: number) { bytes += $0 } }
    let hex = Array("0123456789ABCDEF")
    let tokens =
      ["<unk>", "\n<s>\n", "\n</s>\n"] + (0..<256).map { "<0x\(hex[$0 / 16])\(hex[$0 % 16])>" }
      + ["a", "b", "c", " ", "ab", " c", " cab", "ü"]
    add(Int32(8))
    for (index, token) in tokens.enumerated() {
      add(Float(-index))
      add(Int32(token.utf8.count))
      bytes += token.utf8
    }
    return bytes
  }

  /// A model of one block and width 4, with a vocabulary of five tokens.
  private static func tinyGGUF() throws -> [UInt8] {
    let path = FileManager.default.temporaryDirectory.appendingPathComponent("tvs-fuzz-\(UUID()).gguf").path
    defer { try? FileManager.default.removeItem(atPath: path) }
    let matrices = [
      ("token_embd", [6, 4]), ("blk.0.attn_q", [4, 4]), ("blk.0.attn_k", [2, 4]), ("blk.0.attn_v", [2, 4]),
      ("blk.0.attn_output", [4, 4]), ("blk.0.ffn_gate", [3, 4]), ("blk.0.ffn_up", [3, 4]), ("blk.0.ffn_down", [4, 3]),
      ("blk.0.attn_norm", [4]), ("blk.0.ffn_norm", [4]), ("output_norm", [4]),
    ]
    try GGUFWriter.write(
      metadata: [
        ("general.architecture", .string("llama")), ("llama.block_count", .count(1)),
        ("llama.embedding_length", .count(4)), ("llama.attention.head_count", .count(2)),
        ("llama.attention.head_count_kv", .count(1)), ("llama.feed_forward_length", .count(3)),
        ("llama.context_length", .count(8)), ("tokenizer.ggml.model", .string("gpt2")),
        ("tokenizer.ggml.pre", .string("smollm")),
        ("tokenizer.ggml.tokens", .array(GGUFArray(["a", "b", "c", "Ġ", "ab", ","]))),
        ("tokenizer.ggml.token_type", .array(GGUFArray([Int32](repeating: 1, count: 6)))),
        ("tokenizer.ggml.merges", .array(GGUFArray(["a b"]))),
      ],
      arrays: matrices.map { name, shape in
        GGUFWriter.Array(name + ".weight", shape: shape, values: (0..<shape.reduce(1, *)).map { Float($0) / 64 })
      }, to: path)
    return try [UInt8](Data(contentsOf: URL(fileURLWithPath: path)))
  }
}
