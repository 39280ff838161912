// swift-tools-version: 6.1
import PackageDescription

// The rooms of tvs, in the order in which they may depend on each other: a target uses only targets above it.
// docs/architecture.md walks through them.

/// Plain C loops, compiled once per instruction set (`target_clones`) and with glibc's vector mathematics.
/// `-ffast-math` is not used: NaN and infinity keep their meaning; only the order of a sum may change.
let kernelFlags: [CSetting] = [
  .unsafeFlags(["-O3", "-fno-math-errno", "-fno-trapping-math", "-fno-signed-zeros", "-fassociative-math"]),
  .unsafeFlags(["-fveclib=libmvec"], .when(platforms: [.linux])),
]

/// Counts references without locked instructions, which would be half the time of a call of a function. No object of the
/// language is touched by two threads at once: the evaluator has one, and the rooms whose work is shared out hand numbers
/// to the threads, never values.
let evaluatorFlags: [SwiftSetting] = [.unsafeFlags(["-Xfrontend", "-assume-single-threaded"])]

let package = Package(
  name: "tvs",
  products: [.executable(name: "tvs", targets: ["tvs"])],
  traits: [.trait(name: "MPI", description: "The same script on many processes: scripts/setup --mpi first.")],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    .package(url: "https://github.com/apple/swift-collections", from: "1.6.0"),
  ],
  targets: [
    // MARK: - C shims and kernels
    .target(name: "CCheckpoint"),
    .target(
      name: "CKernels", cSettings: kernelFlags, linkerSettings: [.linkedLibrary("mvec", .when(platforms: [.linux]))]),
    .target(name: "CEditline", linkerSettings: [.linkedLibrary("edit")]),
    .target(
      name: "CMPI", cSettings: [.define("TVS_MPI", .when(traits: ["MPI"]))],
      linkerSettings: [.linkedLibrary("mpi", .when(traits: ["MPI"]))]),
    .target(name: "CLinearAlgebra"),
    .systemLibrary(name: "CPCRE2", providers: [.apt(["libpcre2-dev"])]),
    .systemLibrary(name: "CCairo", providers: [.apt(["libcairo2-dev"])]),
    .systemLibrary(name: "CSixel", providers: [.apt(["libsixel-dev"])]),
    .systemLibrary(name: "CCMark", providers: [.apt(["libcmark-gfm-dev", "libcmark-gfm-extensions-dev"])]),

    // MARK: - The engine
    .target(name: "Checkpoints", dependencies: ["CCheckpoint"]),
    .target(name: "Workers", dependencies: ["Checkpoints"]),
    .target(name: "MessagePassing", dependencies: ["Workers", "CMPI"]),
    .target(name: "JSON"),
    .target(
      name: "Tensors",
      dependencies: ["Checkpoints", "JSON", "CKernels", "CLinearAlgebra"]),
    .target(name: "Tokenizers", dependencies: ["Checkpoints", "JSON", "CPCRE2"]),
    .target(name: "Autograd", dependencies: ["Tensors", "Checkpoints", "CKernels"]),
    .target(
      name: "Transformers",
      dependencies: ["Autograd", "Tokenizers", "Tensors", "Workers", "Checkpoints", "CKernels"]),
    .target(
      name: "ModelFiles", dependencies: ["Transformers", "Tokenizers", "JSON", "Tensors", "Checkpoints", "CKernels"]),
    .target(
      name: "TaskGeometry",
      dependencies: ["Transformers", "Tensors", "Workers", "Checkpoints"]),
    .target(
      name: "Steering",
      dependencies: ["TaskGeometry", "ModelFiles", "Transformers", "Tokenizers", "Tensors", "Checkpoints"]),

    // MARK: - Pictures
    .target(name: "Plots", dependencies: ["CCairo", "CSixel"]),

    // MARK: - The language
    .target(
      name: "TVSLanguage",
      dependencies: ["Checkpoints", .product(name: "OrderedCollections", package: "swift-collections")],
      swiftSettings: evaluatorFlags),
    .target(
      name: "TVSBuiltins",
      dependencies: [
        "TVSLanguage", "Steering", "Plots", "TaskGeometry", "ModelFiles", "Transformers", "Tokenizers", "Tensors",
        "Workers", "Checkpoints", "JSON",
        .product(name: "OrderedCollections", package: "swift-collections"),
      ]),
    .target(name: "Reports", dependencies: ["TVSLanguage", "TVSBuiltins", "Plots", "CCMark"]),
    .target(
      name: "TVSShell",
      dependencies: [
        "Reports", "TVSLanguage", "TVSBuiltins", "Plots", "TaskGeometry", "ModelFiles", "MessagePassing", "Workers",
        "Tensors", "Checkpoints", "CCheckpoint", "CEditline",
      ]),
    .executableTarget(
      name: "tvs",
      dependencies: ["TVSShell", .product(name: "ArgumentParser", package: "swift-argument-parser")]),

    // MARK: - Tests
    .target(
      name: "FuzzKit",
      dependencies: [
        "Steering", "ModelFiles", "Transformers", "Tokenizers", "TVSBuiltins", "TVSLanguage", "Tensors",
      ],
      path: "Tests/Fuzz/FuzzKit"),
    .executableTarget(name: "fuzz-readers", dependencies: ["FuzzKit"], path: "Tests/Fuzz/fuzz-readers"),
    .target(
      name: "LanguageFuzz", dependencies: ["TVSLanguage", "TVSBuiltins", "Checkpoints"],
      path: "Tests/Fuzz/LanguageFuzz"),
    .executableTarget(name: "fuzz-language", dependencies: ["LanguageFuzz"], path: "Tests/Fuzz/fuzz-language"),
    .testTarget(name: "WorkersTests", dependencies: ["Workers", "Checkpoints"]),
    .testTarget(name: "TensorsTests", dependencies: ["Tensors"], exclude: ["References"]),
    .testTarget(name: "TokenizersTests", dependencies: ["Tokenizers", "JSON"], exclude: ["References"]),
    .testTarget(name: "AutogradTests", dependencies: ["Autograd", "Tensors"], exclude: ["References"]),
    .testTarget(
      name: "TransformersTests", dependencies: ["Transformers", "Tokenizers", "Autograd", "Tensors"],
      exclude: ["References"]),
    .testTarget(
      name: "ModelFilesTests",
      dependencies: [
        "ModelFiles", "Transformers", "Tokenizers", "Tensors", "Checkpoints", "CKernels", "FuzzKit",
        "fuzz-readers",
      ],
      exclude: ["References"]),
    .testTarget(
      name: "TaskGeometryTests", dependencies: ["TaskGeometry", "Transformers", "Tensors"], exclude: ["References"]),
    .testTarget(
      name: "SteeringTests",
      dependencies: ["Steering", "TaskGeometry", "ModelFiles", "Transformers", "Tokenizers", "Tensors"],
      exclude: ["References"]),
    .testTarget(name: "PlotsTests", dependencies: ["Plots"]),
    .testTarget(name: "TVSLanguageTests", dependencies: ["TVSLanguage", "Checkpoints", "LanguageFuzz"]),
    .testTarget(name: "TVSBuiltinsTests", dependencies: ["TVSBuiltins", "TVSLanguage", "Transformers"]),
    .testTarget(name: "ReportsTests", dependencies: ["Reports", "TVSBuiltins", "TVSLanguage", "Plots"]),
    .testTarget(name: "TVSShellTests", dependencies: ["TVSShell", "TVSBuiltins", "TVSLanguage", "ModelFiles"]),
  ],
  swiftLanguageModes: [.v6]
)
