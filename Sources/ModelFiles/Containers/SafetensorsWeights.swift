import Tensors

/// A safetensors file, mapped. Its header is read and checked once.
public struct SafetensorsWeights: WeightFile {
  /// Where it is.
  public let path: String
  /// What it holds, in the order of the places.
  public let arrays: [StoredArray]
  /// The entries of `__metadata__`, such as `format: pt`.
  public let metadata: [String: String]
  private let file: MappedFile

  /// Maps a file and checks its header.
  ///
  /// - Throws: `TensorError`.
  public init(path: String) throws(TensorError) {
    let file = try MappedFile(path)
    let header = try file.withBytes { bytes throws(TensorError) in try SafetensorsHeader(bytes, path: path) }
    (self.path, self.file, metadata) = (path, file, header.metadata)
    arrays = header.entries.map {
      StoredArray(name: $0.name, shape: $0.shape, format: $0.format, offset: $0.offset, byteCount: $0.byteCount)
    }
  }

  /// Writes the elements of an array, row-major, as float32.
  public func read(_ array: StoredArray, into target: UnsafeMutablePointer<Float>) throws {
    try file.widen(array, into: target)
  }
}
