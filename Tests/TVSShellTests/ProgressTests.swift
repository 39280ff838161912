import Testing

@testable import Checkpoints
@testable import TVSShell

@Suite("Progress")
struct ProgressTests {
  private func line(width: Int, step: Int = 412, loss: Double? = 1.2345) -> String {
    ProgressBar.line(
      for: Progress(activity: "train", step: step, total: 2000, seconds: 2.06, loss: loss), width: width)
  }

  @Test("a wide line has everything, and a narrow one keeps what matters")
  func widths() {
    let wide = line(width: 100)
    for part in ["train", "█", "412 of 2000", "200 steps/s", "loss 1.23", "7.94 s left"] {
      #expect(wide.contains(part), "\(wide)")
    }
    for width in 0...100 { #expect(Columns.width(of: line(width: width)) <= width) }
    #expect(line(width: 20) == "train  412 of 2000")
  }

  @Test("bytes have their rate and time left, without what was there before")
  func bytes() {
    let progress = Progress(
      activity: "fetch", step: 60_000_000, total: 90_000_000, seconds: 2, loss: nil, unit: .bytes, first: 40_000_000)
    let line = ProgressBar.line(for: progress, width: 100)
    for part in ["fetch", "█", "60.0 MB of 90.0 MB", "10.0 MB/s", "3.00 s left"] {
      #expect(line.contains(part), "\(line)")
    }
    for width in 0...100 { #expect(Columns.width(of: ProgressBar.line(for: progress, width: width)) <= width) }
    #expect(Figures.size(999) == "999 bytes" && Figures.size(1_000_000) == "1.00 MB")
  }

  @Test("the bar grows by eighths, from empty to full")
  func bar() {
    #expect(ProgressBar.bar(0, cells: 4) == " ···")
    #expect(ProgressBar.bar(0.5, cells: 4) == "██ ·")
    #expect(ProgressBar.bar(1, cells: 4) == "████")
    #expect(ProgressBar.bar(7, cells: 4) == "████")
    for step in 0...1000 { #expect(ProgressBar.bar(Double(step) / 1000, cells: 13).count == 13) }
  }

  @Test("numbers and durations are short")
  func figures() {
    #expect(Figures.short(2.355) == "2.36" || Figures.short(2.355) == "2.35")
    #expect(Figures.short(183.2) == "183")
    #expect(Figures.short(0.0412) == "0.0412")
    #expect(Figures.short(12345678) == "1.23e7")
    #expect(Figures.short(.nan) == "nan")
    #expect(Figures.duration(0.412) == "412 ms")
    #expect(Figures.duration(2.36) == "2.36 s")
    #expect(Figures.duration(185) == "3 min 05 s")
    #expect(Figures.duration(3720) == "1 h 02 min")
    #expect(Figures.duration(.infinity) == "years")
  }
}
