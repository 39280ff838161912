import ModelFiles
import TVSLanguage
import Tensors
import Workers

extension TensorBuiltins {
  private static let descending = Parameter(
    "descending", "bool", presence: .defaults(.bool(false)), byNameOnly: true, help: "largest first")

  /// Orders and running sums.
  static let ordering: [Builtin] = [
    extreme("argmax", true, "Where the largest element is."),
    extreme("argmin", false, "Where the smallest element is."),
    Builtin(
      "cumsum", topic: "tensor", summary: "Running sums.",
      parameters: [
        input(),
        Parameter(
          "axis", "integer", presence: .optional("all elements in row-major order"), help: "the axis to work along"),
      ],
      returns: "tensor", examples: [.init("cumsum([1, 2, 3])", shows: "tensor 3 float64\n  1  3  6")], seeAlso: ["sum"]
    ) { call in
      let tensor = try tensor(call)
      guard let axis = TensorArguments.integer(call, "axis") else {
        return try result { try tensor.reshaped([tensor.count]).cumulativeSum(axis: 0) }
      }
      return try result { try tensor.cumulativeSum(axis: axis) }
    },
    Builtin(
      "argsort", topic: "tensor", summary: "The positions that sort the elements along an axis.",
      parameters: [input(), axis(-1), descending], returns: "tensor",
      details: "Equal elements keep their order; what is not a number comes last.",
      examples: [.init("argsort([3, 1, 2])", shows: "tensor 3 float64\n  1  2  0")], seeAlso: ["sort", "topk"]
    ) { call in
      let tensor = try tensor(call)
      let isDescending = try call["descending"].truth()
      return try result { try tensor.sortingOrder(axis: axis(call), descending: isDescending) }
    },
    Builtin(
      "topk", topic: "tensor", summary: "The largest elements along an axis, and where they are.",
      parameters: [input(), Parameter("k", "integer", help: "how many"), axis(-1)], returns: "list",
      details: "Two tensors: the values in descending order, and their positions.",
      examples: [.init("values, places = topk([3, 1, 4], 2); places", shows: "tensor 2 float64\n  2  0")],
      errors: ["E0402"], seeAlso: ["argsort", "argmax"]
    ) { call in
      let tensor = try tensor(call)
      let k = TensorArguments.integer(call, "k") ?? 0
      let (values, positions) = try reporting { try tensor.largest(k, axis: axis(call)) }
      return .list([TensorValue.value(values), TensorValue.value(positions)])
    },
  ]

  private static func extreme(_ name: String, _ largest: Bool, _ summary: String) -> Builtin {
    Builtin(
      name, topic: "tensor", summary: summary, parameters: [input(), optionalAxis], returns: "number",
      details: """
        Without an axis, a position in row-major order; with one, a tensor of positions along it. The first of several \
        equal elements counts.
        """,
      examples: [.init("\(name)([3, 9, 1])", shows: largest ? "1" : "2")], errors: ["E0402"],
      seeAlso: [largest ? "argmin" : "argmax", "topk"]
    ) { call in
      let tensor = try tensor(call)
      guard let axis = TensorArguments.integer(call, "axis") else {
        return .number(Double(try reporting { try tensor.extremePosition(largest: largest) }))
      }
      return try result { try tensor.extremePositions(largest: largest, axis: axis) }
    }
  }

  /// Products.
  static let products: [Builtin] = [
    Builtin(
      "matmul", topic: "tensor", summary: "The matrix product, also written a @ b.",
      parameters: [input("a"), input("b")], returns: "tensor",
      details: """
        Matrices, a matrix and a vector, or two vectors (a number). More axes are stacks of matrices; they are \
        broadcast. float32 is multiplied by oneDNN, float64 by OpenBLAS.
        """,
      examples: [
        .init("matmul(eye(2), [3, 4])", shows: "tensor 2 float64\n  3  4"),
        .init("tensor([1, 2]) @ [3, 4]", shows: "11"),
      ],
      errors: ["E0402"], seeAlso: ["dot", "solve"]
    ) { call in
      let (a, b) = (try tensor(call, "a"), try tensor(call, "b"))
      return try result { try a.matrixProduct(b) }
    }
  ]

  /// Files.
  static let files: [Builtin] = [
    Builtin(
      "load", topic: "tensor", summary: "Reads a file, in the format that its name asks for.",
      parameters: [
        Parameter("source", "string", help: "the path of a file or folder, or the name of a model")
          .offering { ModelLibrary.names() },
        Parameter(
          "base", "model", "string", presence: .optional("none"), byNameOnly: true,
          help: "the model that an adapter was trained on, or that a control vector belongs to"),
      ],
      returns: "any",
      details: """
        .npy gives a tensor, .npz and .safetensors a record of tensors, .csv and .tsv a tensor when everything in them \
        is a number and a table otherwise. A model comes from a folder in the layout of transformers, a GGUF file, \
        a llama2.c .bin with its tokenizer beside it, a .safetensors that save wrote, or by name: load("smollm2") after \
        tvs fetch smollm2, load("hf:distilgpt2") from the Hugging Face cache. A peft folder gives its base with the \
        adapter on it. Steering vectors that save wrote, and control vectors of llama.cpp and repeng (.gguf), are steering \
        vectors; base= names the model of one that does not know it. Weights are widened to float32. Tensors that are missing, too many or of another shape stop it.
        """,
      examples: [
        .init(
          "save(arange(3), \"/tmp/tvs-example.npy\"); load(\"/tmp/tvs-example.npy\")",
          shows: "tensor 3 float64\n  0  1  2")
      ],
      errors: ["E0301", "E0304"], seeAlso: ["save", "read"]
    ) { call in
      guard case .string(let source) = call["source"] else { return .nil }
      return try FileFormats.read(source, call)
    },
    Builtin(
      "save", topic: "tensor", summary: "Writes a value to a file, in the format that the path asks for.",
      parameters: [
        Parameter("x", help: "a tensor, a table, a record of tensors, a model, a plot, …"),
        Parameter("path", "string", help: "where it goes; the ending chooses the format"),
      ],
      details: """
        The file is written under another name and renamed when it is complete: whoever looks sees the old file or the \
        new one, never half of one. A path without an ending is a folder: a model becomes one that transformers loads, a \
        model with an adapter one that peft loads. A steering vector becomes .safetensors, .npz, or a .gguf for llama.cpp's \
        --control-vector. A table goes to .csv, .tsv, .md, .tex and .json, a plot to .svg, .png and .pdf.
        """,
      examples: [
        .init(
          "save({a: ones(2), b: eye(2)}, \"/tmp/tvs-example.npz\"); load(\"/tmp/tvs-example.npz\").a",
          shows: "tensor 2 float64\n  1  1")
      ],
      errors: ["E0301", "E0304"], seeAlso: ["load", "write"]
    ) { call in
      guard case .string(let path) = call["path"] else { return .nil }
      try Team.current.leading("save") { try FileFormats.write(call["x"], to: path, call) }
      return .nil
    },
  ]
}
