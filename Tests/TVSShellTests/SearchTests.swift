import Testing

/// What only whole programs show: numbers of threads, and an interruption.
@Suite("Search in a program")
struct SearchTests {
  private static let model = "m = transformer(layers=2, width=64, heads=2, seed=1); t = task(\"copy\")\n"

  @Test("Candidates and their losses have the same bits on any number of threads")
  func threads() throws {
    let code =
      Self.model + """
        c = search(m, t, n=3, sigma=1e-3, count=32, seed=2)
        d = search(m, t, n=3, norm=1, count=32, seed=2)
        [digest(m + c[2]), digest(m + d[2]), tojson(c.loss), tojson(d.loss), c.winner, d.winner]
        """
    let one = try Piped.run(["-e", code], environment: ["TVS_THREADS": "1"])
    #expect(one.status == 0, "\(one.errors)")
    #expect(one.output.count > 40)
    for threads in ["2", "3", "7"] {
      #expect(try Piped.run(["-e", code], environment: ["TVS_THREADS": threads]).output == one.output)
    }
  }

  @Test("A search can be interrupted")
  func interruption() throws {
    let stopped = try Piped.run(
      ["-e", Self.model + "search(m, t, n=1000000, norm=1, count=64)"], interruptAfter: 1.5)
    #expect(stopped.status == 130)
    #expect(stopped.errors.contains("search"), "\(stopped.errors)")
  }
}
