/// A part of the inputs of a task or a file, chosen by a hash of each input, so that two parts never share an input.
public enum InputPart: Sendable, Hashable, Codable {
  /// Every input.
  case all
  /// Inputs whose hash lies at or above the fraction: those to train on.
  case kept(without: Double, seed: UInt64)
  /// Inputs whose hash lies below the fraction: those to test on.
  case heldOut(Double, seed: UInt64)

  /// Whether an input belongs to the part.
  public func contains(_ digits: [Int32]) -> Bool { digits.withUnsafeBytes { contains($0) } }

  /// Whether a text belongs to the part.
  public func contains(_ text: String) -> Bool { Array(text.utf8).withUnsafeBytes { contains($0) } }

  private func contains(_ bytes: UnsafeRawBufferPointer) -> Bool {
    switch self {
    case .all: true
    case .kept(let fraction, let seed): Self.position(bytes, seed) >= fraction
    case .heldOut(let fraction, let seed): Self.position(bytes, seed) < fraction
    }
  }

  /// A number of 0 ..< 1 that depends on the input and the seed alone.
  private static func position(_ bytes: UnsafeRawBufferPointer, _ seed: UInt64) -> Double {
    Double(Digest.hash(bytes, seed: seed) >> 11) * 0x1p-53
  }

  var suffix: String {
    switch self {
    case .all: ""
    case .kept(let fraction, _): " without \(fraction)"
    case .heldOut(let fraction, _): " held out \(fraction)"
    }
  }
}

extension Dataset {
  /// Two parts that share no input.
  ///
  /// Each question, prompt or passage falls into one part by a hash of it; a mixture is split part by part.
  ///
  /// - Parameters:
  ///   - fraction: the share of inputs in the second part, between 0 and 1.
  ///   - seed: which inputs.
  /// - Throws: ``TransformerError/invalidOption(field:value:reason:)``.
  public func holdout(_ fraction: Double, seed: UInt64) throws(TransformerError) -> (
    kept: any Dataset, heldOut: any Dataset
  ) {
    guard fraction > 0, fraction < 1 else {
      throw .invalidOption(field: "fraction", value: "\(fraction)", reason: "must lie between 0 and 1")
    }
    if let mixture = self as? Mixture {
      var kept: [any Dataset] = []
      var heldOut: [any Dataset] = []
      for child in mixture.children {
        let parts = try child.holdout(fraction, seed: seed)
        kept.append(parts.kept)
        heldOut.append(parts.heldOut)
      }
      return (try Mixture(kept, weights: mixture.weights), try Mixture(heldOut, weights: mixture.weights))
    }
    guard let data = self as? any SplittableDataset else {
      throw .invalidOption(field: "data", value: name, reason: "cannot be split")
    }
    return (
      try data.restricted(to: .kept(without: fraction, seed: seed)),
      try data.restricted(to: .heldOut(fraction, seed: seed))
    )
  }
}
