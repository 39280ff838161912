import Foundation
import Tensors
import Testing
import Transformers

@testable import TaskGeometry

/// Numbers from SciPy and NumPy, made by scripts/references/geometry.py.
struct References: Decodable {
  struct AngleCase: Decodable {
    var name: String
    var u: [[Float]]
    var v: [[Float]]
    var angles: [Double]
    var overlap: Double
    var x: [Float]
    var capture: Double
  }
  struct RankCase: Decodable {
    var columns: [[Float]]
    var rank: Int
    var smallest: Double
  }
  struct Theory: Decodable {
    struct Maximum: Decodable {
      var n: Int
      var r: Int?
      var value: Double
    }
    var emax: [Maximum]
    var emaxSquare: [Maximum]
    var spheremax: [Maximum]
  }
  var angles: [AngleCase]
  var ranks: [RankCase]
  var theory: Theory

  static func load() throws -> References {
    let file = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "References/geometry.json")
    return try JSONDecoder().decode(References.self, from: Data(contentsOf: file))
  }
}

/// A space without a model.
func space(_ count: Int, name: String = "test") -> ParameterSpace {
  ParameterSpace(name: name, layout: ParameterLayout([("w", [count], .linear)]))
}

func vector(_ count: Int, seed: UInt64, _ name: String = "x", scale: Float = 1) throws -> FloatVector {
  let stream = RandomStream(seed: seed, purpose: "test", name: name)
  return try FloatVector(count: count) { stream.fillGaussian($0, count: count, scale: scale) }
}

func displacement(_ count: Int, seed: UInt64, _ name: String = "x") throws -> Displacement {
  try Displacement(space: space(count), vector: vector(count, seed: seed, name))
}

/// The span of `dimension` random vectors.
func randomSubspace(_ count: Int, _ dimension: Int, seed: UInt64, _ name: String = "u") throws -> Subspace {
  try Subspace.spanning(
    (0..<dimension).map { try vector(count, seed: seed, "\(name)\($0)") }, of: space(count))
}

func expectClose(
  _ value: Double, _ expected: Double, _ tolerance: Double, location: SourceLocation = #_sourceLocation
) {
  #expect(abs(value - expected) <= tolerance, "\(value) is not \(expected) ± \(tolerance)", sourceLocation: location)
}

/// A model so small that a training run takes milliseconds.
func tinyModel(seed: UInt64 = 1) throws -> Model {
  let sizes = try DecoderConfiguration(layers: 2, width: 16, heads: 2, context: 8)
  return try Model(PreNormDecoder(sizes), seed: seed)
}

func tinyTask(_ name: String = "copy") throws -> DigitTask { try DigitTask(name, length: 3) }
