import CKernels
import Foundation

/// NumPy's `.npz`: a ZIP archive with one `.npy` a name. Stored and deflated entries are read, stored ones written.
public enum NumpyArchive {
  /// Reads the tensors in the order of the archive.
  ///
  /// - Throws: ``TensorError``.
  public static func read(_ path: String) throws -> [(name: String, tensor: Tensor)] {
    let archive = try ZipArchive(path)
    return try archive.members.map { member in
      let name = member.name.hasSuffix(".npy") ? String(member.name.dropLast(4)) : member.name
      return (name, try NumpyFile.decode(archive.contents(of: member), path: "\(path)/\(member.name)"))
    }
  }

  /// Writes tensors under their names.
  ///
  /// - Throws: ``TensorError/file(path:reason:)`` when an entry or the archive exceeds the 4 GB of a plain ZIP,
  ///   `Interrupted`.
  public static func write(_ tensors: [(name: String, tensor: Tensor)], to path: String) throws {
    try FileAccess.write(path) { sink in
      var directory: [UInt8] = []
      for (name, tensor) in tensors {
        let offset = sink.count
        let file = Array("\(name).npy".utf8)
        let header = NumpyFile.header(of: tensor)
        let mask = tensor.isMask ? tensor.doubles.map { $0 == 0 ? UInt8(0) : 1 } : nil
        let size = header.count + (mask?.count ?? tensor.count * tensor.dtype.width)
        guard size + offset < UInt32.max, file.count < UInt16.max, tensors.count < UInt16.max else {
          throw TensorError.file(path: path, reason: "a .npz holds at most 4 GB; save as .safetensors")
        }
        var crc = tvs_crc32(0, header, header.count)
        if let mask {
          crc = tvs_crc32(crc, mask, mask.count)
        } else {
          crc = tensor.withBytes { tvs_crc32(crc, $0.bindMemory(to: UInt8.self).baseAddress, $0.count) }
        }
        // Version 2.0, no flags, stored, the first of January 1980: the same tensors give the same bytes.
        let common =
          little(UInt16(20)) + little(UInt16(0)) + little(UInt16(0)) + little(UInt16(0))
          + little(UInt16(33)) + little(crc) + little(UInt32(size)) + little(UInt32(size))
          + little(UInt16(file.count)) + little(UInt16(0))
        try sink.write(little(UInt32(0x0403_4b50)) + common + file)
        try sink.write(header)
        if let mask { try sink.write(mask) } else { try tensor.withBytes { try sink.write($0) } }
        directory +=
          little(UInt32(0x0201_4b50)) + little(UInt16(20)) + common + little(UInt16(0)) + little(UInt16(0))
          + little(UInt16(0)) + little(UInt32(0)) + little(UInt32(offset)) + file
      }
      let start = sink.count
      try sink.write(directory)
      let entries = little(UInt16(tensors.count))
      try sink.write(
        little(UInt32(0x0605_4b50)) + little(UInt32(0)) + entries + entries + little(UInt32(directory.count))
          + little(UInt32(start)) + little(UInt16(0)))
    }
  }

  private static func little<Number: FixedWidthInteger>(_ number: Number) -> [UInt8] {
    withUnsafeBytes(of: number.littleEndian) { Array($0) }
  }
}
