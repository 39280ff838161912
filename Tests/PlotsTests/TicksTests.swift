import Testing

@testable import Plots

@Suite struct TicksTests {
  /// Ends of axes of every size, near and far apart, on both sides of zero, from a fixed sequence.
  static func domains(_ kind: Axis.Kind, count: Int = 4000) -> [Domain] {
    var state: UInt64 = 7
    func next() -> Double {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return Double(state >> 11) / Double(1 << 53)
    }
    func number(_ decades: Double) -> Double {
      var value = 1 + 9 * next()
      for _ in 0..<Int(next() * decades) { value *= next() < 0.5 ? 10 : 1 }
      for _ in 0..<Int(next() * decades) { value /= next() < 0.5 ? 10 : 1 }
      return kind == .logarithmic || next() < 0.5 ? value : -value
    }
    return (0..<count).map { index in
      let low = number(index % 3 == 0 ? 250 : 8)
      let high = index % 2 == 0 ? number(index % 5 == 0 ? 250 : 8) : low * (1 + next() * 1e-6)
      return Domain(fitting: [low, high], kind: kind, withZero: index % 7 == 0)
    }
      + [
        Domain(0, 0), Domain(5, 5), Domain(-3, -3), Domain(1e300, 1e300), Domain(-1e300, 1e300),
        Domain(1, 1.0000000001),
        Domain(.nan, 2), Domain(fitting: [], kind: kind), Domain(fitting: [.nan, .infinity], kind: kind),
        Domain(fitting: [.leastNonzeroMagnitude], kind: kind), Domain(fitting: [0], kind: kind),
        Domain(-.infinity, .infinity),
      ].filter { kind != .logarithmic || $0.low > 0 }
  }

  static func check(_ ticks: [Tick], _ domain: Domain) {
    #expect((2...12).contains(ticks.count), "\(domain) has \(ticks.map(\.label))")
    #expect(ticks.allSatisfy { domain.contains($0.value) }, "\(domain) has \(ticks)")
    #expect(zip(ticks, ticks.dropFirst()).allSatisfy { $0.value < $1.value }, "\(domain) has \(ticks)")
    #expect(Set(ticks.map(\.label)).count == ticks.count, "\(domain) has \(ticks.map(\.label))")
    for tick in ticks {
      let read = Double(tick.label) ?? .nan
      #expect(abs(read - tick.value) <= 1e-9 * (domain.high / 2 - domain.low / 2) + 1e-12 * abs(tick.value), "\(tick)")
    }
  }

  @Test("Ticks of any linear axis are 2 to 12 round places inside, in order, whose labels differ and read back")
  func linear() {
    for domain in TicksTests.domains(.linear) {
      for target in [-1, 2, 6, 40] { TicksTests.check(Ticks.linear(domain, target: target), domain) }
    }
  }

  @Test("Ticks of any logarithmic axis are 2 to 12 places inside, in order, whose labels differ and read back")
  func logarithmic() {
    for domain in TicksTests.domains(.logarithmic) {
      for target in [0, 2, 6, 40] { TicksTests.check(Ticks.logarithmic(domain, target: target), domain) }
    }
  }

  @Test("Labels of one axis have the same number of decimals")
  func digits() {
    for domain in TicksTests.domains(.linear, count: 1000) {
      let decimals = Ticks.linear(domain).filter { $0.value != 0 }.map { tick -> Int in
        let digits = tick.label.prefix { $0 != "e" }
        return digits.firstIndex(of: ".").map { digits.distance(from: $0, to: digits.endIndex) } ?? 0
      }
      #expect(Set(decimals).count <= 1, "\(Ticks.linear(domain).map(\.label))")
    }
  }

  @Test("Ordinary axes are marked as one would by hand")
  func examples() {
    #expect(Ticks.linear(Domain(0, 1)).map(\.label) == ["0.0", "0.2", "0.4", "0.6", "0.8", "1.0"])
    #expect(Ticks.linear(Domain(-10, 110)).map(\.label) == ["0", "20", "40", "60", "80", "100"])
    #expect(Ticks.linear(Domain(0, 5e6)).map(\.label) == ["0", "1e6", "2e6", "3e6", "4e6", "5e6"])
    #expect(Ticks.logarithmic(Domain(0.001, 10)).map(\.label) == ["0.001", "0.01", "0.1", "1", "10"])
    #expect(Ticks.logarithmic(Domain(1, 30)).map(\.label) == ["1", "2", "5", "10", "20"])
  }

  @Test("A scale puts its ends at 0 and 1, keeps the order, and has no place for what is not finite or not above zero")
  func places() {
    for kind in [Axis.Kind.linear, .logarithmic] {
      for domain in TicksTests.domains(kind, count: 500) {
        let scale = Scale(kind, domain)
        #expect(abs(scale.place(domain.low)) < 1e-4 && abs(scale.place(domain.high) - 1) < 1e-4)
        let middle = scale.place(
          kind == .linear ? domain.low / 2 + domain.high / 2 : domain.low.squareRoot() * domain.high.squareRoot())
        #expect(abs(middle - 0.5) < 1e-4)
      }
    }
    let scale = Scale(.logarithmic, Domain(1, 10, kind: .logarithmic))
    #expect([0, -1, .nan, .infinity].allSatisfy { scale.place($0).isNaN })
  }
}
