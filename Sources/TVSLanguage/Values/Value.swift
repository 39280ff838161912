import OrderedCollections

/// Everything a name can hold.
///
/// The plain kinds are cases; everything that comes from another room (tensors, models, subspaces, …) is a
/// ``NativeValue``. All of them have value semantics: changing a copy never changes the original.
public enum Value: Sendable {
  /// Nothing; never shown.
  case `nil`
  /// `true` or `false`.
  case bool(Bool)
  /// An IEEE double; whole numbers print without a point.
  case number(Double)
  /// Unicode text.
  case string(String)
  /// Values in order.
  case list([Value])
  /// Named values in the order in which they were written.
  case record(OrderedDictionary<String, Value>)
  /// A function of the language or a builtin.
  case function(FunctionValue)
  /// An imported file.
  case module(ModuleValue)
  /// A value of another room.
  case native(any NativeValue)
}

/// The one protocol through which values of other rooms enter the language (after starlark-go's `value.go`).
///
/// Only ``kind`` and ``inline`` are required. Everything else is a capability with a default that says "not this
/// kind": the evaluator turns that into an error that names the kind and the operator. Conforming types are immutable
/// final classes; an update returns another object.
public protocol NativeValue: AnyObject, Sendable {
  /// What `type(x)` answers, such as `tensor`.
  var kind: String { get }
  /// The value on one line, as it appears inside lists and error messages.
  var inline: String { get }
  /// What the prompt shows: one or several lines without a final newline.
  func display(_ style: DisplayStyle) -> String

  /// The names that may follow a dot, in the order in which help lists them.
  var fieldNames: [String] { get }
  /// The value of a field, or nil if there is none of that name.
  func field(_ name: String) throws -> Value?
  /// A copy in which a field has another value, or nil if fields of this kind cannot be assigned.
  func replacing(field name: String, with value: Value) throws -> (any NativeValue)?

  /// `x[…]`, or nil if this kind cannot be indexed.
  func element(at subscripts: [Subscript]) throws -> Value?
  /// A copy in which `x[…]` is `value`; may work in place when `isUnique` says that nobody else holds the value.
  func replacing(at subscripts: [Subscript], with value: Value, isUnique: Bool) throws -> (any NativeValue)?
  /// What `len(x)` answers, or nil.
  var length: Int? { get }
  /// The elements that `for` visits, or nil.
  func elements() throws -> [Value]?
  /// Whether `item in x`, or nil if the question makes no sense for this kind.
  func contains(_ item: Value) throws -> Bool?

  /// `x op other` (`side == .left`) or `other op x` (`side == .right`); nil if this pair has no such operator.
  /// Comparison operators arrive here too.
  func apply(_ operation: BinaryOperator, with other: Value, side: OperandSide) throws -> Value?
  /// `-x`, or nil.
  func negated() throws -> Value?
  /// Whether two values are identical in every bit that matters (`same(a, b)`).
  func isSame(as other: any NativeValue) -> Bool

  /// `function(x)` for every element, for a function that exists on numbers too and so has one record for all kinds:
  /// `abs sqrt exp log sin cos tan floor ceil round tanh sigmoid`. Nil if this kind has no such function. Inside, IEEE
  /// rules hold: the logarithm of zero is an infinity, not an error.
  func mapped(_ function: String) throws -> Value?
  /// The elements brought down to one, over all or along `axis`: `sum mean min max std var median norm`. Nil if this
  /// kind has no such function.
  func reduced(_ function: String, axis: Int?) throws -> Value?
  /// `function(x, other)` for the functions of two vectors, `dot` and `cos` (the cosine similarity), with the arguments
  /// that were given by name beside them, such as `in: "product"`. Nil if this pair has no such function.
  func paired(_ function: String, with other: Value, options: [String: Value]) throws -> Value?

  /// The number this value stands for in arithmetic (a measure), or nil.
  var number: Double? { get }
  /// Whether a condition counts it as true, or nil if it is not a condition.
  var truth: Bool? { get }

  /// Where the value came from.
  var provenance: Provenance? { get }
  /// A copy that remembers where it came from. The evaluator calls it on the result of each builtin whose provenance
  /// is still nil.
  func stamped(_ provenance: Provenance) -> any NativeValue
}

extension NativeValue {
  /// Unless a kind says otherwise: the inline text.
  public func display(_ style: DisplayStyle) -> String { inline }
  /// Unless a kind says otherwise: none.
  public var fieldNames: [String] { [] }
  /// Unless a kind says otherwise: no field.
  public func field(_ name: String) throws -> Value? { nil }
  /// Unless a kind says otherwise: not assignable.
  public func replacing(field name: String, with value: Value) throws -> (any NativeValue)? { nil }
  /// Unless a kind says otherwise: not indexable.
  public func element(at subscripts: [Subscript]) throws -> Value? { nil }
  /// Unless a kind says otherwise: not assignable.
  public func replacing(at subscripts: [Subscript], with value: Value, isUnique: Bool) throws -> (any NativeValue)? {
    nil
  }
  /// Unless a kind says otherwise: no length.
  public var length: Int? { nil }
  /// Unless a kind says otherwise: nothing to visit.
  public func elements() throws -> [Value]? { nil }
  /// Unless a kind says otherwise: no answer.
  public func contains(_ item: Value) throws -> Bool? { nil }
  /// Unless a kind says otherwise: no operator.
  public func apply(_ operation: BinaryOperator, with other: Value, side: OperandSide) throws -> Value? { nil }
  /// Unless a kind says otherwise: no negative.
  public func negated() throws -> Value? { nil }
  /// Unless a kind says otherwise: whether they are one object.
  public func isSame(as other: any NativeValue) -> Bool { self === other }
  /// Unless a kind says otherwise: no such function.
  public func mapped(_ function: String) throws -> Value? { nil }
  /// Unless a kind says otherwise: no such function.
  public func reduced(_ function: String, axis: Int?) throws -> Value? { nil }
  /// Unless a kind says otherwise: no such function.
  public func paired(_ function: String, with other: Value, options: [String: Value]) throws -> Value? { nil }
  /// Unless a kind says otherwise: not a number.
  public var number: Double? { nil }
  /// Unless a kind says otherwise: not a condition.
  public var truth: Bool? { nil }
  /// Unless a kind says otherwise: unknown.
  public var provenance: Provenance? { nil }
  /// Unless a kind says otherwise: the value itself: it remembers nothing.
  public func stamped(_ provenance: Provenance) -> any NativeValue { self }
}

/// One position between the brackets of `x[…]`.
public enum Subscript: Sendable {
  /// `x[2]`, `x["blocks.2"]`, `x[mask]`.
  case value(Value)
  /// `x[a:b]` or `x[a:b:s]`; a missing end is nil. Bounds are whole numbers, negative ones count from the end.
  case slice(from: Int?, to: Int?, step: Int?)
}

/// The operators with two operands, except `and`, `or`, `|>`, which the evaluator handles itself.
public enum BinaryOperator: String, Sendable {
  case add = "+", subtract = "-", multiply = "*", divide = "/", remainder = "%", matrixProduct = "@", power = "^"
  case equal = "==", notEqual = "!=", less = "<", lessOrEqual = "<=", greater = ">", greaterOrEqual = ">="
  case contained = "in"
}

/// On which side of an operator a value stands.
public enum OperandSide: Sendable {
  case left, right
}

/// How values are written: chosen by the shell from the window and the user's settings.
public struct DisplayStyle: Sendable {
  /// Columns of the window.
  public var width: Int
  /// Rows that a list, tensor or table may take before its middle is left out.
  public var rows: Int
  /// Significant digits of a number inside a tensor, a table or a measure.
  public var digits: Int
  /// Whether escape sequences for colour may be used.
  public var color: Bool
  /// How pictures are shown.
  public var pictures: Pictures
  /// Rows of the window, which a picture may fill.
  public var height: Int
  /// Pixels of the window from left to right; 0 if they are not known.
  public var pixels = 0
  /// Whether the window is dark, which decides the colours of pictures in pixels.
  public var isDark = true

  /// What a picture becomes where it is shown.
  public enum Pictures: String, Sendable, CaseIterable {
    /// One line that says what it shows: for pipes, files and transcripts.
    case words
    /// Braille and blocks.
    case characters
    /// Pixels in the graphics protocol of kitty.
    case kitty
    /// Pixels in DEC's sixel.
    case sixel
  }

  /// The defaults are those of a script: 80 columns, no colour, no pictures.
  public init(
    width: Int = 80, rows: Int = 20, digits: Int = 4, color: Bool = false, pictures: Pictures = .words, height: Int = 24
  ) {
    self.width = width
    self.rows = rows
    self.digits = digits
    self.color = color
    self.pictures = pictures
    self.height = height
  }
}

/// Where a value came from: what `provenance(x)` shows.
public struct Provenance: Sendable, Equatable {
  /// The text of the expression that made the value.
  public var expression: String
  /// The seed that was in force, if the expression drew random numbers.
  public var seed: UInt64?
  /// Digests of the models that took part.
  public var digests: [String]

  /// Describes an origin.
  public init(expression: String, seed: UInt64? = nil, digests: [String] = []) {
    self.expression = expression
    self.seed = seed
    self.digests = digests
  }
}
