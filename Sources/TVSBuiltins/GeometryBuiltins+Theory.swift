import TVSLanguage
import TaskGeometry

extension GeometryBuiltins {
  /// Expected maxima.
  static let theory: [Builtin] = [
    Builtin(
      "emax", topic: "search", summary: "The expected maximum of n independent standard normal numbers.",
      parameters: [Parameter("n", "integer", help: "how many are drawn, at least 1")], returns: "number",
      details: """
        E_n = ∫ x·n·φ(x)·Φ(x)^(n−1) dx, to ten digits. The best of n random directions with deviation σ a coordinate \
        gains σ·‖gradient‖·E_n to first order, in any dimension. √(2 ln n) is an upper bound, 21 % too high at n = 100.
        """,
      examples: [.init("round(emax(100) * 1e5) / 1e5", shows: "2.50759")], errors: ["E0209"],
      seeAlso: ["spheremax"]
    ) { call in .number(try ExtremeValues.emax(call.integer("n"))) },
    Builtin(
      "spheremax", topic: "search", summary: "The expected maximum of one coordinate of n points on a sphere.",
      parameters: [
        Parameter("n", "integer", help: "how many are drawn, at least 1"),
        Parameter("r", "integer", help: "the dimension of the space around the unit sphere, at least 1"),
      ],
      returns: "number",
      details: """
        1 − ∫ F(t)ⁿ dt with (t+1)/2 ~ Beta((r−1)/2, (r−1)/2), to six digits or better. For perturbations of fixed norm in \
        a subspace of dimension r: emax(n)/√r overstates it when r is small.
        """,
      examples: [.init("round(spheremax(100, 10) * 1e4) / 1e4", shows: "0.7137")], errors: ["E0209"],
      seeAlso: ["emax"]
    ) { call in
      .number(
        try ExtremeValues.spheremax(
          call.integer("n"), call.integer("r")))
    },
  ]
}
