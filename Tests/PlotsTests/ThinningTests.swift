import Foundation
import Testing

@testable import Plots

@Suite struct ThinningTests {
  private static let count = 1_000_000

  /// A random walk with a few peaks of one sample.
  private static let walk: [Double] = {
    var state: UInt64 = 3
    var at = 0.0
    var numbers = (0..<count).map { _ -> Double in
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      at += Double(state >> 11) / Double(1 << 53) - 0.5
      return at
    }
    for index in [17, 500_003, 999_998] { numbers[index] = index == 17 ? -1e4 : 1e4 }
    return numbers
  }()

  @Test("Thinning keeps the first, the least, the largest and the last of every column of pixels")
  func extremes() {
    let columns = 600
    let low = ThinningTests.walk.min() ?? 0
    let high = ThinningTests.walk.max() ?? 1
    let x = (0..<ThinningTests.count).map { Double($0) / Double(ThinningTests.count) }
    let y = ThinningTests.walk.map { ($0 - low) / (high - low) }
    let kept = Thinning.line(x[...], y[...], columns: columns, rows: 400)
    #expect(kept.count <= 4 * columns)
    #expect(zip(kept, kept.dropFirst()).allSatisfy { $0 < $1 })
    let groups = Dictionary(grouping: kept) { Int(x[$0] * Double(columns)) }
    let all = Dictionary(grouping: x.indices) { Int(x[$0] * Double(columns)) }
    for (column, members) in all {
      let few = groups[column] ?? []
      #expect(few.map { y[$0] }.min() == members.map { y[$0] }.min())
      #expect(few.map { y[$0] }.max() == members.map { y[$0] }.max())
      #expect(few.first == members.first && few.last == members.last)
    }
  }

  @Test("Thinned points keep the outermost ones")
  func outermost() {
    let x = (0..<50_000).map { Double(($0 * 7919) % 49_999) / 49_998 }
    let y = (0..<50_000).map { Double(($0 * 104_729) % 49_999) / 49_998 }
    let kept = Thinning.points(x, y, columns: 100, rows: 80)
    #expect(kept.count <= 100 * 80 + 4)
    for numbers in [x, y] {
      #expect(kept.map { numbers[$0] }.min() == numbers.min() && kept.map { numbers[$0] }.max() == numbers.max())
    }
  }

  @Test(
    "A million points become an SVG of less than 2 MB in less than a second",
    arguments: [Series.Mark.line, .points, .bars])
  func million(mark: Series.Mark) {
    let x = (0..<ThinningTests.count).map { mark == .points ? ThinningTests.walk[$0] : Double($0) }
    let y = (0..<ThinningTests.count).map {
      mark == .points ? ThinningTests.walk[($0 * 7919) % ThinningTests.count] : ThinningTests.walk[$0]
    }
    let picture = Picture.figure(Figure(title: "walk", series: [Series("walk", mark: mark, x: x, y: y)]))
    let began = ContinuousClock.now
    let svg = picture.svg()
    let seconds = began.duration(to: .now)
    #expect(svg.utf8.count < 2_000_000)
    // Three times the promise, because the machine may be busy with other things.
    #expect(seconds < .seconds(3))
    #expect(svg.utf8.count > 2000)
  }
}
