import TVSBuiltins
import TVSLanguage
import Testing

@Suite("Records of builtins")
struct CoreRecordsTests {
  @Test("Every example of every record runs and shows what it says", arguments: Library.all.map(\.name))
  func examples(name: String) throws {
    let builtin = try #require(Library.all.first { $0.name == name })
    #expect(!builtin.examples.isEmpty, "\(name) has no example")
    for example in builtin.examples {
      let output = CollectedOutput()
      if let mismatch = ScriptExpectations.mismatch(of: example, session(output), output) {
        Issue.record("\(name): \(mismatch)")
      }
    }
  }

  @Test("Every record says what it does, what its parameters are and where to read on")
  func completeness() {
    let names = Set(Library.all.map(\.name))
    #expect(names.count == Library.all.count, "two records share a name")
    for builtin in Library.all {
      #expect(
        builtin.summary.hasSuffix(".") && builtin.summary.first?.isUppercase ?? false,
        "\(builtin.name): \(builtin.summary)")
      #expect(!builtin.topic.isEmpty)
      #expect(builtin.parameters.count < 64)
      for parameter in builtin.parameters { #expect(!parameter.help.isEmpty, "\(builtin.name): \(parameter.name)") }
      for code in builtin.errors {
        #expect(ErrorCode.all.contains { $0.description == code }, "\(builtin.name) names \(code)")
      }
    }
  }

  @Test("The names of the core are all there")
  func vocabulary() {
    let names = Set(Library.all.map(\.name))
    let wanted = """
      print help type len range map filter reduce sort zip enumerate reverse any all min max sum abs sqrt exp log sin cos \
      tan floor ceil round string number split join replace trim upper lower contains startswith endswith keys values \
      assert error time seed exit read write json tojson same provenance exists glob mean std var median dot norm tanh \
      sigmoid
      """
    for name in wanted.split(separator: " ") { #expect(names.contains(String(name)), "\(name)") }
  }
}
