import Foundation
import Testing

@testable import Tensors

extension TensorsRoom {
  @Suite("Files")
  struct FileTests {
    private static let references = TensorsRoom.TensorReferenceTests.folder
    private let scratch: URL

    init() throws {
      scratch = FileManager.default.temporaryDirectory.appendingPathComponent("tvs-files-\(UUID().uuidString)")
      try FileManager.default.createDirectory(at: scratch, withIntermediateDirectories: true)
    }

    private func reference(_ name: String) -> String { Self.references.appendingPathComponent(name).path }
    private func path(_ name: String) -> String { scratch.appendingPathComponent(name).path }
    private var grid: Tensor { get throws { try Tensor((0..<12).map { Double($0) / 8 }, shape: [3, 4]) } }

    @Test("what NumPy wrote is read, in every element type and order")
    func readNumpy() throws {
      for name in ["float64", "fortran", "big-endian"] {
        #expect(try NumpyFile.read(reference("\(name).npy")).isIdentical(to: grid))
      }
      #expect(try NumpyFile.read(reference("float32.npy")).isIdentical(to: grid.converted(to: .float32)))
      let half = try NumpyFile.read(reference("float16.npy"))
      #expect(half.dtype == .float32)
      #expect(half.doubles == [0, -0.5, 65504, 0x1p-24, .infinity])
      #expect(try NumpyFile.read(reference("int32.npy")).doubles == [1, -2, 3, 4])
      let mask = try NumpyFile.read(reference("bool.npy"))
      #expect(mask.isMask && mask.doubles == [1, 0, 1])
      #expect(try NumpyFile.read(reference("scalar.npy")).shape.isEmpty)
      let stored = try NumpyArchive.read(reference("stored.npz"))
      #expect(stored.map(\.name) == ["grid", "line"])
      #expect(try stored[0].tensor.isIdentical(to: grid))
      let deflated = try NumpyArchive.read(reference("deflated.npz"))
      #expect(deflated[0].tensor.shape == [60, 4])
      #expect(try deflated[0].tensor.doubles == (0..<20).flatMap { _ in try grid.doubles })
      #expect(deflated[1].tensor.count == 500)
      let contents = try SafetensorsFile.read(reference("numpy.safetensors"))
      let tensors = Dictionary(uniqueKeysWithValues: contents.tensors.map { ($0.name, $0.tensor) })
      #expect(contents.metadata == ["made": "by \"numpy\""])
      #expect(try tensors["w"]?.isIdentical(to: grid.converted(to: .float32)) == true)
      #expect(tensors["b"]?.doubles == [1, 2])
      #expect(tensors["steps"]?.doubles == [7])
    }

    @Test("what is written reads back bit for bit, and the same tensors give the same bytes")
    func roundTrips() throws {
      let awkward = try Tensor([0.1, -0.0, 0x1p-1030, .infinity, 1.0 / 3], shape: [5])
      let single = try grid.converted(to: .float32)
      let mask = try grid.compared(.greater, Tensor(scalar: 0.5))
      for tensor in [awkward, single, mask, try Tensor(scalar: 3), try Tensor(repeating: 0, shape: [0, 2])] {
        try NumpyFile.write(tensor, to: path("x.npy"))
        #expect(try NumpyFile.read(path("x.npy")).isIdentical(to: tensor))
      }
      let several = [(name: "a/b", tensor: awkward), (name: "mask", tensor: mask), (name: "w \"q\"", tensor: single)]
      try NumpyArchive.write(several, to: path("x.npz"))
      try SafetensorsFile.write(several, metadata: ["k": "line\nbreak"], to: path("x.safetensors"))
      for found in [try NumpyArchive.read(path("x.npz")), try SafetensorsFile.read(path("x.safetensors")).tensors] {
        #expect(found.map(\.name) == several.map(\.name))
        #expect(zip(found, several).allSatisfy { $0.tensor.isIdentical(to: $1.tensor) })
      }
      #expect(try SafetensorsFile.read(path("x.safetensors")).metadata == ["k": "line\nbreak"])
      try NumpyArchive.write(several, to: path("y.npz"))
      #expect(try FileAccess.read(path("x.npz")) == FileAccess.read(path("y.npz")))
      try DelimitedText.write(awkward, separator: ",", to: path("x.csv"))
      #expect(try DelimitedText.tensor(DelimitedText.read(path("x.csv"), separator: ","))?.doubles == awkward.doubles)
    }

    @Test("text tables keep quotes, separators and line breaks")
    func delimited() throws {
      let rows = [["name", "say \"hi\", twice"], ["", "two\nlines"], ["ｆ", "Δ"]]
      try DelimitedText.write(rows, separator: ",", to: path("t.csv"))
      #expect(try DelimitedText.read(path("t.csv"), separator: ",") == rows)
      #expect(
        try DelimitedText.rows(of: "\u{FEFF}a\tb\r\n1\t2\r\n", separator: "\t", path: "") == [["a", "b"], ["1", "2"]])
      #expect(throws: TensorError.self) { try DelimitedText.rows(of: "\"open", separator: ",", path: "") }
      #expect(try DelimitedText.tensor([["1", "x"]]) == nil)
    }

    @Test("a damaged or missing file is an error that names it, and a failed write leaves nothing behind")
    func failures() throws {
      #expect(throws: TensorError.file(path: path("no.npy"), reason: "there is no such file")) {
        try NumpyFile.read(path("no.npy"))
      }
      #expect(throws: TensorError.file(path: scratch.path, reason: "it is a folder")) {
        try NumpyFile.read(scratch.path)
      }
      // Every prefix of a good file, and every file with one byte changed, is read or refused, never worse.
      for name in ["float64.npy", "stored.npz", "deflated.npz", "numpy.safetensors"] {
        let whole = try Data(contentsOf: URL(fileURLWithPath: reference(name)))
        for position in stride(from: 0, to: whole.count, by: max(1, whole.count / 200)) {
          var changed = whole
          changed[position] ^= 0xFF
          for damaged in [whole.prefix(position), changed] {
            let place = path("damaged.\(name.split(separator: ".").last ?? "")")
            try Data(damaged).write(to: URL(fileURLWithPath: place))
            do {
              switch name.split(separator: ".").last {
              case "npy": _ = try NumpyFile.read(place)
              case "npz": _ = try NumpyArchive.read(place)
              default: _ = try SafetensorsFile.read(place)
              }
            } catch { #expect(error is TensorError) }
          }
        }
      }
      #expect(throws: TensorError.self) { try NumpyFile.write(grid, to: path("nowhere/x.npy")) }
      struct Stop: Error {}
      #expect(throws: Stop.self) {
        try FileAccess.write(path("half.npy")) {
          try $0.write("half")
          throw Stop()
        }
      }
      #expect(try FileManager.default.contentsOfDirectory(atPath: scratch.path).allSatisfy { $0.hasPrefix("damaged") })
    }
  }
}
