import ModelFiles
import Plots
import Steering
import TVSLanguage
import TaskGeometry
import Tensors
import Tokenizers
import Transformers
import Workers

extension Library {
  /// Turns errors of the engine into reports with a code and a help line; nil for what it does not know.
  @Sendable public static func translate(_ error: any Error) -> ErrorReport? {
    switch error {
    case let error as TensorError: ErrorReport(error)
    case let error as TokenizerError: ErrorReport(error)
    case let error as TransformerError: ErrorReport(error)
    case let error as GeometryError: ErrorReport(error)
    case let error as SteeringError: ErrorReport(error)
    case let error as LibraryError: ErrorReport(error)
    case let error as PictureError: ErrorReport(error)
    case let error as WorkerError: ErrorReport(error)
    default: nil
    }
  }
}
