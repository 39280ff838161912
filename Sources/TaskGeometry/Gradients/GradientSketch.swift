import Checkpoints
import Foundation
import Tensors
import Transformers
import Workers

/// Which entries of a long vector are added to which of a short one, and with which sign: a count-sketch (Charikar, Chen
/// and Farach-Colton, ICALP 2002).
///
/// ⟨Sx, Sy⟩ estimates ⟨x, y⟩ without bias and with the variance (‖x‖²‖y‖² + ⟨x, y⟩²)/s. Bucket and sign of every entry
/// are a function of seed and index: nothing is stored, and the same sketch can be made anywhere.
public struct SketchMap: Sendable, Hashable {
  /// s, the length of a sketch.
  public let size: Int
  /// D, the length of what is sketched.
  public let ambient: Int
  /// Of the stream of buckets and signs.
  public let seed: UInt64

  /// The longest sketch: every thread sums into one of its own.
  public static let largest = 1 << 22

  /// Describes a sketch.
  ///
  /// - Throws: ``GeometryError/outOfRange(what:value:allowed:)``.
  public init(size: Int, ambient: Int, seed: UInt64) throws(GeometryError) {
    guard size >= 2, size <= SketchMap.largest else {
      throw .outOfRange(what: "size", value: size, allowed: 2...SketchMap.largest)
    }
    self.size = size
    self.ambient = ambient
    self.seed = seed
  }

  private static let width = 4096

  /// Calls `body` with the places of a stretch: bucket and sign of entry i are place/2 and the parity of place.
  private func places(_ range: Range<Int>, _ body: (_ start: Int, _ places: UnsafeBufferPointer<Double>) -> Void) {
    let stream = RandomStream(seed: seed, purpose: "sketch")
    withUnsafeTemporaryAllocation(of: Double.self, capacity: SketchMap.width) { buffer in
      guard let base = buffer.baseAddress else { return }
      for start in stride(from: range.lowerBound, to: range.upperBound, by: SketchMap.width) {
        if Cancellation.isRequested { return }
        let length = min(SketchMap.width, range.upperBound - start)
        stream.fillUniform(base, count: length, from: UInt64(start), low: 0, high: Double(2 * size))
        body(start, UnsafeBufferPointer(start: base, count: length))
      }
    }
  }

  /// Sx, summed in double.
  ///
  /// - Throws: `TensorError`, `Interrupted`.
  public func sketch(_ x: FloatVector) throws -> FloatVector {
    guard x.count == ambient else {
      throw TensorError.shapeMismatch(operation: "sketch", left: [ambient], right: [x.count])
    }
    let parts = x.withPointer { x in
      nonisolated(unsafe) let x = x
      return Parallel.collect(ambient, grain: max(1 << 15, size)) { range in
        var sums = [Double](repeating: 0, count: size)
        sums.withUnsafeMutableBufferPointer { sums in
          places(range) { start, places in
            for (offset, place) in places.enumerated() {
              // A product with 2s may round up to 2s itself.
              let whole = min(Int(place), 2 * size - 1)
              let value = Double(x[start + offset])
              sums[whole >> 1] += whole & 1 == 0 ? value : -value
            }
          }
        }
        return sums
      }
    }
    try Cancellation.check()
    return try FloatVector(count: size) { out in
      for index in 0..<size { out[index] = Float(parts.reduce(0) { $0 + $1[index] }) }
    }
  }

  /// How many entries fall into each bucket.
  ///
  /// - Throws: `Interrupted`.
  public func occupancy() throws -> [Int] {
    let parts = Parallel.collect(ambient, grain: max(1 << 15, size)) { range in
      var counts = [Int](repeating: 0, count: size)
      places(range) { _, places in for place in places { counts[min(Int(place), 2 * size - 1) >> 1] += 1 } }
      return counts
    }
    try Cancellation.check()
    return (0..<size).map { index in parts.reduce(0) { $0 + $1[index] } }
  }
}

/// The gradients of a model on several minibatches, of which only sketches are kept: m·s numbers instead of m·D.
public struct GradientSketch: Sendable {
  /// The space of the gradients.
  public let space: ParameterSpace
  /// The name of the data.
  public let data: String
  /// How they were shortened.
  public let map: SketchMap
  /// One sketch a minibatch.
  public let sketches: [FloatVector]
  /// ‖g‖ of each gradient before it was shortened.
  public let norms: [Double]
  /// The seed of the minibatches.
  public let seed: UInt64

  /// Takes gradients one at a time.
  ///
  /// - Parameters:
  ///   - size: s, the length of a sketch.
  ///   - batches: how many minibatches, m.
  ///   - batch: sequences in each.
  ///   - seed: begins the stream of minibatches.
  ///   - first: the number of the first minibatch in the stream.
  ///   - sketchSeed: of the sketch; sketches can be compared when it agrees.
  /// - Throws: ``GeometryError/outOfRange(what:value:allowed:)``, `TransformerError`, `TensorError`, `Interrupted`.
  public init(
    _ model: Model, on data: any Dataset, size: Int, batches: Int, batch: Int, seed: UInt64, first: Int = 0,
    sketchSeed: UInt64 = 0
  ) throws {
    guard batches >= 1, batches <= 1 << 16 else {
      throw GeometryError.outOfRange(what: "batches", value: batches, allowed: 1...(1 << 16))
    }
    guard batch >= 1, batch <= 1 << 20 else {
      throw GeometryError.outOfRange(what: "batch", value: batch, allowed: 1...(1 << 20))
    }
    let data = try model.reading(data)
    let map = try SketchMap(size: size, ambient: model.freeCount, seed: sketchSeed)
    try MemoryBudget.check(bytes: batches * size * MemoryLayout<Float>.stride)
    let made = try Team.current.collect("sketch", count: batches, loss: \.loss) { index in
      let sample = try data.batch(size: batch, seed: seed, index: first + index)
      let (loss, gradient) = try Transformers.gradient(of: model, on: sample)
      return Sketched(loss: loss, norm: gradient.norm, sketch: try map.sketch(gradient).elements)
    }
    self.init(
      space: model.parameterSpace, data: data.name, map: map, sketches: try made.map { try FloatVector($0.sketch) },
      norms: made.map(\.norm), seed: seed)
  }

  init(
    space: ParameterSpace, data: String, map: SketchMap, sketches: [FloatVector], norms: [Double], seed: UInt64
  ) {
    self.space = space
    self.data = data
    self.map = map
    self.sketches = sketches
    self.norms = norms
    self.seed = seed
  }

  /// The root mean square of ‖Sg‖²/‖g‖² − 1 over the gradients: the error of the sketch as it is. Theory says
  /// ``expectedError``.
  public var measuredError: Double {
    let errors = zip(sketches, norms).compactMap { sketch, norm in
      norm > 0 ? sketch.norm * sketch.norm / (norm * norm) - 1 : nil
    }
    return (errors.reduce(0) { $0 + $1 * $1 } / Double(max(1, errors.count))).squareRoot()
  }

  /// √(2/s), the standard deviation of ‖Sx‖²/‖x‖².
  public var expectedError: Double { (2 / Double(map.size)).squareRoot() }

  /// Estimates of the inner products.
  ///
  /// - Throws: `TensorError`, `Interrupted`.
  public func gram() throws -> SmallMatrix {
    SmallMatrix(rows: sketches.count, columns: sketches.count, values: try Gram.matrix(sketches))
  }

  /// How many directions hold a share of the gradients, beside a control: white noise with as many vectors of the same
  /// lengths, put through the same sketch. A rank that is not below the control's is the sketch's, not the task's.
  ///
  /// - Throws: ``GeometryError/invalidOption(what:value:allowed:)``, ``GeometryError/degenerate(operation:reason:)``,
  ///   `TensorError`, `Interrupted`.
  public func effectiveRank(share: Double = 0.9) throws -> Measure {
    try SketchPlane.checked(share)
    let values = try gram().symmetricEigen().values.map { max(0, $0) }
    let noise = try noise(seed: map.seed).gram().symmetricEigen().values.map { max(0, $0) }
    guard let rank = EffectiveRank.count(values, share: share), let chance = EffectiveRank.count(noise, share: share)
    else {
      throw GeometryError.degenerate(operation: "erank", reason: "all \(sketches.count) gradients are zero")
    }
    return Measure(
      Double(rank), chance: Double(chance), chanceModel: "noise in a sketch of \(ParameterSpace.grouped(map.size))")
  }

  /// Sketches of white noise with the lengths of these gradients. A bucket of n entries holds the sum of n independent
  /// normal numbers, N(0, n): the exact distribution without a pass over D numbers.
  ///
  /// - Throws: `TensorError`, `Interrupted`.
  public func noise(seed: UInt64) throws -> GradientSketch {
    let scales = try map.occupancy().map { (Double($0) / Double(max(1, map.ambient))).squareRoot() }
    let stream = RandomStream(seed: seed, purpose: "sketch noise")
    let vectors = try norms.enumerated().map { index, norm in
      try Cancellation.check()
      let numbers = stream.substream(UInt64(index)).gaussians(count: map.size)
      return try FloatVector(count: map.size) { out in
        for place in 0..<map.size { out[place] = Float(norm * scales[place] * numbers[place]) }
      }
    }
    return GradientSketch(space: space, data: "noise", map: map, sketches: vectors, norms: norms, seed: seed)
  }

  /// The top directions of the second moment, in the sketch.
  ///
  /// - Throws: ``GeometryError/outOfRange(what:value:allowed:)`` unless 1 ≤ r ≤ m,
  ///   ``GeometryError/degenerate(operation:reason:)`` when the gradients span less, `TensorError`, `Interrupted`.
  public func plane(_ dimension: PlaneDimension) throws -> SketchPlane { try SketchPlane(self, dimension) }
}

/// What is kept of one gradient.
private struct Sketched: Portable {
  var loss: Double
  var norm: Double
  var sketch: [Float]

  init(loss: Double, norm: Double, sketch: [Float]) { (self.loss, self.norm, self.sketch) = (loss, norm, sketch) }

  func write(to sink: inout ByteSink) {
    loss.write(to: &sink)
    norm.write(to: &sink)
    sketch.write(to: &sink)
  }

  init(from source: inout ByteSource) throws(WorkerError) {
    self.init(loss: try Double(from: &source), norm: try Double(from: &source), sketch: try [Float](from: &source))
  }
}

/// A task plane that is known in a sketch only.
public struct SketchPlane: Sendable {
  /// The sketched gradients.
  public let sketch: GradientSketch
  /// Makes their top directions orthonormal: m×r.
  private let coefficients: SmallMatrix

  /// The dimension r.
  public var dimension: Int { coefficients.columns }

  fileprivate static func checked(_ share: Double) throws(GeometryError) {
    guard share > 0, share <= 1 else {
      throw .invalidOption(what: "share", value: share, allowed: "above 0 and at most 1")
    }
  }

  fileprivate init(_ sketch: GradientSketch, _ dimension: PlaneDimension) throws {
    let (values, vectors) = try sketch.gram().symmetricEigen()
    let r = try dimension.resolved(values)
    coefficients = vectors.selecting(columns: 0..<r).scalingColumns(by: values.prefix(r).map { 1 / $0.squareRoot() })
    self.sketch = sketch
  }

  /// The mean squared cosine between two planes, as the sketch sees it. Chance is r/s, what two random planes overlap in
  /// the sketch: an overlap below it cannot be told from none.
  ///
  /// - Throws: ``GeometryError/spaceMismatch(left:right:)``, ``GeometryError/degenerate(operation:reason:)`` when the
  ///   sketches were made in different ways, `TensorError`, `Interrupted`.
  public func overlap(_ other: SketchPlane) throws -> Measure {
    try sketch.space.require(other.sketch.space)
    guard sketch.map == other.sketch.map else {
      throw GeometryError.degenerate(
        operation: "overlap", reason: "the sketches differ in size or sketch_seed, and cannot be compared")
    }
    let cross = SmallMatrix(
      rows: sketch.sketches.count, columns: other.sketch.sketches.count,
      values: try Gram.cross(sketch.sketches, other.sketch.sketches))
    let cosines = coefficients.transposed * cross * other.coefficients
    return Measure(
      min(1, cosines.squaredNorm / Double(max(1, min(dimension, other.dimension)))),
      chance: Chance.randomSubspace(dimension: max(dimension, other.dimension), ambient: sketch.map.size).energy,
      chanceModel: "random planes in a sketch of \(ParameterSpace.grouped(sketch.map.size))")
  }
}
