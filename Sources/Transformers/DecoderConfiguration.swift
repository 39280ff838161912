/// The sizes of a decoder-only transformer, whatever its family.
public struct DecoderConfiguration: Hashable, Sendable, Codable {
  /// Blocks.
  public var layers: Int
  /// Width of the residual stream.
  public var width: Int
  /// Attention heads; each is `width / heads` wide.
  public var heads: Int
  /// Heads of keys and values; equal to `heads` without grouped attention.
  public var keyValueHeads: Int
  /// Width inside the MLP.
  public var hidden: Int
  /// The longest sequence, in tokens.
  public var context: Int
  /// How many tokens there are.
  public var vocabulary: Int
  /// Added to the variance in a normalisation.
  public var epsilon: Float

  /// Sizes of a decoder. The default vocabulary and context are those of the digit tasks at length 8: fifteen tokens
  /// and a spare one, and `[task] d1…d8 [sep] o1…o8`. With 4 layers, width 128, 2 heads and MLP ratio 2 they give the
  /// 534,528 weights of the reference experiment.
  ///
  /// - Parameter mlp: width inside the MLP as a multiple of `width`.
  /// - Throws: ``TransformerError/invalidConfiguration(field:value:reason:)``.
  public init(
    layers: Int, width: Int, heads: Int, mlp: Double = 2, context: Int = 18, vocabulary: Int = 16,
    keyValueHeads: Int? = nil, epsilon: Float = 1e-5
  ) throws(TransformerError) {
    guard mlp.isFinite, mlp > 0, mlp <= 64 else {
      throw .invalidConfiguration(field: "mlp", value: "\(mlp)", reason: "must lie above 0 and at most at 64")
    }
    self.layers = layers
    self.width = width
    self.heads = heads
    self.keyValueHeads = keyValueHeads ?? heads
    self.context = context
    self.vocabulary = vocabulary
    self.epsilon = epsilon
    hidden = 0
    try checkSizes()
    hidden = Int((mlp * Double(width)).rounded())
    try check("mlp", hidden, 1...(1 << 24))
  }

  /// Width of one head.
  public var headWidth: Int { width / heads }

  private func checkSizes() throws(TransformerError) {
    try check("layers", layers, 1...4096)
    try check("width", width, 1...(1 << 20))
    try check("heads", heads, 1...width)
    try check("context", context, 1...(1 << 24))
    try check("vocabulary", vocabulary, 2...(1 << 24))
    try check("keyValueHeads", keyValueHeads, 1...heads)
    if width % heads != 0 {
      throw .invalidConfiguration(field: "heads", value: "\(heads)", reason: "must divide the width, \(width)")
    }
    if heads % keyValueHeads != 0 {
      throw .invalidConfiguration(
        field: "keyValueHeads", value: "\(keyValueHeads)", reason: "must divide the number of heads, \(heads)")
    }
  }

  private func check(_ field: String, _ value: Int, _ bounds: ClosedRange<Int>) throws(TransformerError) {
    if bounds.contains(value) { return }
    throw .invalidConfiguration(
      field: field, value: "\(value)", reason: "must lie between \(bounds.lowerBound) and \(bounds.upperBound)")
  }
}

// MARK: - Files

extension DecoderConfiguration {
  private enum CodingKeys: String, CodingKey {
    case layers, width, heads, keyValueHeads, hidden, context, vocabulary, epsilon
  }

  /// Reads sizes and checks them like those of a call: a file may say anything.
  ///
  /// - Throws: ``TransformerError/invalidConfiguration(field:value:reason:)``, `DecodingError`.
  public init(from decoder: any Decoder) throws {
    let values = try decoder.container(keyedBy: CodingKeys.self)
    layers = try values.decode(Int.self, forKey: .layers)
    width = try values.decode(Int.self, forKey: .width)
    heads = try values.decode(Int.self, forKey: .heads)
    keyValueHeads = try values.decode(Int.self, forKey: .keyValueHeads)
    hidden = try values.decode(Int.self, forKey: .hidden)
    context = try values.decode(Int.self, forKey: .context)
    vocabulary = try values.decode(Int.self, forKey: .vocabulary)
    epsilon = try values.decode(Float.self, forKey: .epsilon)
    try checkSizes()
    try check("mlp", hidden, 1...(1 << 24))
  }
}
