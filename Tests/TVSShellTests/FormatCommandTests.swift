import Foundation
import Testing

@testable import TVSShell

@Suite("tvs fmt and --max-memory")
struct FormatCommandTests {
  @Test("fmt writes scripts in their form; --check only names those that are not, with status 1")
  func format() throws {
    let scratch = try Scratch()
    try scratch.write("a.tvs", "x=1   # one\nif x>0{print( x )}\n")
    try scratch.write("b.tvs", "y = 2\n")
    let check = try Piped.run(["fmt", "--check", "a.tvs", "b.tvs"], folder: scratch.folder)
    #expect(check.status == 1)
    #expect(check.output == "a.tvs is not in form; tvs fmt a.tvs would write it\n")
    let write = try Piped.run(["fmt", "a.tvs", "b.tvs"], folder: scratch.folder)
    #expect(write.status == 0)
    #expect(write.output == "formatted a.tvs\n")
    let again = try Piped.run(["fmt", "--check", "a.tvs", "b.tvs"], folder: scratch.folder)
    #expect(again.status == 0)
    #expect(again.output.isEmpty)
    #expect(
      try Piped.run(["-e", "print(read(\"a.tvs\"))"], folder: scratch.folder).output
        == "x = 1   # one\nif x > 0 { print(x) }\n\n")
  }

  @Test("fmt leaves a script with errors alone and shows them")
  func broken() throws {
    let scratch = try Scratch()
    try scratch.write("a.tvs", "x = (1\n")
    let result = try Piped.run(["fmt", "a.tvs"], folder: scratch.folder)
    #expect(result.status == 1)
    #expect(result.errors.contains("error[E0102]") && result.errors.contains("a.tvs:1:"))
    let missing = try Piped.run(["fmt", "none.tvs"], folder: scratch.folder)
    #expect(missing.status == 1)
    #expect(missing.errors.contains("none.tvs"))
  }

  @Test("--max-memory stops what would take more with an error")
  func memory() throws {
    let large = try Piped.run(["--max-memory", "300M", "-e", "xs = [1]; while true { xs += xs }"])
    #expect(large.status == 1)
    #expect(large.errors.contains("error[E0401]") && large.errors.contains("--max-memory"))
    let tensor = try Piped.run(["--max-memory", "300M", "-e", "zeros(100_000_000)"])
    #expect(tensor.status == 1)
    #expect(tensor.errors.contains("error[E0401]"))
    #expect(try Piped.run(["--max-memory", "2G", "-e", "1 + 1"]).output == "2\n")
    #expect(try Piped.run(["--max-memory", "two", "-e", "1"]).status == 2)
  }

  @Test("Sizes are read as people write them")
  func sizes() {
    #expect(Program.bytes(of: "512M") == 512 << 20)
    #expect(Program.bytes(of: "1.5GiB") == 3 << 29)
    #expect(Program.bytes(of: "2gb") == 2 << 30)
    #expect(Program.bytes(of: "4096") == 4096)
    for text in ["", "M", "-1G", "2 gallons", "1e30", "nan"] { #expect(Program.bytes(of: text) == nil, "\(text)") }
  }
}
