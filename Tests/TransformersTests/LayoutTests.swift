import Tensors
import Testing

@testable import Transformers

@Suite("Layouts and configurations")
struct LayoutTests {
  let layout: ParameterLayout

  init() throws { layout = PreNormDecoder(try DecoderConfiguration(layers: 4, width: 128, heads: 2)).layout }

  @Test("the reference decoder has 534,528 weights")
  func count() { #expect(layout.count == 534_528) }

  @Test("segments lie one after the other without gaps")
  func contiguity() {
    var end = 0
    for segment in layout.segments {
      #expect(segment.offset == end)
      end = segment.range.upperBound
    }
    #expect(end == layout.count)
  }

  @Test("a block selects the segments under it and nothing else")
  func selection() throws {
    let block = try layout.segments(under: "blocks.2")
    #expect(block.map(\.name).allSatisfy { $0.hasPrefix("blocks.2.") })
    #expect(block.reduce(0) { $0 + $1.count } == 132_480)
    #expect(try layout.range(under: "blocks.2").count == 132_480)
    #expect(try layout.range(under: "blocks.2.attn.qkv.weight").count == 3 * 128 * 128)
    #expect(layout.blocks == ["embed", "blocks.0", "blocks.1", "blocks.2", "blocks.3", "final"])
  }

  @Test("a path that selects nothing is refused with the paths that would", arguments: ["blocks.4", "block", ""])
  func unknown(path: String) {
    #expect(throws: TransformerError.unknownSegment(name: path, known: layout.selectors)) {
      try layout.segments(under: path)
    }
  }

  @Test("blocks.1 does not select blocks.10")
  func prefixes() throws {
    let layout = PreNormDecoder(try DecoderConfiguration(layers: 11, width: 4, heads: 1)).layout
    #expect(try layout.segments(under: "blocks.1").allSatisfy { $0.name.hasPrefix("blocks.1.") })
  }

  @Test("layouts with another shape, name or order have another digest")
  func digests() {
    let base = ParameterLayout([("a", [2, 3], .linear), ("b", [2], .bias)])
    #expect(base.digest == ParameterLayout([("a", [2, 3], .linear), ("b", [2], .bias)]).digest)
    for other in [
      ParameterLayout([("a", [3, 2], .linear), ("b", [2], .bias)]),
      ParameterLayout([("b", [2, 3], .linear), ("a", [2], .bias)]),
      ParameterLayout([("b", [2], .bias), ("a", [2, 3], .linear)]),
    ] {
      #expect(base.digest != other.digest)
      #expect(base != other)
    }
  }

  @Test("sizes that no decoder can have are refused by name")
  func invalid() {
    func field(_ make: () throws -> DecoderConfiguration) -> String? {
      do {
        _ = try make()
        return nil
      } catch TransformerError.invalidConfiguration(let field, _, _) {
        return field
      } catch { return "\(error)" }
    }
    #expect(field { try DecoderConfiguration(layers: 0, width: 8, heads: 2) } == "layers")
    #expect(field { try DecoderConfiguration(layers: 1, width: 9, heads: 2) } == "heads")
    #expect(field { try DecoderConfiguration(layers: 1, width: 8, heads: 2, mlp: .nan) } == "mlp")
    #expect(field { try DecoderConfiguration(layers: 1, width: 8, heads: 2, context: -1) } == "context")
    #expect(field { try DecoderConfiguration(layers: 1, width: 8, heads: 2, vocabulary: 1) } == "vocabulary")
    #expect(field { try DecoderConfiguration(layers: 1, width: 8, heads: 2) } == nil)
  }

  @Test("xxHash64 gives its published answers")
  func hash() {
    func hash(_ text: String, _ seed: UInt64 = 0) -> UInt64 {
      Array(text.utf8).withUnsafeBytes { Digest.hash($0, seed: seed) }
    }
    #expect(hash("") == 0xEF46_DB37_51D8_E999)
    #expect(hash("a") == 0xD24E_C4F1_A98C_6E5B)
    #expect(hash("abc") == 0x44BC_2CF5_AD77_0999)
    #expect(hash("xxhash") == 0x32DD_38952C4BC720)
    #expect(hash("xxhash", 20_141_025) == 0xB559_B98D_844E_0635)
    #expect(hash("Call me Ishmael. Some years ago--never mind how long precisely-") == 0x02A2_E854_70D6_FD96)
  }
}
