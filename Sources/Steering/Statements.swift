import Tensors
import Transformers

/// Yes-or-no questions that are made from facts: comparisons of numbers, arithmetic, spelling.
///
/// Half of each kind are true, and every template is used as often for true statements as for false ones, so that neither
/// the kind nor the wording gives the answer away.
public enum Statements {
  /// What the facts are about.
  public enum Kind: String, Sendable, CaseIterable {
    /// Which of two numbers is the larger one.
    case numbers
    /// Sums, differences and products.
    case arithmetic
    /// Letters of words.
    case spelling
  }

  /// The most statements of one data set.
  public static let most = 2048

  /// Questions with the answers " yes" and " no", in the form in which BoolQ is read.
  ///
  /// - Parameters:
  ///   - count: how many, from 2; no two are alike.
  ///   - kinds: which facts; they take turns.
  ///   - seed: which numbers and words.
  /// - Throws: ``SteeringError/invalidOption(what:value:allowed:)``.
  public static func data(count: Int, kinds: [Kind] = Kind.allCases, seed: UInt64) throws -> PromptData {
    guard (2...most).contains(count) else {
      throw SteeringError.invalidOption(what: "n", value: "\(count)", allowed: "from 2 to 2,048")
    }
    guard !kinds.isEmpty else {
      throw SteeringError.invalidOption(what: "kinds", value: "[]", allowed: "of at least one kind")
    }
    var seen: Set<String> = []
    var records: [PromptRecord] = []
    for index in 0..<count {
      let kind = kinds[index / 2 % kinds.count]
      // Within a kind, each template serves once for a true and once for a false statement.
      let template = index / 2 / kinds.count
      let question = try fresh(kind, template, isTrue: index % 2 == 0, index, of: count, seed, &seen)
      let answers = index % 2 == 0 ? [" yes", " no"] : [" no", " yes"]
      records.append(
        PromptRecord(prompt: "Question: \(question)\nAnswer:", answer: answers[0], alternatives: [answers[1]]))
    }
    let name = Set(kinds).count == Kind.allCases.count ? "statements" : kinds.map(\.rawValue).joined(separator: "+")
    // In the order they were made, true and false would alternate.
    let order = RandomStream(seed: seed, purpose: "statements order").permutation(count)
    return try PromptData(name: "\(name)(\(count))", records: order.map { records[$0] })
  }

  private static func fresh(
    _ kind: Kind, _ template: Int, isTrue: Bool, _ index: Int, of count: Int, _ seed: UInt64, _ seen: inout Set<String>
  ) throws(SteeringError) -> String {
    let stream = RandomStream(seed: seed, purpose: "statements", name: kind.rawValue).substream(UInt64(index))
    for attempt in 0..<1000 {
      let draw = Draw(stream.substream(UInt64(attempt)))
      let question =
        switch kind {
        case .numbers: comparison(template, isTrue, draw)
        case .arithmetic: arithmetic(template, isTrue, draw)
        case .spelling: spelling(template, isTrue, draw)
        }
      if seen.insert(question).inserted { return question }
    }
    throw .invalidOption(
      what: "n", value: "\(count)", allowed: "so low that the facts about \(kind.rawValue) suffice, such as \(index)")
  }

  /// Numbers drawn one after the other.
  private final class Draw {
    private let stream: RandomStream
    private var place: UInt64 = 0

    init(_ stream: RandomStream) { self.stream = stream }

    func callAsFunction(_ range: ClosedRange<Int>) -> Int {
      defer { place += 1 }
      return range.lowerBound + stream.integer(at: place, below: range.count)
    }

    func element<Element>(_ list: [Element]) -> Element { list[self(0...(list.count - 1))] }
  }

  // MARK: - Facts

  private static func comparison(_ template: Int, _ isTrue: Bool, _ draw: Draw) -> String {
    let low = draw(2...980)
    let high = low + draw(1...min(60, 999 - low))
    let (right, wrong) = ((high, low), (low, high))
    switch template % 4 {
    case 0:
      let (a, b) = isTrue ? right : wrong
      return "Is \(a) greater than \(b)?"
    case 1:
      let (a, b) = isTrue ? wrong : right
      return "Is \(a) less than \(b)?"
    case 2:
      let (a, b) = isTrue ? right : wrong
      return "Does \(a) come after \(b) when you count upwards?"
    default:
      let (a, b) = isTrue ? wrong : right
      return "Between \(a) and \(b), is \(a) the smaller number?"
    }
  }

  private static func arithmetic(_ template: Int, _ isTrue: Bool, _ draw: Draw) -> String {
    let miss = isTrue ? 0 : draw.element([-10, -3, -2, -1, 1, 2, 3, 10])
    switch template % 4 {
    case 0:
      let (a, b) = (draw(11...89), draw(11...89))
      return "Is \(a) plus \(b) equal to \(a + b + miss)?"
    case 1:
      let (a, b) = (draw(50...99), draw(11...39))
      return "Is \(a) minus \(b) equal to \(a - b + miss)?"
    case 2:
      let (a, b) = (draw(4...19), draw(3...12))
      return "Is \(a) times \(b) equal to \(a * b + miss)?"
    default:
      let a = draw(11...499)
      return "Is \(2 * a + miss) twice as much as \(a)?"
    }
  }

  private static func spelling(_ template: Int, _ isTrue: Bool, _ draw: Draw) -> String {
    let word = draw.element(words)
    let letters = Array(word)
    func other(than taken: [Character]) -> Character {
      draw.element(Array("abcdefghilmnoprstuwy").filter { !taken.contains($0) })
    }
    switch template % 4 {
    case 0:
      let letter = isTrue ? draw.element(letters) : other(than: letters)
      return "Does the word \"\(word)\" contain the letter \(letter)?"
    case 1: return "Does the word \"\(word)\" begin with the letter \(isTrue ? letters[0] : other(than: [letters[0]]))?"
    case 2:
      let last = letters[letters.count - 1]
      return "Is \(isTrue ? last : other(than: [last])) the last letter of the word \"\(word)\"?"
    default:
      let count = letters.count + (isTrue ? 0 : draw.element([-2, -1, 1, 2]))
      return "Does the word \"\(word)\" have \(count) letters?"
    }
  }

  private static let words = """
    apple anchor autumn basket bottle bridge butter candle carpet castle cherry circle copper corner cotton desert dinner \
    doctor dragon engine escape fabric family finger flower forest garden ginger guitar hammer harbor helmet island jacket \
    jungle kettle kitchen ladder lemon letter library magnet market meadow mirror monkey mountain music needle number ocean \
    orange palace paper parrot pencil pepper picture pillow planet pocket potato purple rabbit river rocket saddle salmon \
    school shadow silver singer sister spider spring square station stone summer table teacher thunder ticket tiger tomato \
    travel turtle uncle valley velvet village violin wagon water weather whale window winter wizard yellow zebra
    """.split(separator: " ").map(String.init)
}
