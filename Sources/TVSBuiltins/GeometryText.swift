import Foundation
import TVSLanguage
import TaskGeometry
import Transformers

/// How values of the geometry are written.
enum GeometryText {
  /// A headline and indented lines with aligned labels.
  static func block(_ headline: String, _ rows: [(label: String, text: String)]) -> String {
    let width = rows.reduce(0) { max($0, $1.label.count) }
    let lines = rows.map { row in
      "  " + row.label + String(repeating: " ", count: width - row.label.count + 2) + row.text
    }
    return ([headline] + lines).joined(separator: "\n")
  }

  /// The blocks that hold most of a vector's squared length: `blocks.2 31%, blocks.1 25%, 4 more 44%`.
  static func blocks(_ shares: [(block: String, share: Double)]) -> String {
    let shown = shares.prefix(3).map { "\($0.block) \(percent($0.share))" }
    let rest = shares.dropFirst(3)
    let more = rest.isEmpty ? [] : ["\(rest.count) more \(percent(rest.reduce(0) { $0 + $1.share }))"]
    return (shown + more).joined(separator: ", ")
  }

  /// A model's name and the first digits of its digest.
  static func name(_ model: Model) -> String { "\(model.name) \(model.digest.prefix(8))" }

  private static func percent(_ share: Double) -> String { String(format: "%.0f%%", share * 100) }
}
