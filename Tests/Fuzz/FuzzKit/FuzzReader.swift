import Foundation

/// One reader of files that nobody vouches for, and what to feed it.
public struct FuzzReader: Sendable {
  /// Its name on the command line.
  public let name: String
  /// The name that an input has on disk.
  public let fileName: String
  /// Which part of an input is text with a length before it, so that a mutation can keep the two in step.
  public let structure: Structure
  /// Sound files to start from.
  public let seeds: @Sendable () throws -> [[UInt8]]
  /// Files that lie beside the input.
  public let companions: [String]
  /// Files made to do harm, with what is wrong with them. Each must be refused.
  public let hostile: @Sendable () -> [(fault: String, bytes: [UInt8])]
  /// Reads a file and everything in it, or throws an error that names it.
  public let read: @Sendable (_ path: String) throws -> Void

  /// Describes a reader.
  public init(
    _ name: String, fileName: String, structure: Structure = .plain, companions: [String] = [],
    seeds: @escaping @Sendable () throws -> [[UInt8]],
    hostile: @escaping @Sendable () -> [(fault: String, bytes: [UInt8])] = { [] },
    read: @escaping @Sendable (_ path: String) throws -> Void
  ) {
    (self.name, self.fileName, self.structure, self.companions) = (name, fileName, structure, companions)
    (self.seeds, self.hostile, self.read) = (seeds, hostile, read)
  }

  /// The form of a file.
  public enum Structure: Sendable {
    /// Bytes.
    case plain
    /// Text.
    case text
    /// Eight bytes of length, that much text, bytes.
    case prefixedText
  }

  /// What became of an input.
  public enum Outcome: Sendable {
    /// It was read.
    case loaded
    /// It was refused, with this message.
    case refused(String)
  }

  /// Makes a folder with the companions in it.
  public func prepare(_ folder: URL) throws {
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    for name in companions {
      try Data(References.bytes(name)).write(
        to: folder.appendingPathComponent(URL(fileURLWithPath: name).lastPathComponent))
    }
  }

  /// Writes an input to the folder and reads it. A refusal that does not name a file of the folder is an error.
  public func run(_ bytes: [UInt8], in folder: URL) throws -> Outcome {
    let path = folder.appendingPathComponent(fileName).path
    try Data(bytes).write(to: URL(fileURLWithPath: path))
    do {
      try read(path)
      return .loaded
    } catch {
      let message = "\(error)"
      guard message.contains(folder.lastPathComponent) else { throw Nameless(message: message) }
      return .refused(message.replacingOccurrences(of: folder.path, with: ""))
    }
  }

  /// An error that does not say which file it is about.
  public struct Nameless: Error {
    /// What it says.
    public let message: String
  }
}

/// The small files that scripts/references made.
public enum References {
  /// The folder of tests.
  private static let tests = URL(fileURLWithPath: #filePath).appendingPathComponent("../../..").standardizedFileURL

  /// The bytes of a file of `ModelFilesTests/References`, or of another room's.
  public static func bytes(_ name: String, room: String = "ModelFilesTests") throws -> [UInt8] {
    try [UInt8](Data(contentsOf: tests.appendingPathComponent("\(room)/References/\(name)")))
  }
}
