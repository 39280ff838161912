import CKernels
import Tensors

extension CPUKernels {
  package func steer(_ s: SteeringArguments) {
    withFlags(s.selected) { selected in
      let description = Shared(
        tvs_steering(
          input: s.input, vector: s.vector, selected: selected, output: s.output, columns: s.columns,
          scale: s.kind.scale, kind: s.kind.code))
      Parallel.ranges(s.rows, grain: CPUKernels.steeringGrain / max(1, s.columns)) { range in
        var description = description.value
        tvs_steer(&description, range.lowerBound, range.upperBound)
      }
    }
  }

  package func steerBackward(_ s: SteeringGradientArguments) {
    withFlags(s.selected) { selected in
      let description = Shared(
        tvs_steering_gradient(
          gradient: s.gradient, input: s.input, vector: s.vector, selected: selected, input_gradient: s.inputGradient,
          columns: s.columns, scale: s.kind.scale, kind: s.kind.code, accumulates: s.accumulates))
      Parallel.ranges(s.rows, grain: CPUKernels.steeringGrain / max(1, s.columns)) { range in
        var description = description.value
        tvs_steer_backward(&description, range.lowerBound, range.upperBound)
      }
    }
  }

  private static let steeringGrain = 1 << 15

  private func withFlags(_ flags: [Bool]?, _ body: (UnsafePointer<Bool>?) -> Void) {
    guard let flags else { return body(nil) }
    flags.withUnsafeBufferPointer { body($0.baseAddress) }
  }
}

extension Tape.Steering {
  fileprivate var scale: Float {
    if case .ablate(let scale) = self { return scale }
    return 1
  }

  fileprivate var code: tvs_steering_kind {
    switch self {
    case .add: TVS_STEER_ADD
    case .ablate: TVS_STEER_ABLATE
    case .rotate: TVS_STEER_ROTATE
    }
  }
}
