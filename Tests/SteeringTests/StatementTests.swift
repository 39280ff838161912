import Steering
import Testing
import Transformers

@Suite("Statements") struct StatementTests {
  /// The answer to a question, worked out from its text.
  private func truth(_ prompt: String) throws -> Bool {
    let question = prompt.dropFirst("Question: ".count).dropLast("\nAnswer:".count)
    let numbers = question.split { !$0.isNumber }.compactMap { Int($0) }
    let quoted = question.split(separator: "\"").dropFirst().first.map(String.init) ?? ""
    if question.contains(" greater than ") || question.contains(" come after ") { return numbers[0] > numbers[1] }
    if question.contains(" less than ") || question.contains(" the smaller number") { return numbers[0] < numbers[1] }
    if question.contains(" plus ") { return numbers[0] + numbers[1] == numbers[2] }
    if question.contains(" minus ") { return numbers[0] - numbers[1] == numbers[2] }
    if question.contains(" times ") { return numbers[0] * numbers[1] == numbers[2] }
    if question.contains(" twice as much ") { return numbers[0] == 2 * numbers[1] }
    if question.contains(" letters?") { return quoted.count == numbers[0] }
    if question.contains(" the last letter ") {
      return quoted.last == question.dropFirst("Is ".count).first
    }
    let letter = try #require(question.dropLast().last)
    return question.contains(" begin with ") ? quoted.first == letter : quoted.contains(letter)
  }

  @Test("every answer is right, half are yes, and no question comes twice", arguments: [UInt64(0), 1, 77])
  func facts(seed: UInt64) throws {
    let data = try Statements.data(count: 480, seed: seed)
    #expect(data.isPairs && data.records.count == 480 && data.chance == 0.5)
    for record in data.records {
      #expect(try truth(record.prompt) == (record.answer == " yes"), "\(record.prompt)\(record.answer)")
      #expect(Set([record.answer] + record.alternatives) == [" yes", " no"])
    }
    #expect(data.records.count { $0.answer == " yes" } == 240)
    #expect(Set(data.records.map(\.prompt)).count == 480)
  }

  @Test("no template gives the answer away", arguments: Statements.Kind.allCases)
  func balance(kind: Statements.Kind) throws {
    let data = try Statements.data(count: 400, kinds: [kind], seed: 3)
    func template(_ prompt: String) -> String {
      prompt.replacing(/"[a-z]+"/, with: "W").replacing(/\d+/, with: "N").replacing(/\b[a-z]\b/, with: "L")
    }
    let groups = Dictionary(grouping: data.records) { template($0.prompt) }
    #expect(groups.count == 4)
    for (name, records) in groups { #expect(records.count { $0.answer == " yes" } * 2 == records.count, "\(name)") }
  }

  @Test("a seed gives the same statements again, another one others; the limits are errors")
  func seeds() throws {
    let first = try Statements.data(count: 200, seed: 1).records
    #expect(try Statements.data(count: 200, seed: 1).records == first)
    #expect(Set(try Statements.data(count: 200, seed: 2).records).intersection(first).count < 40)
    #expect(try Statements.data(count: Statements.most, seed: 1).records.count == Statements.most)
    #expect(throws: SteeringError.self) { try Statements.data(count: Statements.most, kinds: [.spelling], seed: 1) }
    #expect(throws: SteeringError.self) { try Statements.data(count: 1, seed: 1) }
    #expect(throws: SteeringError.self) { try Statements.data(count: 10, kinds: [], seed: 1) }
  }
}
