import Foundation
import JSON
import Tensors

/// Several safetensors files in one folder and the index that says which array lies in which
/// (`model.safetensors.index.json`).
public struct ShardedSafetensors: WeightFile {
  /// Where the index is.
  public let path: String
  /// What the files hold, file by file in the order of their names.
  public let arrays: [StoredArray]
  /// Names that a file holds and the index does not mention.
  public let surplus: [String]
  private let shards: [SafetensorsWeights]
  private let places: [String: Int32]

  private static let mostNames = 1 << 17
  private static let mostShards = 4096

  /// Maps the files that an index names.
  ///
  /// - Parameter path: of the index.
  /// - Throws: `TensorError`.
  public init(path: String) throws(TensorError) {
    func refuse(_ reason: String) -> TensorError { .malformed(path: path, reason: reason) }
    let map = try Self.weightMap(path)
    let files = Set(map.values).sorted()
    guard files.count <= Self.mostShards else { throw refuse("it names more than \(Self.mostShards) files") }
    for file in files
    where file.isEmpty || file == "." || file.contains("..") || file.contains("/")
      || file.contains("\0")
    {
      throw refuse("\"\(file)\" is not the name of a file beside it")
    }
    let folder = URL(fileURLWithPath: path).deletingLastPathComponent()
    var shards: [SafetensorsWeights] = []
    var arrays: [StoredArray] = []
    var places: [String: Int32] = [:]
    var surplus: [String] = []
    for (index, file) in files.enumerated() {
      let shard = try SafetensorsWeights(path: folder.appendingPathComponent(file).path)
      for array in shard.arrays {
        if let other = places.updateValue(Int32(index), forKey: array.name) {
          throw refuse("\(array.name) is in both \(files[Int(other)]) and \(file)")
        }
        switch map[array.name] {
        case file: break
        case nil: surplus.append(array.name)
        case let stated?: throw refuse("\(array.name) is in \(file), but the index says \(stated)")
        }
      }
      guard places.count <= Self.mostNames else { throw refuse("its files hold more than \(Self.mostNames) arrays") }
      arrays += shard.arrays
      shards.append(shard)
    }
    let missing = map.keys.filter { places[$0] == nil }.sorted()
    if let first = missing.first {
      let others = missing.count == 1 ? "" : " (and \(missing.count - 1) other arrays)"
      throw refuse("\(map[first] ?? "") does not hold \(first)\(others)")
    }
    (self.path, self.arrays, self.surplus, self.shards, self.places) = (path, arrays, surplus, shards, places)
  }

  /// Writes the elements of an array, row-major, as float32.
  public func read(_ array: StoredArray, into target: UnsafeMutablePointer<Float>) throws {
    guard let place = places[array.name] else {
      throw TensorError.malformed(path: path, reason: "it holds no such array as \(array.name)")
    }
    try shards[Int(place)].read(array, into: target)
  }

  private static func weightMap(_ path: String) throws(TensorError) -> [String: String] {
    func refuse(_ reason: String) -> TensorError { .malformed(path: path, reason: reason) }
    let file = try MappedFile(path)
    let document: JSONDocument
    do throws(JSONFault) {
      document = try file.withBytes { bytes throws(JSONFault) in
        try JSONDocument(Array(bytes), limits: .headers)
      }
    } catch { throw refuse(error.message) }
    let maps = document.root.fields.filter { $0.name.string == "weight_map" }
    guard maps.count < 2 else { throw refuse("it has two weight_maps") }
    var map: [String: String] = [:]
    for (key, value) in maps.flatMap({ Array($0.value.fields) }) {
      guard let name = key.string, let shard = value.string else { throw refuse("its weight_map is not all text") }
      guard map.updateValue(shard, forKey: name) == nil else { throw refuse("it names \(name) twice") }
      guard map.count <= mostNames else { throw refuse("it names more than \(mostNames) arrays") }
    }
    guard !map.isEmpty else { throw refuse("it has no weight_map, or an empty one") }
    return map
  }
}
