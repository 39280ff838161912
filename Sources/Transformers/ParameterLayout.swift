import Tensors

/// One named array of weights inside a model's flat buffer.
public struct Segment: Hashable, Sendable {
  /// Dotted path, such as `blocks.2.attn.qkv.weight`.
  public let name: String
  /// Rows and columns of a matrix (row-major, outputs × inputs for a linear layer), or one length.
  public let shape: [Int]
  /// Where the segment begins in the flat buffer, in elements.
  public let offset: Int
  /// What the weights do, which decides how they are initialised and whether an adapter can sit on them.
  public let role: Role

  /// How many weights there are.
  public var count: Int { shape.reduce(1, *) }
  /// Where the segment lies in the flat buffer.
  public var range: Range<Int> { offset..<offset + count }
  /// Rows, with a vector counted as one row.
  public var rows: Int { shape.count > 1 ? shape[0] : 1 }
  /// Columns, or a vector's length.
  public var columns: Int { shape.last ?? 0 }

  /// The uses of a segment.
  public enum Role: String, Hashable, Sendable {
    /// A table with one row a token or position.
    case embedding
    /// The matrix of a linear layer, outputs × inputs.
    case linear
    /// An offset added to activations.
    case bias
    /// A factor of a normalisation.
    case gain
    /// An adapter's factor A, rank × inputs.
    case down
    /// An adapter's factor B, outputs × rank.
    case up
  }
}

/// The named segments that share one flat buffer, in order and without gaps.
///
/// A displacement, a gradient, an optimiser's state and a perturbation all have the layout of the weights they belong
/// to, so that the geometry of training is dense linear algebra on contiguous memory.
public struct ParameterLayout: Hashable, Sendable {
  /// The segments in the order of their offsets.
  public let segments: [Segment]
  /// Elements of the flat buffer.
  public let count: Int
  private let index: [String: Int]

  /// Lays segments out one after the other.
  public init(_ entries: [(name: String, shape: [Int], role: Segment.Role)]) {
    var offset = 0
    var segments: [Segment] = []
    for entry in entries {
      let segment = Segment(name: entry.name, shape: entry.shape, offset: offset, role: entry.role)
      segments.append(segment)
      offset += segment.count
    }
    self.segments = segments
    count = offset
    index = Dictionary(segments.enumerated().map { ($1.name, $0) }, uniquingKeysWith: { first, _ in first })
  }

  /// Where the matrices lie.
  var matrices: [CompactCopy.Place] {
    segments.filter { $0.shape.count == 2 }.map { ($0.offset, rows: $0.rows, columns: $0.columns) }
  }

  /// The segment of a name, or nil.
  public subscript(_ name: String) -> Segment? { index[name].map { segments[$0] } }

  /// The segment of a name.
  ///
  /// - Throws: ``TransformerError/unknownSegment(name:known:)``.
  public func segment(_ name: String) throws(TransformerError) -> Segment {
    guard let segment = self[name] else { throw .unknownSegment(name: name, known: selectors) }
    return segment
  }

  /// Sixteen hexadecimal digits that agree exactly when names, shapes and order agree.
  public var digest: String {
    var hash = Digest()
    for segment in segments { hash.add("\(segment.name) \(segment.shape)\n") }
    return hash.hex
  }

  /// Whether names, shapes and order agree.
  public static func == (left: Self, right: Self) -> Bool { left.segments == right.segments }
  /// Hashes what equality compares.
  public func hash(into hasher: inout Hasher) { hasher.combine(segments) }
}

// MARK: - Selection by path

extension ParameterLayout {
  /// The segments under a path: a whole name, or a block such as `blocks.2` or `blocks.2.attn`.
  ///
  /// - Throws: ``TransformerError/unknownSegment(name:known:)`` when nothing lies under the path.
  public func segments(under path: String) throws(TransformerError) -> [Segment] {
    if let segment = self[path] { return [segment] }
    let prefix = path + "."
    let found = segments.filter { $0.name.hasPrefix(prefix) }
    if found.isEmpty { throw .unknownSegment(name: path, known: selectors) }
    return found
  }

  /// The stretch of the flat buffer under a path. Segments under one path are neighbours.
  ///
  /// - Throws: ``TransformerError/unknownSegment(name:known:)``.
  public func range(under path: String) throws(TransformerError) -> Range<Int> {
    let found = try segments(under: path)
    return (found.first?.offset ?? 0)..<(found.last?.range.upperBound ?? 0)
  }

  /// The blocks into which displacements are broken down for display: `blocks.0`, …, and each segment outside a
  /// block by its first component, such as `embed`.
  public var blocks: [String] {
    var seen: Set<String> = []
    return segments.compactMap { segment in
      let parts = segment.name.split(separator: ".")
      let isNumbered = parts.count > 2 && parts[1].allSatisfy(\.isNumber)
      let block = parts.prefix(isNumbered ? 2 : 1).joined(separator: ".")
      return seen.insert(block).inserted ? block : nil
    }
  }

  /// Every path that selects something, blocks first: what completion offers.
  public var selectors: [String] {
    var paths = blocks
    var seen = Set(paths)
    for segment in segments {
      let parts = segment.name.split(separator: ".")
      for length in 1...parts.count {
        let path = parts.prefix(length).joined(separator: ".")
        if seen.insert(path).inserted { paths.append(path) }
      }
    }
    return paths
  }
}
