/// What ranks tell each other while work is shared out.
enum Message: Portable {
  /// To rank 0: a rank has come to step number `step`, which it calls `name`.
  case entered(step: Int, name: String)
  /// To rank 0: results, one after the other, and the wish for more. `seconds` is what they took.
  case results(step: Int, seconds: Double, items: [UInt8])
  /// To rank 0: item `index` failed; nil for an interruption. `outcome` is the failure.
  case failed(step: Int, index: Int?, outcome: [UInt8])
  /// From rank 0: the next items.
  case chunk([Int])
  /// From rank 0: there is nothing left.
  case done

  func write(to sink: inout ByteSink) {
    switch self {
    case .entered(let step, let name):
      sink.write(UInt8(0))
      step.write(to: &sink)
      name.write(to: &sink)
    case .results(let step, let seconds, let items):
      sink.write(UInt8(1))
      step.write(to: &sink)
      seconds.write(to: &sink)
      sink.write(raw: items)
    case .failed(let step, let index, let outcome):
      sink.write(UInt8(2))
      step.write(to: &sink)
      index.write(to: &sink)
      sink.write(raw: outcome)
    case .chunk(let items):
      sink.write(UInt8(3))
      sink.write(UInt32(items.count))
      for item in items { sink.write(UInt32(item)) }
    case .done: sink.write(UInt8(4))
    }
  }

  init(from source: inout ByteSource) throws(WorkerError) {
    switch try source.integer(UInt8.self) {
    case 0: self = .entered(step: try Int(from: &source), name: try String(from: &source))
    case 1:
      let (step, seconds) = (try Int(from: &source), try Double(from: &source))
      self = .results(step: step, seconds: seconds, items: Array(try source.raw(source.left)))
    case 2:
      let (step, index) = (try Int(from: &source), try Int?(from: &source))
      self = .failed(step: step, index: index, outcome: Array(try source.raw(source.left)))
    case 3: self = .chunk(try [Int32](from: &source).map { Int(UInt32(bitPattern: $0)) })
    case 4: self = .done
    default: throw .malformed
    }
  }
}
