import Tensors
import Testing

@testable import Transformers

@Suite("Weights that are read as bfloat16")
struct BFloat16Tests {
  private let sizes: DecoderConfiguration
  private let tokens: [Int32] = [1, 5, 2, 9, 3, 3, 14, 7, 4, 11]

  init() throws {
    // A width that is no multiple of a register's sixteen numbers: each product has a rest.
    sizes = try DecoderConfiguration(layers: 2, width: 40, heads: 2, context: 64)
  }

  /// A model of weights rounded to bfloat16, or as they were drawn.
  private func model(rounded: Bool) throws -> Model {
    let fresh = try Model(LlamaDecoder(sizes), seed: 3)
    guard rounded else { return fresh }
    return try fresh.with(
      freeWeights: FloatVector(fresh.weights.elements.map { Float(bitPattern: $0.bitPattern & 0xFFFF_0000) }))
  }

  /// The logits of tokens read one by one.
  private func read(_ decoding: Decoding) throws -> [UInt32] {
    try tokens.flatMap { token in try decoding.read([token]) { $0.map(\.bitPattern) } }
  }

  @Test("reading half the bytes changes no bit", arguments: [false, true])
  func bits(hasAdapter: Bool) throws {
    var model = try model(rounded: true)
    if hasAdapter {
      model = try model.adapted(rank: 2, seed: 4)
      model = try model.with(freeWeights: FloatVector((0..<model.freeCount).map { Float($0 % 7) / 50 }))
    }
    // With no room for many more tokens no copy is made.
    let plain = try Decoding(model, capacity: tokens.count)
    let halved = try Decoding(model, capacity: 64)
    #expect(try read(plain) == read(halved))
    #expect(plain.halves == nil)
    #expect(halved.halves != nil)
  }

  @Test("weights that are no bfloat16 are read as they are")
  func otherWeights() throws {
    let decoding = try Decoding(model(rounded: false), capacity: 64)
    _ = try read(decoding)
    #expect(decoding.halves == nil)
  }

  @Test("one number that is no bfloat16 is found wherever it is", arguments: [0, 1023, 1024, 70_000, 99_999])
  func exactness(place: Int) throws {
    var vector = try FloatVector(count: 100_000) { $0.update(repeating: 1.5, count: 100_000) }
    let copy = try #require(try BFloat16Copy(exactly: vector))
    #expect(copy.withPointer { $0[99_999] } == 0x3FC0)
    try vector.withMutablePointer { $0[place] = 0.1 }
    #expect(try BFloat16Copy(exactly: vector) == nil)
  }
}
