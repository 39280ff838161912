/// Leaves out what cannot be seen at the resolution of a picture.
public enum Thinning {
  /// The positions of a line that are enough to draw it as all of it would be drawn: of each column of pixels the first,
  /// the least, the largest and the last (Jugel et al., M4: A Visualization-Oriented Time Series Data Aggregation, VLDB
  /// 2014).
  ///
  /// - Parameters:
  ///   - x: places from 0 to 1; those of a line that runs back and forth are thinned only where points coincide.
  ///   - y: places from 0 to 1.
  ///   - columns: pixels across.
  ///   - rows: pixels up.
  public static func line(_ x: ArraySlice<Double>, _ y: ArraySlice<Double>, columns: Int, rows: Int) -> [Int] {
    guard x.count > 4 * columns, columns > 0, rows > 0 else { return Array(x.indices) }
    let isSorted = zip(x, x.dropFirst()).allSatisfy { $0 <= $1 }
    return isSorted ? columnExtremes(x, y, columns) : distinct(x, y, columns, rows)
  }

  private static func columnExtremes(_ x: ArraySlice<Double>, _ y: ArraySlice<Double>, _ columns: Int) -> [Int] {
    var kept: [Int] = []
    var (column, first, last, least, largest) = (Int.min, 0, 0, 0, 0)
    func flush() {
      guard column != Int.min else { return }
      for index in [first, min(least, largest), max(least, largest), last] where kept.last.map({ $0 < index }) ?? true {
        kept.append(index)
      }
    }
    for index in x.indices {
      let here = cell(x[index], columns)
      if here != column {
        flush()
        (column, first, last, least, largest) = (here, index, index, index, index)
      } else {
        last = index
        if y[index] < y[least] { least = index }
        if y[index] > y[largest] { largest = index }
      }
    }
    flush()
    return kept
  }

  private static func distinct(_ x: ArraySlice<Double>, _ y: ArraySlice<Double>, _ columns: Int, _ rows: Int) -> [Int] {
    var kept: [Int] = []
    var before = (Int.min, Int.min)
    for index in x.indices {
      let here = (cell(x[index], columns * 2), cell(y[index], rows * 2))
      if here != before || index == x.endIndex - 1 { kept.append(index) }
      before = here
    }
    return kept
  }

  /// The positions of points of which no two lie in one cell of the picture, with the extremes among them.
  public static func points(_ x: [Double], _ y: [Double], columns: Int, rows: Int) -> [Int] {
    guard x.count > 4 * columns, columns > 0, rows > 0, columns <= 1 << 14, rows <= 1 << 14 else {
      return Array(x.indices)
    }
    // The extremes first, so that a neighbour in their cell cannot take their place.
    var order: [Int] = []
    for numbers in [x, y] {
      if let least = numbers.indices.min(by: { numbers[$0] < numbers[$1] }) { order.append(least) }
      if let largest = numbers.indices.max(by: { numbers[$0] < numbers[$1] }) { order.append(largest) }
    }
    var taken = [Bool](repeating: false, count: columns * rows)
    var kept: Set<Int> = []
    kept.reserveCapacity(columns * rows)
    func take(_ index: Int) {
      let place = cell(y[index], rows) * columns + cell(x[index], columns)
      if !taken[place] {
        taken[place] = true
        kept.insert(index)
      }
    }
    // Extremes are kept even where two of them share a cell.
    kept.formUnion(order)
    order.forEach(take)
    x.indices.forEach(take)
    return kept.sorted()
  }

  private static func cell(_ place: Double, _ count: Int) -> Int {
    place.isFinite ? min(max(Int((min(max(place, -1), 2) * Double(count)).rounded(.down)), 0), count - 1) : 0
  }
}
