import Foundation
import OrderedCollections
import Plots
import TVSLanguage

/// A picture, as a value of the language.
final class PlotValue: NativeValue, Sendable {
  /// The picture.
  let picture: Picture
  let provenance: Provenance?

  init(_ picture: Picture, provenance: Provenance? = nil) {
    self.picture = picture
    self.provenance = provenance
  }

  var kind: String { "plot" }

  var inline: String {
    let words = picture.words
    return words.count > 100 ? words.prefix(99) + "…" : words
  }

  func display(_ style: DisplayStyle) -> String {
    func characters() -> String {
      // The prompt needs a row of its own.
      picture.terminal(columns: style.width, rows: style.height - 1, color: style.color)
    }
    func pixels(_ terminal: TerminalProtocol) -> String {
      (try? picture.image(
        for: terminal, columns: style.width, rows: style.height - 1, pixels: style.pixels, isDark: style.isDark))
        ?? characters()
    }
    return switch style.pictures {
    case .words: picture.words
    case .characters: characters()
    case .kitty: pixels(.kitty)
    case .sixel: pixels(.sixel)
    }
  }

  var fieldNames: [String] { ["title", "words", "description", "svg"] }

  func field(_ name: String) throws -> Value? {
    switch name {
    case "title": .string(picture.title)
    case "words": .string(picture.words)
    case "description": .string(picture.description)
    case "svg": .string(picture.svg())
    default: nil
    }
  }

  func isSame(as other: any NativeValue) -> Bool { (other as? PlotValue)?.picture == picture }

  func stamped(_ provenance: Provenance) -> any NativeValue { PlotValue(picture, provenance: provenance) }
}

/// Pictures in files.
enum PictureFormats {
  static let all: [FileFormat] = [
    format("SVG picture", "svg") { Data($0.svg().utf8) },
    format("PNG picture", "png") { Data(try $0.png()) },
    format("PDF picture", "pdf") { Data(try $0.pdf()) },
  ]

  private static func format(
    _ name: String, _ ending: String, _ bytes: @escaping @Sendable (Picture) throws -> Data
  ) -> FileFormat {
    FileFormat(
      name: name, ending: ending,
      write: { value, path, _ in
        guard case .native(let native) = value, let plot = native as? PlotValue else { return false }
        try TextFiles.write(bytes(plot.picture), to: path)
        return true
      })
  }
}

extension ErrorReport {
  /// What the language says about a picture that cannot be made.
  init(_ error: PictureError) {
    switch error {
    case .library(let reason): self.init(.unexpected, "the picture cannot be drawn: \(reason)")
    case .tooLarge(let width, let height):
      self.init(.tooLarge, "the picture would have \(width) × \(height) pixels", help: "save it as x.svg")
    }
  }
}
