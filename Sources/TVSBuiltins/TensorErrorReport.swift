import Checkpoints
import TVSLanguage
import Tensors

extension ErrorReport {
  /// What the language says about a failure of the tensor room.
  public init(_ error: TensorError) {
    switch error {
    case .tooLarge(let bytes, let available):
      self.init(
        .tooLarge,
        "the result would take \(NumberText.bytes(bytes)), and \(NumberText.bytes(available)) are free",
        help: "make it smaller, use dtype=\"float32\", or work on parts of it")
    case .shapeMismatch(let operation, let left, let right):
      self.init(
        .shape, "\(operation) does not join the shapes \(shapeText(left)) and \(shapeText(right))",
        help: ErrorReport.rule(of: operation))
    case .invalidShape(let operation, let shape, let reason):
      self.init(.shape, "\(operation) of shape \(shapeText(shape)): \(reason)")
    case .indexOutOfRange(let index, let axis, let size):
      self.init(
        .indexOutOfRange, "index \(index) is outside of axis \(axis), which has \(size) element\(size == 1 ? "" : "s")",
        label: size == 0 ? "it is empty" : "indices go from 0 to \(size - 1), or from -\(size) to -1",
        help: size == 0 ? "look at x.shape first" : "x[-1] is the last one, and x.shape counts them",
        argument: "subscripts")
    case .linearAlgebra(let operation, let reason):
      self.init(.linearAlgebra, "\(operation): \(reason)", help: ErrorReport.remedy(for: operation))
    case .file(let path, let reason): self.init(.file, "\(path): \(reason)")
    case .malformed(let path, let reason): self.init(.fileFormat, "\(path): \(reason)")
    }
  }

  private static func rule(of operation: String) -> String? {
    switch operation {
    case "@": "the inner lengths must agree, as in (m, k) @ (k, n)"
    case "concat": "all axes but the joined one must agree"
    case "stack": "all shapes must agree"
    case "dot", "cos": "both sides need the same shape"
    case "mask": "a mask has the shape of the tensor, or of its first axes"
    default: "shapes are matched from the right; lengths must be equal, or one of them 1"
    }
  }

  private static func remedy(for operation: String) -> String? {
    switch operation {
    case "cholesky": "add a small multiple of eye(n), or use eigh(x)"
    case "solve", "inv": "use lstsq(a, b), which takes singular matrices"
    default: nil
    }
  }
}

/// A shape as it is shown: `3×4`, and `()` for a number.
func shapeText(_ shape: [Int]) -> String { shape.isEmpty ? "()" : shape.map(String.init).joined(separator: "×") }
