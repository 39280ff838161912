import Foundation
import TVSBuiltins
import TVSLanguage
import Testing

@Suite("Contrast pairs that others made")
struct SteeringDataTests {
  private static let model =
    "m = transformer(layers=1, width=16, heads=2, context=2048, tokenizer=\"bytes\", seed=1)\n"

  private func run(_ code: String) throws -> String {
    let output = CollectedOutput()
    try session(output).run(SourceText(name: "test", text: Self.model + code))
    return output.text
  }

  @Test(
    "Files of CAA are read at the letter, which a fresh model tells apart",
    .enabled(if: SharedData.isThere, "../shared/data is absent, and TVS_SHARED_DATA does not name it"))
  func caa() throws {
    let path = "\(SharedData.folder)/tasks/caa/test/survival-instinct.ab.json"
    let shown = try run(
      """
      p = pairs("\(path)")
      v = contrast(m, p, layer=0, shuffles=5, seed=1)
      [v.positions, v.accuracy.scored + v.accuracy.fitted == p.size, norm(v) > 0]
      """)
    #expect(shown == "[\"answer\", true, true]\n")
  }

  @Test(
    "BoolQ serves as pairs of its two answers",
    .enabled(if: SharedData.isThere, "../shared/data is absent, and TVS_SHARED_DATA does not name it"))
  func boolq() throws {
    let path = "\(SharedData.folder)/tasks/boolq/boolq_perturbed.json"
    let shown = try run("v = contrast(m, pairs(\"\(path)\"), holdout=0.5, shuffles=0, seed=1); v.layers")
    #expect(shown == "[0]\n")
  }
}
