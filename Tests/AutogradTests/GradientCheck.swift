import Testing

@testable import Autograd

/// Compares an operation on the tape with its reference in double precision: the result, and the gradient of a random
/// weighting of the result with respect to every input, by central differences of the reference.
func check(
  _ inputs: [Matrix], tolerance: Double = 1e-5, kernels: any Kernels = CPUKernels(),
  reference: ([Matrix]) -> Matrix, sourceLocation: SourceLocation = #_sourceLocation,
  operation: (Tape, [Variable]) throws -> Variable
) throws {
  let expected = reference(inputs)
  let weighting = Matrix(expected.rows, expected.columns, seed: 99)
  func objective(_ inputs: [Matrix]) -> Double {
    zip(reference(inputs).elements, weighting.elements).reduce(0) { $0 + $1.0 * $1.1 }
  }

  let tape = Tape(kernels: kernels)
  let variables = try inputs.map { try tape.leaf($0) }
  let result = try operation(tape, variables)
  #expect([result.rows, result.columns] == [expected.rows, expected.columns], sourceLocation: sourceLocation)
  expectClose(tape.values(of: result), expected.elements, tolerance, "result", sourceLocation)

  try tape.backward(from: result, gradient: weighting.floats)
  for (number, variable) in variables.enumerated() {
    let gradient = tape.withGradient(of: variable) { Array($0) }
    let step = 1e-5
    let differences = inputs[number].elements.indices.map { index in
      var (above, below) = (inputs, inputs)
      above[number].elements[index] += step
      below[number].elements[index] -= step
      return (objective(above) - objective(below)) / (2 * step)
    }
    expectClose(gradient ?? [], differences, tolerance, "gradient of input \(number)", sourceLocation)
  }
}

/// Every element agrees within the tolerance, relative to the largest element or to one.
func expectClose(
  _ actual: [Float], _ expected: [Double], _ tolerance: Double, _ what: String,
  _ sourceLocation: SourceLocation = #_sourceLocation
) {
  guard actual.count == expected.count else {
    Issue.record("\(what): \(actual.count) elements instead of \(expected.count)", sourceLocation: sourceLocation)
    return
  }
  let scale = max(1, expected.reduce(0) { max($0, abs($1)) })
  for (index, pair) in zip(actual, expected).enumerated() where !(abs(Double(pair.0) - pair.1) <= tolerance * scale) {
    Issue.record("\(what)[\(index)] is \(pair.0), expected \(pair.1)", sourceLocation: sourceLocation)
    return
  }
}

/// All tests of this room. One after the other, because one of them raises the flag that interrupts all.
@Suite(.serialized) struct AutogradTests {}
