/// Where in a block an activation is read or steered, under the names of TransformerLens (Nanda & Bloom, 2022).
///
/// In every family the residual stream is `resid_pre → + attn_out → resid_mid → + mlp_out → resid_post`, and the next
/// block's `resid_pre` is this one's `resid_post`. What the sublayers add differs:
///
/// - `pre-norm-decoder` (GPT-2), `llama`, `qwen2`, `olmo`: a sublayer reads the normalised stream; `attn_out` and
///   `mlp_out` are what its last linear layer gives, the bias included.
/// - `olmo2`: a sublayer reads the stream itself and its result is normalised; `attn_out` and `mlp_out` are the normalised
///   results. In all of them it is what is added to the stream.
///
/// The normalisation before the output table belongs to no block: the last `resid_post` is what it reads.
public enum ActivationSite: String, Sendable, Hashable, CaseIterable {
  /// The residual stream as the block gets it.
  case residPre = "resid_pre"
  /// What attention adds to the residual stream.
  case attnOut = "attn_out"
  /// The residual stream between attention and the MLP.
  case residMid = "resid_mid"
  /// What the MLP adds to the residual stream.
  case mlpOut = "mlp_out"
  /// The residual stream as the block leaves it.
  case residPost = "resid_post"

  /// The site of a name.
  ///
  /// - Throws: ``TransformerError/unknownChoice(of:name:known:)``.
  public init(named name: String) throws(TransformerError) {
    guard let site = Self(rawValue: name) else {
      throw .unknownChoice(of: "site", name: name, known: Self.allCases.map(\.rawValue))
    }
    self = site
  }

  /// The order in which a block computes them.
  var order: Int { Self.allCases.firstIndex(of: self) ?? 0 }
}

extension ActivationSite: CustomStringConvertible {
  /// The name.
  public var description: String { rawValue }
}

/// A place of a model at which there are activations: one row of the model's width for each token.
public struct ActivationPoint: Sendable, Hashable {
  /// The block, from 0.
  public let layer: Int
  /// Where in the block.
  public let site: ActivationSite

  /// A place.
  public init(layer: Int, site: ActivationSite = .residPost) {
    self.layer = layer
    self.site = site
  }

  /// Such as `blocks.5.resid_post`.
  public var name: String { "blocks.\(layer).\(site)" }

  /// The place of a name, in a model. The names of TransformerLens, `blocks.5.hook_resid_post`, are read too.
  ///
  /// - Throws: ``TransformerError/unknownChoice(of:name:known:)`` with all names of the model.
  public init(named name: String, in model: Model) throws(TransformerError) {
    let plain = name.replacing(".hook_", with: ".")
    guard let point = model.activationPoints.first(where: { $0.name == plain }) else {
      throw .unknownChoice(of: "layer", name: name, known: model.activationPoints.map(\.name))
    }
    self = point
  }
}

extension ActivationPoint: CustomStringConvertible {
  /// The name.
  public var description: String { name }
}

extension ActivationPoint: Comparable {
  /// The order in which a model computes them.
  public static func < (left: Self, right: Self) -> Bool {
    (left.layer, left.site.order) < (right.layer, right.site.order)
  }
}

extension Model {
  /// Every place at which activations can be read or steered, in the order in which they are computed.
  public var activationPoints: [ActivationPoint] {
    (0..<configuration.layers).flatMap { layer in
      ActivationSite.allCases.map { ActivationPoint(layer: layer, site: $0) }
    }
  }

  /// - Throws: ``TransformerError/invalidOption(field:value:reason:)`` for a block that the model does not have.
  func check(_ point: ActivationPoint) throws(TransformerError) {
    guard (0..<configuration.layers).contains(point.layer) else {
      throw .invalidOption(
        field: "layer", value: "\(point.layer)", reason: "must lie between 0 and \(configuration.layers - 1)")
    }
  }
}
