import Checkpoints
import Tensors

/// The trace of the Hessian and the sum of its squared entries, from products with random vectors (Hutchinson, Communications
/// in Statistics 19, 1990).
public struct HessianTrace: Sendable {
  /// tr H: the mean of vᵀHv, with the 95 % interval of that mean.
  public let trace: Measure
  /// ‖H‖_F² = tr H²: the mean of ‖Hv‖², with its interval.
  public let squaredFrobenius: Measure
  /// vᵀHv for every probe.
  public let samples: [Double]
  /// The step of the differences.
  public let step: DifferenceStep

  /// The distribution of the probes.
  public enum Probe: String, Sendable, CaseIterable {
    /// Signs. The diagonal of H then adds no variance, which is 2·(‖H‖_F² − Σ H_ii²).
    case rademacher
    /// N(0, 1), as isotropic perturbations are. The variance is 2·‖H‖_F².
    case gaussian

    /// Probe number `index`.
    func vector(_ index: Int, count: Int, seed: UInt64) throws -> FloatVector {
      let stream = RandomStream(seed: seed, purpose: "probe").substream(UInt64(index))
      return try FloatVector(count: count) { out in
        switch self {
        case .gaussian: stream.fillGaussian(out, count: count)
        case .rademacher:
          stream.fillUniform(out, count: count, low: -1, high: 1)
          for index in 0..<count { out[index] = out[index] < 0 ? -1 : 1 }
        }
      }
    }
  }

  /// Estimates the trace.
  ///
  /// - Parameters:
  ///   - probes: how many; each costs two gradients. One gives no interval.
  ///   - seed: of the probes.
  ///   - length: ‖εv‖ of the differences; a sweep along the first probe chooses it if it is nil.
  /// - Throws: ``GeometryError``, `TransformerError`, `TensorError`, `Interrupted`.
  public init(
    of objective: any Objective, probes: Int, kind: Probe = .rademacher, seed: UInt64, length: Double? = nil
  ) throws {
    guard probes >= 1, probes <= 1 << 20 else {
      throw GeometryError.outOfRange(what: "probes", value: probes, allowed: 1...(1 << 20))
    }
    let activity = Activity("curvature_trace", total: probes)
    defer { activity.finish() }
    let count = objective.space.count
    var product: HessianProduct?
    if let length { product = try HessianProduct(objective, step: DifferenceStep(length: length)) }
    var samples: [Double] = []
    var squares: [Double] = []
    var step = DifferenceStep(length: length ?? 0)
    for index in 0..<probes {
      let probe = try kind.vector(index, count: count, seed: seed)
      let image: FloatVector
      if let product {
        image = try product.times(probe)
      } else {
        let (swept, first) = try HessianProduct.sweeping(objective, along: probe)
        (product, image, step) = (swept, first, swept.step)
      }
      samples.append(try probe.dot(image))
      squares.append(try image.dot(image))
      try activity.advance()
    }
    self.samples = samples
    self.step = step
    trace = Measure(meanOf: samples)
    squaredFrobenius = Measure(meanOf: squares)
  }
}
