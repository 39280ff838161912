import Foundation
import Steering
import TVSLanguage
import Tensors
import Transformers

/// Steering vectors in files: safetensors, NumPy, and the control vectors of llama.cpp and repeng.
enum SteeringFormats {
  static let all: [FileFormat] = [
    FileFormat(
      name: "GGUF control vector", ending: "gguf", read: { try value(ControlVectorFile.read($0), $1) },
      write: { value, path, _ in try write(value, path, ControlVectorFile.write) }),
    FileFormat(
      name: "steering vector", ending: "safetensors", read: { try value(SteeringFile.readSafetensors($0), $1) },
      write: { value, path, _ in try write(value, path, SteeringFile.writeSafetensors) }),
    FileFormat(
      name: "steering vector", ending: "npz", read: { try value(SteeringFile.readNumpy($0), $1) },
      write: { value, path, _ in try write(value, path, SteeringFile.writeNumpy) }),
    FileFormat(
      name: "NumPy array", ending: "npy",
      write: { value, path, _ in
        guard case .native(let native) = value, let steering = native as? SteeringValue else { return false }
        try NumpyFile.write(steering.tensor(), to: path)
        return true
      }),
  ]

  /// What was read, taken to be of the model that `base` names.
  private static func value(_ vector: SteeringVector?, _ call: Call) throws -> Value? {
    guard let vector else { return nil }
    guard call.isGiven("base"), case .native(let native) = call["base"], let model = (native as? ModelValue)?.model
    else { return .native(SteeringValue(vector)) }
    return try SteeringValue.naming("base") { .native(SteeringValue(try vector.bound(to: model))) }
  }

  private static func write(
    _ value: Value, _ path: String, _ writer: (SteeringVector, String) throws -> Void
  ) throws -> Bool {
    guard case .native(let native) = value, let vector = (native as? SteeringValue)?.vector else { return false }
    try writer(vector, path)
    return true
  }
}
