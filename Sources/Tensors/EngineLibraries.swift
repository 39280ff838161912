import CLinearAlgebra

/// The libraries that numbers depend on, for whoever writes down how a result was made.
public enum EngineLibraries {
  /// oneDNN, such as `2.6.0`.
  public static var oneDNN: String {
    guard let version = load_dnnl_version()()?.pointee else { return "unknown" }
    return "\(version.major).\(version.minor).\(version.patch)"
  }

  /// OpenBLAS and the processor that it chose its kernels for, such as `0.3.21 (SkylakeX)`.
  public static var openBLAS: String {
    guard let configuration = load_openblas_get_config()().map({ String(cString: $0) }) else { return "unknown" }
    let words = configuration.split(separator: " ")
    let version = words.first { $0.first?.isNumber == true } ?? "unknown"
    guard let core = load_openblas_get_corename()().map({ String(cString: $0) }) else { return String(version) }
    return "\(version) (\(core))"
  }
}
