import Foundation
import Workers

/// What started this process, read from the environment: nothing of MPI is touched unless a launcher did.
public enum Launcher {
  /// How many processes were started together, as far as the environment says.
  ///
  /// `TVS_ALONE` says that each should run by itself all the same.
  public static func processes(_ environment: [String: String] = ProcessInfo.processInfo.environment) -> Int {
    if !(environment["TVS_ALONE"] ?? "").isEmpty { return 1 }
    // Open MPI's mpirun; other launchers with a PMI; a step of Slurm. Slurm's own variables alone would also be there in
    // a batch script, which is one process.
    for name in ["OMPI_COMM_WORLD_SIZE", "PMI_SIZE", "SLURM_STEP_NUM_TASKS"] {
      if let text = environment[name], let count = Int(text), count > 1 { return count }
    }
    return 1
  }

  /// What each process must have alike: the kind of processor, since vector instructions decide last digits, and the
  /// version of the program.
  public static func traits(version: String) -> [(name: String, value: String)] {
    let (model, flags) = processor
    return [("version", version), ("processor", model), ("instructions", flags)]
  }

  /// The name of the processor, and a short form of what instructions it has.
  private static var processor: (name: String, instructions: String) {
    guard let text = try? String(contentsOfFile: "/proc/cpuinfo", encoding: .utf8) else {
      return ("unknown", "unknown")
    }
    func field(_ names: [String]) -> String {
      for line in text.split(separator: "\n") {
        let parts = line.split(separator: ":", maxSplits: 1)
        if parts.count == 2, names.contains(parts[0].trimmingCharacters(in: .whitespaces)) {
          return parts[1].trimmingCharacters(in: .whitespaces)
        }
      }
      return "unknown"
    }
    let vector = field(["flags", "Features"]).split(separator: " ").filter { flag in
      ["avx", "fma", "sve", "asimd", "amx", "bf16", "f16c"].contains { flag.hasPrefix($0) }
    }
    return (field(["model name", "CPU part"]), vector.sorted().joined(separator: " "))
  }
}
