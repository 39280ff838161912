import Transformers

/// The identity of a space of free parameters: what must agree before two vectors may be added.
///
/// Two spaces are the same when their layouts (names and shapes of the segments, in order) and, for an adapter, what
/// is frozen beneath it are the same. The name is only a label: a model read back from a file under another name
/// still lives in its old space.
public struct ParameterSpace: Sendable {
  /// What people call it, such as `smollm2/lora-8`.
  public let name: String
  /// Where each named segment lies in the flat vector.
  public let layout: ParameterLayout
  /// Digest of the segments' names and shapes.
  public let layoutDigest: String
  /// Digest of what does not move: nil when all of the model moves.
  public let frozenDigest: String?

  /// How many free parameters there are: the ambient dimension D.
  public var count: Int { layout.count }

  /// Describes a space.
  public init(name: String, layout: ParameterLayout, frozenDigest: String? = nil) {
    self.name = name
    self.layout = layout
    layoutDigest = layout.digest
    self.frozenDigest = frozenDigest
  }

  /// Stops when another space is not this one.
  ///
  /// - Throws: ``GeometryError/spaceMismatch(left:right:)``.
  public func require(_ other: ParameterSpace) throws(GeometryError) {
    if self != other { throw .spaceMismatch(left: self, right: other) }
  }
}

extension ParameterSpace: Hashable {
  /// Whether two spaces are one, whatever they are called.
  public static func == (left: ParameterSpace, right: ParameterSpace) -> Bool {
    left.count == right.count && left.layoutDigest == right.layoutDigest && left.frozenDigest == right.frozenDigest
  }

  /// Hashes what decides equality.
  public func hash(into hasher: inout Hasher) {
    hasher.combine(layoutDigest)
    hasher.combine(frozenDigest)
  }
}

extension ParameterSpace: CustomStringConvertible {
  /// Such as `smollm2/lora-8 (460,800 parameters)`.
  public var description: String { "\(name) (\(ParameterSpace.grouped(count)) parameters)" }

  /// Such as `smollm2/lora-8 (460,800)`, for the second space of a sentence.
  public var shortDescription: String { "\(name) (\(ParameterSpace.grouped(count)))" }

  /// A whole number with commas between groups of three digits.
  public static func grouped(_ number: Int) -> String {
    let digits = String(number.magnitude)
    var result = number < 0 ? "-" : ""
    for (offset, digit) in digits.enumerated() {
      if offset > 0, (digits.count - offset) % 3 == 0 { result.append(",") }
      result.append(digit)
    }
    return result
  }
}
