/// The sizes of a decoder-only transformer, whatever its family, and the choices that differ within a family.
public struct DecoderConfiguration: Hashable, Sendable {
  /// Blocks.
  public var layers: Int
  /// Width of the residual stream.
  public var width: Int
  /// Attention heads.
  public var heads: Int
  /// Heads of keys and values; equal to `heads` without grouped attention.
  public var keyValueHeads: Int
  /// Width of one head; `width / heads` in most models.
  public var headWidth: Int
  /// Width inside the MLP.
  public var hidden: Int
  /// The longest sequence, in tokens.
  public var context: Int
  /// How many tokens there are.
  public var vocabulary: Int
  /// Added to the variance in a normalisation.
  public var epsilon: Float
  /// How positions turn queries and keys, in families that do so.
  public var rotary: RotaryPositions
  /// Which linear layers have a bias, in families where that differs from model to model.
  public var biases: Biases
  /// Whether the token embedding is the output table too.
  public var isTied: Bool

  /// Groups of linear layers that may have a bias.
  public struct Biases: OptionSet, Hashable, Sendable, Codable {
    /// One bit a group.
    public let rawValue: Int
    /// Groups from their bits.
    public init(rawValue: Int) { self.rawValue = rawValue }
    /// Queries, keys and values.
    public static let inputs = Biases(rawValue: 1)
    /// The output of attention.
    public static let output = Biases(rawValue: 2)
    /// The MLP.
    public static let mlp = Biases(rawValue: 4)
  }

  /// Sizes of a fresh decoder. The default vocabulary and context are those of the digit tasks at length 8: fifteen
  /// tokens and a spare one, and `[task] d1…d8 [sep] o1…o8`. With 4 layers, width 128, 2 heads and MLP ratio 2 they
  /// give the 534,528 weights of the reference experiment.
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
    // A width that is out of bounds is refused below; here it must only not overflow.
    let hidden = (0...Self.largest).contains(width) ? Int((mlp * Double(width)).rounded()) : 0
    try self.init(
      layers: layers, width: width, heads: heads, keyValueHeads: keyValueHeads, hidden: hidden, context: context,
      vocabulary: vocabulary, epsilon: epsilon)
  }

  /// Sizes of a decoder as a file gives them.
  ///
  /// - Parameters:
  ///   - keyValueHeads: as many as `heads` unless given.
  ///   - headWidth: `width / heads` unless given.
  /// - Throws: ``TransformerError/invalidConfiguration(field:value:reason:)``.
  public init(
    layers: Int, width: Int, heads: Int, keyValueHeads: Int? = nil, headWidth: Int? = nil, hidden: Int, context: Int,
    vocabulary: Int, epsilon: Float, rotary: RotaryPositions = RotaryPositions(), biases: Biases = [],
    isTied: Bool = true
  ) throws(TransformerError) {
    self.layers = layers
    self.width = width
    self.heads = heads
    self.keyValueHeads = keyValueHeads ?? heads
    self.headWidth = headWidth ?? (heads > 0 ? width / heads : 0)
    self.hidden = hidden
    self.context = context
    self.vocabulary = vocabulary
    self.epsilon = epsilon
    self.rotary = rotary
    self.biases = biases
    self.isTied = isTied
    try check(headsDivideWidth: headWidth == nil)
  }

  /// Columns of the queries of all heads.
  public var queryWidth: Int { heads * headWidth }
  /// Columns of the keys of all heads, and of the values.
  public var keyWidth: Int { keyValueHeads * headWidth }

  private static let largest = 1 << 24

  private func check(headsDivideWidth: Bool) throws(TransformerError) {
    try check("layers", layers, 1...4096)
    try check("width", width, 1...(1 << 20))
    try check("heads", heads, 1...width)
    try check("context", context, 1...Self.largest)
    try check("vocabulary", vocabulary, 2...Self.largest)
    try check("keyValueHeads", keyValueHeads, 1...heads)
    if headsDivideWidth, width % heads != 0 {
      throw .invalidConfiguration(field: "heads", value: "\(heads)", reason: "must divide the width, \(width)")
    }
    if heads % keyValueHeads != 0 {
      throw .invalidConfiguration(
        field: "keyValueHeads", value: "\(keyValueHeads)", reason: "must divide the number of heads, \(heads)")
    }
    try check("headWidth", headWidth, 1...(1 << 16))
    try check("mlp", hidden, 1...Self.largest)
    guard epsilon.isFinite, epsilon >= 0 else {
      throw .invalidConfiguration(field: "epsilon", value: "\(epsilon)", reason: "must be a number of at least 0")
    }
    try rotary.check()
  }

  private func check(_ field: String, _ value: Int, _ bounds: ClosedRange<Int>) throws(TransformerError) {
    if bounds.contains(value) { return }
    throw .invalidConfiguration(
      field: field, value: "\(value)", reason: "must lie between \(bounds.lowerBound) and \(bounds.upperBound)")
  }
}

// MARK: - Files

extension DecoderConfiguration: Codable {
  private enum CodingKeys: String, CodingKey {
    case layers, width, heads, keyValueHeads, headWidth, hidden, context, vocabulary, epsilon, rotary, biases, isTied
  }

  /// Reads sizes and checks them like those of a call: a file may say anything.
  ///
  /// - Throws: ``TransformerError/invalidConfiguration(field:value:reason:)``, `DecodingError`.
  public init(from decoder: any Decoder) throws {
    let values = try decoder.container(keyedBy: CodingKeys.self)
    try self.init(
      layers: values.decode(Int.self, forKey: .layers), width: values.decode(Int.self, forKey: .width),
      heads: values.decode(Int.self, forKey: .heads), keyValueHeads: values.decode(Int.self, forKey: .keyValueHeads),
      headWidth: values.decodeIfPresent(Int.self, forKey: .headWidth),
      hidden: values.decode(Int.self, forKey: .hidden), context: values.decode(Int.self, forKey: .context),
      vocabulary: values.decode(Int.self, forKey: .vocabulary), epsilon: values.decode(Float.self, forKey: .epsilon),
      rotary: values.decodeIfPresent(RotaryPositions.self, forKey: .rotary) ?? RotaryPositions(),
      biases: values.decodeIfPresent(Biases.self, forKey: .biases) ?? [],
      isTied: values.decodeIfPresent(Bool.self, forKey: .isTied) ?? true)
  }
}
