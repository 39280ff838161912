import Testing

@testable import ModelFiles

@Suite("Arrays in files") struct WeightFileTests {
  @Test("an array counts its elements") func count() {
    #expect(StoredArray(name: "w", shape: [2, 3], format: "F32", offset: 0, byteCount: 24).count == 6)
  }
}
