/// Files made to do harm: sizes at which arithmetic overflows, places outside the file, depth, duplicates.
enum HostileWeights {
  typealias Case = (fault: String, bytes: [UInt8])

  private static func little<Number: FixedWidthInteger>(_ number: Number) -> [UInt8] {
    withUnsafeBytes(of: number.littleEndian) { Array($0) }
  }

  private static let nest = String(repeating: "[", count: 100_000)
  private static let sizes: [UInt64] = [1 << 31, 1 << 32, 1 << 40, 1 << 62, 1 << 63, .max - 7, .max]

  // MARK: - safetensors

  static var safetensors: [Case] {
    func file(_ header: String, data: Int = 8) -> [UInt8] {
      little(UInt64(header.utf8.count)) + Array(header.utf8) + [UInt8](repeating: 0, count: data)
    }
    func one(_ type: String, _ shape: String, _ range: String) -> [UInt8] {
      file("{\"a\":{\"dtype\":\"\(type)\",\"shape\":\(shape),\"data_offsets\":\(range)}}")
    }
    let good = "\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}"
    func second(_ range: String, name: String = "b") -> [UInt8] {
      file("{\(good),\"\(name)\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":\(range)}}")
    }
    var cases: [Case] = sizes.map { ("header length \($0)", little($0) + Array("{}".utf8)) }
    cases += [3, 4, 1000].map { ("header longer than the file", little(UInt64($0)) + Array("{}".utf8)) }
    cases += [("nothing", []), ("seven bytes", [UInt8](repeating: 0, count: 7)), ("no header", little(UInt64(0)))]
    cases += ["[0,1]", "[1,5]", "[0,4]", "[2,6]"].map { ("overlap \($0)", second($0)) }
    cases += ["[5,9]", "[100,104]", "[4,12]"].map { ("hole or past the end \($0)", second($0)) }
    cases += [
      ("duplicate", second("[4,8]", name: "a")), ("bytes of no array", one("F32", "[1]", "[0,4]")),
      ("reversed", one("F32", "[1]", "[8,4]")), ("one offset", one("F32", "[1]", "[0]")),
      ("three offsets", one("F32", "[1]", "[0,4,8]")), ("empty data", file("{}")),
    ]
    for size in sizes {
      cases.append(("shape \(size)", one("F32", "[\(size)]", "[0,8]")))
      cases.append(("shape \(size) twice", one("F32", "[\(size),\(size)]", "[0,0]")))
      cases.append(
        (
          "shape \(size) and 0",
          file("{\"a\":{\"dtype\":\"F32\",\"shape\":[0,\(size),\(size),\(size)],\"data_offsets\":[0,0]}}", data: 0)
        ))
      cases.append(("end \(size)", one("U8", "[8]", "[0,\(size)]")))
      cases.append(("begin \(size)", one("U8", "[8]", "[\(size),\(size)]")))
    }
    for text in ["[-1]", "[-2,-1]", "[2.0]", "[1e1]", "[\"2\"]", "2", "null", "[2,]", "[02]", "[[2]]", "{}"] {
      cases.append(("shape \(text)", one("F32", text, "[0,8]")))
      cases.append(("offsets \(text)", one("F32", "[2]", text)))
    }
    cases += ["F31", "", "f32", "Q4_0", "F8_E4M3", "C64"].map { ("type \($0)", one($0, "[2]", "[0,8]")) }
    for header in [
      nest, "{\"a\":\(nest)", "{\"a\":{\"x\":\(nest)", "{\"__metadata__\":\(nest)", "{\"__metadata__\":{\"a\":\(nest)",
      String(repeating: "{\"a\":", count: 50_000), "", "{", "}", "[]", "null", "{\"a\"}", "{\"a\":}", "{\"a\":{}}",
      "{,}",
      "{\"a\":[]}", "{\(good)", "{\(good),}", "{\(good)} x", "\"", "{\"\\ud800\":1}", "{\"\\u12\":1}", "{\"a\u{1}\":1}",
      "{\"__metadata__\":{\"a\":1},\(good)}", "{\"__metadata__\":{\"a\":\"\",\"a\":\"\"},\(good)}",
      "{\"a\":{\"dtype\":\"F32\",\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}}",
      "{\"a\":{\"dtype\":\"F32\",\"shape\":[\(String(repeating: "1,", count: 100_000))1],\"data_offsets\":[0,4]}}",
    ] {
      cases.append(("header \(header.prefix(40))", file(header, data: 4)))
    }
    cases.append(
      ("a name that is not UTF-8", little(UInt64(6)) + Array("{\"".utf8) + [0xFF, 0xFE] + Array("\":".utf8)))
    return cases
  }

  // MARK: - The index

  static var index: [Case] {
    let (first, second) = ("model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors")
    func map(_ pairs: String) -> [UInt8] { Array("{\"weight_map\":{\(pairs)}}".utf8) }
    var cases: [Case] = [
      "../\(first)", "/etc/passwd", "a/\(first)", "..", ".", "", "no.safetensors", "\\u0000", "a\\u0000b", "./\(first)",
      "input.index.json", "~/\(first)", "..\\\\x", "\(first)/", String(repeating: "x", count: 5000),
    ].map { ("file \($0.prefix(40))", map("\"a.weight\":\"\($0)\"")) }
    cases += [
      ("no such array", map("\"z\":\"\(first)\"")), ("the other shard", map("\"a.weight\":\"\(second)\"")),
      ("twice", map("\"a.weight\":\"\(first)\",\"a.weight\":\"\(first)\"")), ("no pairs", map("")),
      ("the wrong shard", map("\"a.weight\":\"\(first)\",\"b.weight\":\"\(second)\"")),
      ("a number", map("\"a.weight\":1")), ("an array", map("\"a.weight\":[\"\(first)\"]")),
      ("not UTF-8", Array("{\"weight_map\":{\"".utf8) + [0xC0, 0x80] + Array("\":\"x\"}}".utf8)),
    ]
    let good = "\"weight_map\":{\"a.weight\":\"\(first)\"}"
    for text in [
      "", "{", "{}", "[]", "null", nest, "{\"x\":\(nest)", "{\"weight_map\":\(nest)", "{\"weight_map\":[]}",
      "{\"weight_map\":null}", "{\(good),\(good)}", "{\(good)", "{\(good)}}", "{\(good),}",
      "{\(good),\"metadata\":\(nest)}",
      "{\(good),\"metadata\":01}", "{\(good),\"metadata\":tru}", "{\(good),\"metadata\":+1}",
      "{\(good),\"metadata\":\"}",
      "{\(good),\"metadata\":{\"a\" 1}}", "{\(good),\"metadata\":[1 2]}", String(repeating: "{\"a\":", count: 50_000),
    ] { cases.append(("document \(text.prefix(40))", Array(text.utf8))) }
    return cases
  }

  // MARK: - GGUF

  static var gguf: [Case] {
    func text(_ text: String) -> [UInt8] { little(UInt64(text.utf8.count)) + Array(text.utf8) }
    func file(version: UInt32 = 3, arrays: UInt64 = 0, entries: UInt64 = 0, _ rest: [UInt8] = []) -> [UInt8] {
      Array("GGUF".utf8) + little(version) + little(arrays) + little(entries) + rest
    }
    func tensor(_ shape: [UInt64], named name: String = "a", type: UInt32 = 0, offset: UInt64 = 0) -> [UInt8] {
      text(name) + little(UInt32(shape.count)) + shape.flatMap { little($0) } + little(type) + little(offset)
    }
    func array(_ type: UInt32, _ count: UInt64, _ rest: [UInt8] = []) -> [UInt8] {
      file(entries: 1, text("k") + little(UInt32(9)) + little(type) + little(count) + rest)
    }
    let room = [UInt8](repeating: 0, count: 256)
    var cases: [Case] = [0, 1, 4, 1 << 24, 2 << 24, 3 << 24, .max].map { ("version \($0)", file(version: $0)) }
    cases += [("nothing", []), ("its name only", Array("GGUF".utf8)), ("another name", Array("GGML".utf8) + room)]
    for size in sizes {
      cases.append(("\(size) tensors", file(arrays: size, room)))
      cases.append(("\(size) entries", file(entries: size, room)))
      cases.append(("a key of \(size) bytes", file(entries: 1, little(size) + room)))
      cases.append(("a string of \(size) bytes", file(entries: 1, text("k") + little(UInt32(8)) + little(size) + room)))
      for type: UInt32 in [0, 4, 6, 7, 8, 9, 10, 12] {
        cases.append(("array of \(size) of \(type)", array(type, size, room)))
      }
      cases.append(("array of a string of \(size)", array(8, 2, text("x") + little(size) + room)))
      cases.append(("a name of \(size) bytes", file(arrays: 1, little(size) + room)))
      cases.append(("an axis of \(size)", file(arrays: 1, tensor([size]) + room)))
      cases.append(("axes of \(size)", file(arrays: 1, tensor([size, size]) + room)))
      cases.append(("axes of \(size) and 0", file(arrays: 1, tensor([0, size, size, size]) + room)))
      cases.append(("Q4_0 of \(size)", file(arrays: 1, tensor([32, size], type: 2) + room)))
      cases.append(("begins at \(size)", file(arrays: 1, tensor([1], offset: size) + room)))
    }
    cases += [9, 10, 15, 16, 99, .max].map { ("type \($0)", file(arrays: 1, tensor([256], type: $0) + room)) }
    cases += [13, 99, .max].map {
      ("metadata of type \($0)", file(entries: 1, text("k") + little($0 as UInt32) + room))
    }
    for alignment: UInt32 in [0, 1, 4, 3, 33, 1 << 31, .max] {
      let entry = text("general.alignment") + little(UInt32(4)) + little(alignment)
      cases.append(("alignment \(alignment)", file(entries: 1, entry + room)))
    }
    let entry = text("k") + little(UInt32(0)) + [1]
    cases += [
      ("alignment as text", file(entries: 1, text("general.alignment") + little(UInt32(8)) + text("32") + room)),
      ("an entry twice", file(entries: 2, entry + entry + room)),
      ("a tensor twice", file(arrays: 2, tensor([1]) + tensor([1], offset: 32) + room)),
      ("overlap", file(arrays: 2, tensor([9]) + tensor([1], named: "b", offset: 32) + room)),
      ("the same place", file(arrays: 2, tensor([1]) + tensor([1], named: "b") + room)),
      ("no multiple of 32", file(arrays: 1, tensor([1], offset: 8) + room)),
      ("past the end", file(arrays: 1, tensor([65]) + room)),
      ("five axes", file(arrays: 1, tensor([1, 1, 1, 1, 1]) + room)),
      ("a broken block", file(arrays: 1, tensor([33], type: 2) + room)),
      ("a scalar of Q4_0", file(arrays: 1, tensor([], type: 2) + room)),
      ("many axes", file(arrays: 1, text("a") + little(UInt32.max) + room)),
      ("array of arrays", array(9, 1, little(UInt32(0)) + little(UInt64(1)) + [1])),
      ("a key that is not UTF-8", file(entries: 1, little(UInt64(2)) + [0xFF, 0xFE] + room)),
    ]
    return cases
  }

  // MARK: - llama2.c

  static var llama2c: [Case] {
    // A sound file of one layer; a field is replaced, so that its length is wrong at least.
    let fields: [Int32] = [8, 12, 1, 4, 2, 10, 6]
    let floats = 2 * 8 + 8 * 8 * 2 + 8 * 4 * 2 + 3 * 8 * 12 + 8 + 10 * 8 + 2 * 6
    func legacy(_ fields: [Int32]) -> [UInt8] {
      fields.flatMap { little($0) } + [UInt8](repeating: 0, count: floats * 4)
    }
    func version1(_ fields: [Int32], version: Int32 = 1) -> [UInt8] {
      let header = little(UInt32(0x616B_3432)) + little(version) + fields.flatMap { little($0) } + [1]
      let rest = [UInt8](repeating: 0, count: 256 - header.count + (floats - 12) * 4)
      return header + rest
    }
    var cases: [Case] = []
    for field in fields.indices {
      for value: Int32 in [0, -1, 1 << 20, 1 << 28, 1 << 29, .max, .min, 7, 5000] {
        var changed = fields
        changed[field] = value
        cases.append(("field \(field) = \(value)", legacy(changed)))
        // Version 1 has no tables whose length would tell that the last field is wrong.
        if field < 6 || value <= 0 { cases.append(("field \(field) = \(value) of version 1", version1(changed))) }
      }
    }
    let all: [Int32] = [.max, .min, 1 << 28, -1, 0]
    cases += all.map { ("all \($0)", legacy([Int32](repeating: $0, count: 7))) }
    cases += [0, 2, 3, -1].map { ("version \($0)", version1(fields, version: $0)) }
    cases += [
      ("nothing", []), ("a header cut short", Array(legacy(fields).prefix(27))),
      ("a header only", Array(legacy(fields).prefix(28))), ("a byte short", legacy(fields).dropLast()),
      ("a byte long", legacy(fields) + [0]), ("version 1 cut short", Array(version1(fields).prefix(255))),
    ]
    return cases
  }
}
