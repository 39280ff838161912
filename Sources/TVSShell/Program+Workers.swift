import Foundation
import MessagePassing
import TVSBuiltins
import TVSLanguage
import TaskGeometry
import Workers

/// Where a process finds the others that were started with it, and leaves together with them.
extension Program {
  /// The version and what MPI it was built with, as `tvs --version` prints it.
  public static var versionText: String {
    MPITransport.isBuilt ? "\(version), with \(MPITransport.library)" : "\(version), without MPI"
  }

  /// Joins the processes that a launcher started together; nothing happens where there is none.
  ///
  /// - Returns: the exit status where they cannot work together.
  static func join() -> Int32? {
    guard Launcher.processes() > 1 else { return nil }
    let team: Team
    do {
      guard MPITransport.isBuilt else { throw WorkerError.failed(withoutMPI) }
      team = Team(try MPITransport(), describe: Library.describe)
      Team.current = team
      if team.isLeader { explainEnd() } else { StandardOutput.shared.mute() }
      try agree(team)
    } catch {
      // Without MPI nobody knows who is the first: each says it, on standard error only.
      let report = Library.translate(error) ?? ErrorReport(.unexpected, "\(error)")
      let message = report.label.map { "\(report.message): \($0)" } ?? report.message
      StandardError.write(
        Diagnostic(report.code, message, range: nil, help: report.help).rendered(color: false) + "\n")
      return 1
    }
    return nil
  }

  /// When one process is killed the launcher ends the others with SIGTERM. The first one then says how to go on.
  private static func explainEnd() {
    signal(SIGTERM, SIG_IGN)
    let source = DispatchSource.makeSignalSource(signal: SIGTERM, queue: .global())
    source.setEventHandler {
      let journals = SearchJournal.underWay
      let advice =
        journals.isEmpty
        ? "search(…, journal=\"run.tvj\") keeps scores, so that the same command goes on from them"
        : "the scores so far are in \(journals.joined(separator: " and ")): the same command goes on from there"
      StandardError.writeNow("tvs: the job was ended from outside, as when a worker is killed\nhelp: \(advice)\n")
      // As the signal alone would have ended it; nothing that is held back is worth a wait.
      signal(SIGTERM, SIG_DFL)
      kill(getpid(), SIGTERM)
    }
    source.resume()
    ends = source
  }

  /// Set once, before the script runs.
  nonisolated(unsafe) private static var ends: (any DispatchSourceSignal)?

  /// What cannot run on several processes.
  static func joinAlone(_ what: String) -> Int32? {
    guard Launcher.processes() > 1 else { return nil }
    StandardError.write(
      Diagnostic(
        .workers, "\(what) runs in one process, and a launcher started \(Launcher.processes())", range: nil,
        help: "give mpirun or srun a script: tvs FILE.tvs"
      ).rendered(color: false) + "\n")
    return 2
  }

  private static let withoutMPI = FailureText(
    code: ErrorCode.workers.description,
    message: "a launcher started several processes, and this tvs was built without MPI",
    help: "build it with scripts/setup --mpi and swift build -c release --traits MPI --product tvs; "
      + "TVS_ALONE=1 lets each process run by itself")

  /// Lets all ranks use one number of threads, and stops where they would not compute the same bits.
  private static func agree(_ team: Team) throws {
    let environment = ProcessInfo.processInfo.environment
    let wished = environment["TVS_THREADS"].flatMap { Int($0) } ?? ProcessInfo.processInfo.activeProcessorCount
    let threads = try team.gathered("threads") { max(1, wished) }.min() ?? 1
    // Read when the first work is cut (Parallel.width), which has not happened yet.
    setenv("TVS_THREADS", "\(threads)", 1)
    let traits = try team.gathered("machines") { Launcher.traits(version: version).flatMap { [$0.name, $0.value] } }
    for (rank, other) in traits.enumerated() where other != traits[0] {
      let place = zip(other, traits[0]).enumerated().first { $1.0 != $1.1 }?.offset ?? 1
      throw WorkerError.failed(
        FailureText(
          code: ErrorCode.workers.description, message: "worker \(rank) runs on another machine than worker 0 needs",
          label: "its \(other[place - 1]) is \(other[place]), not \(traits[0][place])",
          help: "last digits depend on it; ask the launcher for nodes of one kind"))
    }
  }

  /// Ends this process when the others have come to their end too, or ends them.
  static func part(_ status: Int32) {
    let team = Team.current
    // Nobody waits for a first worker whose reader has gone away: the others are still at work for it.
    team.leave(status == 0 && StandardOutput.shared.isClosed ? 141 : status) {
      // A rank that failed alone says so, since rank 0 does not know of it.
      if !team.isLeader { StandardError.confess("worker \(team.rank): ") }
    }
  }
}
