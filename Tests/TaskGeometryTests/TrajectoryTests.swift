import Foundation
import Tensors
import Testing
import Transformers

@testable import TaskGeometry

@Suite("Trajectories from checkpoints") struct TrajectoryTests {
  /// A run and its positions under names that must be sorted by their numbers.
  private static func recorded() throws -> (run: Run, models: [String: Model]) {
    let run = try recover(tinyModel(), on: tinyTask(), options: TrainingOptions(steps: 24, batch: 8), every: 2)
    let positions = try (0...run.count).map { ("out/checkpoint-\($0 * 2)", try run.position($0)) }
    return (run, Dictionary(uniqueKeysWithValues: positions))
  }

  private static func load(_ models: [String: Model], _ path: String) throws -> Model {
    guard let model = models[path] else { throw TensorError.file(path: path, reason: "there is no such file") }
    return model
  }

  @Test("is the run that was recorded: ends, prefixes, captures, slices")
  func same() throws {
    let (run, models) = try Self.recorded()
    let read = try trajectory(models.keys.sorted()) { try Self.load(models, $0) }
    #expect(read.count == run.count)
    #expect(read.files.first == "out/checkpoint-0" && read.files.last == "out/checkpoint-24")
    #expect(read.start.digest == run.start.digest && read.end.digest == run.end.digest)
    #expect(read.losses.isEmpty && read.seed == nil && read.optimizer == "unknown")
    for k in [1, 4, 12] {
      let (mine, its) = (try read.prefix(k), try run.prefix(k))
      #expect(mine.dimension == its.dimension)
      let (a, b) = (try mine.capture(of: read.displacement()), try its.capture(of: run.displacement()))
      expectClose(a.value, b.value, 1e-6)
      expectClose(try #require(a.chance), try #require(b.chance), 1e-6)
    }
    expectClose(try read.tailCapture(4).value, try run.tailCapture(4).value, 1e-5)
    expectClose(try read.straightness().value, try run.straightness().value, 1e-6)
    let slice = try read.slice(3..<7)
    #expect(slice.files == ["6", "8", "10", "12", "14"].map { "out/checkpoint-\($0)" })
    expectClose(try slice.displacement().norm, try run.slice(3..<7).displacement().norm, 1e-6)
  }

  @Test("steps on the disk give the same bits as steps in memory")
  func spooled() throws {
    let (_, models) = try Self.recorded()
    let inMemory = try trajectory(Array(models.keys)) { try Self.load(models, $0) }
    let onDisk = try trajectory(Array(models.keys), limit: inMemory.start.freeCount * 4) { try Self.load(models, $0) }
    #expect(inMemory.steps.allSatisfy { !$0.isMapped })
    #expect(onDisk.steps.map(\.isMapped) == [false] + Array(repeating: true, count: 11))
    for (one, two) in zip(inMemory.steps, onDisk.steps) { #expect(one.elements == two.elements) }
    let (a, b) = (try inMemory.prefix(5), try onDisk.prefix(5))
    #expect(try a.capture(of: inMemory.displacement()).value == b.capture(of: onDisk.displacement()).value)
    #expect(try inMemory.position(6).digest == onDisk.position(6).digest)
  }

  @Test("base= is θ_0 in the space of the checkpoints, and only beneath them for adapters")
  func base() throws {
    let (run, models) = try Self.recorded()
    let later = models.keys.filter { $0 != "out/checkpoint-0" }
    var loaded = 0
    let read = try trajectory(later, base: run.start) {
      loaded += 1
      return try Self.load(models, $0)
    }
    #expect(read.count == run.count && read.files.first == "base" && loaded == later.count)
    let base = try tinyModel()
    let adapted = try base.adapted(rank: 2, seed: 3)
    let trained = try recover(adapted, on: tinyTask(), options: TrainingOptions(steps: 6, batch: 4))
    let adapters = try Dictionary(uniqueKeysWithValues: (0...6).map { ("a\($0)", try trained.position($0)) })
    let onBase = try trajectory(Array(adapters.keys), base: base) { try Self.load(adapters, $0) }
    #expect(onBase.count == 6 && onBase.start.digest == adapted.digest)
    #expect(try trajectory(["a3", "a6"], base: adapted) { try Self.load(adapters, $0) }.count == 2)
    #expect(throws: GeometryError.self) {
      try trajectory(Array(adapters.keys), base: tinyModel(seed: 9)) { try Self.load(adapters, $0) }
    }
  }

  @Test("a checkpoint of another space is an error that names the two files")
  func mixed() throws {
    let small = try tinyModel()
    let other = try Model(PreNormDecoder(DecoderConfiguration(layers: 1, width: 16, heads: 2, context: 8)), seed: 1)
    let models = ["c1": small, "c2": small, "c3": other]
    #expect(
      throws: GeometryError.differentCheckpoints(
        first: "c2", second: "c3", left: small.parameterSpace, right: other.parameterSpace)
    ) { try trajectory(Array(models.keys)) { try Self.load(models, $0) } }
    #expect(throws: GeometryError.self) { try trajectory([]) { try Self.load(models, $0) } }
    #expect(throws: GeometryError.self) { try trajectory(["c1"]) { try Self.load(models, $0) } }
    #expect(throws: GeometryError.self) { try trajectory(["c1", "c2"], limit: -1) { try Self.load(models, $0) } }
    #expect(throws: TensorError.self) { try trajectory(["c1", "c9"]) { try Self.load(models, $0) } }
  }

  @Test("paths are taken in the order of their numbers, of any length")
  func order() throws {
    func order(_ paths: String...) throws -> [String] { try CheckpointOrder.sorted(paths) }
    #expect(try order("c-10", "c-9", "c-100") == ["c-9", "c-10", "c-100"])
    #expect(try order("r2/c-1", "r1/c-30", "r1/c-4") == ["r1/c-4", "r1/c-30", "r2/c-1"])
    let huge = "c-" + String(repeating: "9", count: 40)
    #expect(try order(huge, "c-0002") == ["c-0002", huge])
    #expect(try order("start", "c-2", "c-10", "end") == ["start", "c-2", "c-10", "end"])
    #expect(throws: GeometryError.self) { try order("c-10", "c-2", "end") }
    #expect(throws: GeometryError.self) { try order("c-1", "c-01") }
    #expect(throws: GeometryError.self) { try order("c-1", "./c-1/") }
    #expect(throws: GeometryError.self) { try order("a", "b", "a") }
  }
}
