import Foundation
import Tensors
import Testing

@testable import Transformers

@Suite("Weights that are read in fewer bytes")
struct CompactWeightsTests {
  private let tokens: [Int32] = [1, 5, 2, 9, 3, 3, 14, 7, 4, 11]

  /// How the weights of a model came about.
  enum Form: CaseIterable {
    case drawn, bfloat16, blocks

    /// What float32 numbers become when they are stored so and read again.
    func stored(_ numbers: [Float]) -> [Float] {
      switch self {
      case .drawn: return numbers
      case .bfloat16: return numbers.map { Float(bitPattern: $0.bitPattern & 0xFFFF_0000) }
      case .blocks:
        return stride(from: 0, to: numbers.count, by: 32).flatMap { start in
          Self.affine(Array(numbers[start..<min(start + 32, numbers.count)]))
        }
      }
    }

    /// A block of llama.cpp's kind Q4_1: sixteen steps between the extremes, whose ends are float16.
    private static func affine(_ block: [Float]) -> [Float] {
      guard let low = block.min(), let high = block.max(), high > low else { return block }
      let step = (high - low) / 15
      return block.map { number in
        Float(Float16(step)) * min(15, ((number - low) / step).rounded()) + Float(Float16(low))
      }
    }
  }

  private func model(_ form: Form, width: Int) throws -> Model {
    let fresh = try Model(
      LlamaDecoder(DecoderConfiguration(layers: 2, width: width, heads: 2, context: 64)), seed: 3)
    return try fresh.with(freeWeights: FloatVector(form.stored(fresh.weights.elements)))
  }

  /// The logits of tokens read one by one.
  private func read(_ decoding: Decoding) throws -> [UInt32] {
    try tokens.flatMap { token in try decoding.read([token]) { $0.map(\.bitPattern) } }
  }

  /// A width of 40 is no multiple of a register's sixteen numbers, so that each product has a rest; one of 64 is whole
  /// blocks.
  @Test(
    "reading fewer bytes changes no bit",
    arguments: [(Form.bfloat16, 40), (.bfloat16, 64), (.blocks, 64)], [false, true])
  func bits(stored: (form: Form, width: Int), hasAdapter: Bool) throws {
    var model = try model(stored.form, width: stored.width)
    if hasAdapter {
      model = try model.adapted(rank: 2, seed: 4)
      model = try model.with(freeWeights: FloatVector((0..<model.freeCount).map { Float($0 % 7) / 50 }))
    }
    // With no room for many more tokens no copy is made.
    let plain = try Decoding(model, capacity: tokens.count)
    let compact = try Decoding(model, capacity: 64)
    #expect(try read(plain) == read(compact))
    #expect(plain.compact == nil)
    #expect(compact.compact != nil)
  }

  @Test("other weights are read as they are", arguments: [(Form.drawn, 64), (.blocks, 40)])
  func otherWeights(form: Form, width: Int) throws {
    let decoding = try Decoding(model(form, width: width), capacity: 64)
    _ = try read(decoding)
    #expect(decoding.compact == nil)
  }

  @Test("one number that is no bfloat16 is found wherever it is", arguments: [0, 1023, 1024, 70_000, 99_999])
  func exactness(place: Int) throws {
    var vector = try FloatVector(count: 100_000) { $0.update(repeating: 1.5, count: 100_000) }
    let copy = try #require(try CompactCopy(exactly: vector, matrices: []))
    #expect(copy.withView { $0.matrix(at: 0)?.halves?[99_999] } == 0x3FC0)
    try vector.withMutablePointer { $0[place] = 0.1 }
    #expect(try CompactCopy(exactly: vector, matrices: []) == nil)
  }

  @Test("a matrix with one number off the steps of its block is left out", arguments: [0, 31, 31_999])
  func blocks(place: Int) throws {
    let numbers = Form.blocks.stored((0..<96_000).map { sin(Float($0)) })
    var vector = try FloatVector(numbers)
    let matrices = (0..<3).map { (offset: 32_000 * $0, rows: 500, columns: 64) }
    let whole = try #require(try CompactCopy(exactly: vector, matrices: matrices))
    whole.withView { view in
      for matrix in matrices {
        guard let blocks = view.matrix(at: matrix.offset)?.blocks else {
          Issue.record("no blocks at \(matrix.offset)")
          continue
        }
        let read = (0..<1000).flatMap { index in
          withUnsafeBytes(of: blocks[index].codes) { codes in
            codes.map { blocks[index].scale * Float($0) + blocks[index].minimum }
          }
        }
        #expect(read[...] == numbers[matrix.offset..<matrix.offset + 32_000])
      }
    }
    try vector.withMutablePointer { $0[place] += 1e-4 }
    let rest = try #require(try CompactCopy(exactly: vector, matrices: matrices))
    rest.withView { view in
      #expect(matrices.map { view.matrix(at: $0.offset) == nil } == [true, false, false])
    }
    // A third of the numbers is not worth it.
    try vector.withMutablePointer { $0[32_000 + place] += 1e-4 }
    #expect(try CompactCopy(exactly: vector, matrices: matrices) == nil)
  }
}
