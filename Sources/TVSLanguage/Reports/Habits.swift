/// What people write who come from other languages, answered with what is written here.
enum Habits {
  /// Words that begin or join statements elsewhere. They are ordinary names here, so they are answered only where the
  /// text cannot be read.
  static let words: [String: String] = [
    "def": "functions are written fn name(a, b) { … }", "func": "functions are written fn name(a, b) { … }",
    "function": "functions are written fn name(a, b) { … }",
    "lambda": "functions are written x -> x^2, (x, y) -> x + y",
    "class": "there are no classes: a record {name: value} holds data, and functions take it",
    "struct": "there are no classes: a record {name: value} holds data, and functions take it",
    "elif": "write } else if c { … }", "elsif": "write } else if c { … }", "elseif": "write } else if c { … }",
    "let": "assignments are written x = …", "var": "assignments are written x = …",
    "const": "assignments are written x = …", "global": "a function reads globals and gives its result back",
    "nonlocal": "a function reads the names around it and gives its result back",
    "from": "modules are imported whole: import stats, or import \"path/file.tvs\" as m",
    "raise": "errors are raised by error(\"message\")", "throw": "errors are raised by error(\"message\")",
    "except": "errors are caught as try { … } catch e { … }", "finally": "errors are caught as try { … } catch e { … }",
    "del": "there is nothing to delete; a name keeps its value until it is assigned again",
    "with": "files are read whole by read(path) and written by write(path, text)",
    "yield": "a function gives one result; collect several as [f(x) for x in xs]",
    "async": "calls end before the next statement begins", "await": "calls end before the next statement begins",
    "is": "equality is written ==, also with nil", "then": "blocks are written in braces: if c { … }",
    "do": "blocks are written in braces: while c { … }", "unless": "write if not c { … }",
    "until": "write while not c { … }", "switch": "write if … { } else if … { } else { }",
    "match": "write if … { } else if … { } else { }", "case": "write if … { } else if … { } else { }",
    "end": "blocks are written in braces: { … }", "begin": "blocks are written in braces: { … }",
  ]

  /// Words that go on with a statement of Python's whose first line was already answered.
  static let continuations: Set<String> = ["elif", "except", "finally"]

  /// Names that have a value elsewhere.
  static let names: [String: String] = [
    "None": "nothing is written nil", "null": "nothing is written nil", "undefined": "nothing is written nil",
    "True": "did you mean true?", "False": "did you mean false?", "NaN": "did you mean nan?",
    "np": "functions need no prefix: mean(x)", "numpy": "functions need no prefix: mean(x)",
    "torch": "functions need no prefix: randn(3, 4)", "math": "functions need no prefix: sqrt(2), and pi",
    "random": "random numbers come from randn(3), uniform(3) and randint(…), with a seed",
    "plt": "pictures are values: plot(x, y)", "pd": "tables are read by load(\"x.csv\")",
    "os": "files are found by exists(path) and glob(pattern)", "sys": "arguments are the list args; exit(n) leaves",
    "append": "a list grows by xs += [x]", "push": "a list grows by xs += [x]", "extend": "a list grows by xs += more",
    "insert": "a list is put together as [...xs[:i], x, ...xs[i:]]", "pop": "the last element is xs[-1]; xs = xs[:-1]",
    "remove": "elements are left out by filter(xs, x -> x != y)",
    "length": "the number of elements is len(x)", "size": "the number of elements is len(x)",
    "str": "did you mean string?", "int": "did you mean floor, or number?", "float": "did you mean number?",
    "strip": "did you mean trim?", "splitlines": "did you mean lines?", "index": "did you mean find?",
    "format": "write f\"{x:.3f}\"", "items": "write for key, value in record { … }",
    "dict": "records are written {name: value}", "list": "lists are written [1, 2], and [x for x in xs]",
    "tuple": "lists are written [1, 2]", "set": "lists are written [1, 2]",
    "open": "files are read whole by read(path) and written by write(path, text)",
    "input": "scripts take their arguments from the list args",
    "println": "did you mean print?", "echo": "did you mean print?", "puts": "did you mean print?",
    "sorted": "did you mean sort?", "reversed": "did you mean reverse?", "isinstance": "write type(x) == \"list\"",
    "quit": "did you mean exit?",
    "lambda": "functions are written x -> x^2", "self": "there are no methods: a function takes the record",
    "this": "there are no methods: a function takes the record", "pass": "an empty block is written { }",
  ]

  /// Libraries whose functions are builtins here.
  static let modules: [String: String] = [
    "numpy": "nothing is to be imported: tensor([1, 2]), mean(x), svd(x) are there",
    "torch": "nothing is to be imported: randn(3, 4), load(\"model\"), train(…) are there",
    "transformers": "nothing is to be imported: load(\"smollm2\") brings a model",
    "math": "nothing is to be imported: sqrt(x), exp(x), pi are there",
    "random": "nothing is to be imported: randn(3), uniform(3), seed(7) are there",
    "matplotlib": "nothing is to be imported: plot(x, y) is there",
    "pandas": "nothing is to be imported: load(\"x.csv\") reads a table",
    "json": "nothing is to be imported: json(text) and tojson(x) are there",
    "os": "nothing is to be imported: exists(path) and glob(pattern) are there",
    "sys": "nothing is to be imported: args and exit(n) are there",
    "re": "nothing is to be imported: find(text, part), replace(text, old, new) and split are there",
  ]

  /// Signs, longer ones first.
  static let signs: [(String, String)] = [
    ("===", "write =="), ("!==", "write !="), ("**", "the power is written ^: x^2"),
    ("//", "comments begin with #; for whole division write floor(a / b)"), ("/*", "comments begin with #"),
    ("&&", "write and"), ("||", "write or"), ("++", "write x += 1"), ("--", "write x -= 1, or - (-x)"),
    ("<-", "assignments are written x = …; for a comparison write x < -1"), (":=", "assignments are written x = …"),
    ("=>", "functions are written x -> …"), ("<>", "write !="), ("~=", "write !="), ("..", "a range is range(1, 10)"),
  ]

  /// Characters that mean nothing here.
  static let characters: [Unicode.Scalar: String] = [
    "!": "write not", "~": "write not", "?": "a choice is written if c { a } else { b }",
    "$": "names need no sign before them", "`": "strings are written in double quotes",
    "\\": "a line goes on after an operator, or inside of brackets",
    "&": "write and", "|": "write or, or |> for a pipe",
  ]
}
