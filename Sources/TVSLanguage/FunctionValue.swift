/// A function of the language or a builtin, as a value.
public final class FunctionValue: @unchecked Sendable {
  /// The record, when the function is a builtin.
  public let builtin: Builtin?

  /// Wraps a builtin.
  public init(builtin: Builtin) { self.builtin = builtin }
}

/// An imported file: its name and the globals it defined.
public final class ModuleValue: @unchecked Sendable {
  /// The name under which it was found.
  public let name: String

  /// Makes an empty module.
  public init(name: String) { self.name = name }
}
