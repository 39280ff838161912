import Tensors

/// A model of llama2.c, mapped: the legacy form that `run.c` reads, or version 1 of the newer one, whose first word is
/// `ak42` (github.com/karpathy/llama2.c, run.c and export.py). All elements are float32.
public struct Llama2CFile: WeightFile {
  /// The sizes in the header.
  public struct Configuration: Sendable, Equatable {
    /// The width of the residual stream, and of the feed-forward layer.
    public let dimension, hiddenDimension: Int
    /// Layers, query heads and key-value heads.
    public let layers, heads, keyValueHeads: Int
    /// Tokens, and the most positions.
    public let vocabulary, positions: Int
    /// Whether the output is the transposed embedding.
    public let isTied: Bool

    /// The width of keys and values.
    public var keyValueDimension: Int { dimension / heads * keyValueHeads }
  }

  /// Where it is.
  public let path: String
  /// What it holds, a layer's arrays apart: `token_embedding`, `layers.0.wq` …, `rms_final`, `wcls` unless tied.
  public let arrays: [StoredArray]
  /// The sizes in the header.
  public let configuration: Configuration
  private let file: MappedFile

  /// Maps a file and checks its sizes.
  ///
  /// - Throws: `TensorError`.
  public init(path: String) throws(TensorError) {
    let file = try MappedFile(path)
    let header = try file.withBytes { bytes throws(TensorError) in try Header(bytes, path: path) }
    (self.path, self.file, configuration) = (path, file, header.configuration)
    arrays = try header.arrays(fileCount: file.count, path: path)
  }

  /// Writes the elements of an array, row-major, as float32.
  public func read(_ array: StoredArray, into target: UnsafeMutablePointer<Float>) throws {
    try file.widen(array, into: target)
  }
}

private struct Header {
  /// Largest sizes that are believed: products of two of them cannot overflow, nor can a file's layers be so many
  /// that their names take more memory than the file.
  private static let largest = 1 << 28
  private static let mostLayers = 4096

  let configuration: Llama2CFile.Configuration
  let isLegacy: Bool

  init(_ bytes: UnsafeRawBufferPointer, path: String) throws(TensorError) {
    func refuse(_ reason: String) -> TensorError { .malformed(path: path, reason: reason) }
    func word(_ index: Int) -> Int {
      Int(Int32(littleEndian: bytes.loadUnaligned(fromByteOffset: index * 4, as: Int32.self)))
    }
    guard bytes.count >= 28 else { throw refuse("it is not a llama2.c model: it has \(bytes.count) bytes") }
    isLegacy = word(0) != 0x616b_3432
    if !isLegacy {
      guard word(1) == 1 else { throw refuse("it has version \(word(1)) of llama2.c's format; 0 and 1 are read") }
      guard bytes.count >= 256 else { throw refuse("it ends inside its header") }
    }
    let first = isLegacy ? 0 : 2
    let names = ["dim", "hidden_dim", "n_layers", "n_heads", "n_kv_heads", "vocab_size", "seq_len"]
    var sizes: [Int] = []
    for (index, name) in names.enumerated() {
      let size = word(first + index)
      let magnitude = isLegacy && name == "vocab_size" ? abs(size) : size
      guard magnitude > 0, magnitude <= Self.largest else { throw refuse("its header says \(name) = \(size)") }
      sizes.append(magnitude)
    }
    let (dimension, heads, keyValueHeads) = (sizes[0], sizes[3], sizes[4])
    guard sizes[2] <= Self.mostLayers else { throw refuse("its header says n_layers = \(sizes[2])") }
    guard dimension % heads == 0, heads % keyValueHeads == 0 else {
      throw refuse("\(heads) heads with \(keyValueHeads) for keys do not divide dim = \(dimension)")
    }
    configuration = Llama2CFile.Configuration(
      dimension: dimension, hiddenDimension: sizes[1], layers: sizes[2], heads: heads, keyValueHeads: keyValueHeads,
      vocabulary: sizes[5], positions: sizes[6], isTied: isLegacy ? word(5) > 0 : bytes[36] != 0)
  }

  /// A kind of array: one, or one a layer. A nameless one is passed over.
  private struct Kind {
    var name: String?
    var shape: [Int]
    var isPerLayer = true
  }

  private var kinds: [Kind] {
    let c = configuration
    let embedding = Kind(name: "token_embedding", shape: [c.vocabulary, c.dimension], isPerLayer: false)
    let attentionNorm = Kind(name: "rms_att", shape: [c.dimension])
    let attention = [
      Kind(name: "wq", shape: [c.dimension, c.dimension]), Kind(name: "wk", shape: [c.keyValueDimension, c.dimension]),
      Kind(name: "wv", shape: [c.keyValueDimension, c.dimension]), Kind(name: "wo", shape: [c.dimension, c.dimension]),
    ]
    let feedForwardNorm = Kind(name: "rms_ffn", shape: [c.dimension])
    let feedForward = [
      Kind(name: "w1", shape: [c.hiddenDimension, c.dimension]),
      Kind(name: "w2", shape: [c.dimension, c.hiddenDimension]),
      Kind(name: "w3", shape: [c.hiddenDimension, c.dimension]),
    ]
    let finalNorm = Kind(name: "rms_final", shape: [c.dimension], isPerLayer: false)
    // Tables of sines and cosines, which run.c passes over too.
    let rotary = Kind(name: nil, shape: [2, c.positions, c.dimension / c.heads / 2], isPerLayer: false)
    let output = c.isTied ? [] : [Kind(name: "wcls", shape: [c.vocabulary, c.dimension], isPerLayer: false)]
    return isLegacy
      ? [embedding, attentionNorm] + attention + [feedForwardNorm] + feedForward + [finalNorm, rotary] + output
      : [attentionNorm, feedForwardNorm, finalNorm, embedding] + attention + feedForward + output
  }

  func arrays(fileCount: Int, path: String) throws(TensorError) -> [StoredArray] {
    let kinds = kinds
    var position = isLegacy ? 28 : 256
    var arrays: [StoredArray] = []
    for kind in kinds {
      let copies = kind.isPerLayer ? configuration.layers : 1
      guard let bytes = checkedProduct(kind.shape + [4]), let all = checkedProduct([bytes, copies]),
        all <= fileCount - position
      else {
        let name = kind.name ?? "the rotary tables"
        throw .malformed(path: path, reason: "\(name) \(kind.shape) ends after the file does")
      }
      if let name = kind.name {
        for layer in 0..<copies {
          arrays.append(
            StoredArray(
              name: kind.isPerLayer ? "layers.\(layer).\(name)" : name, shape: kind.shape, format: "F32",
              offset: position + layer * bytes, byteCount: bytes))
        }
      }
      position += all
    }
    guard position == fileCount else {
      throw .malformed(path: path, reason: "\(fileCount - position) bytes at its end belong to no array")
    }
    return arrays
  }
}
