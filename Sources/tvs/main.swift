import ArgumentParser
import TVSShell

// The line is read here; everything else is TVSShell's. Wrong usage ends with status 2, as the manual says, where
// ArgumentParser alone would give 64.
do {
  var command = try TVS.parseAsRoot()
  try command.run()
} catch {
  let code = TVS.exitCode(for: error)
  if code == .success || !TVS.fullMessage(for: error).isEmpty {
    let message = TVS.fullMessage(for: error)
    if code == .success { Program.say(message) } else { Program.complain(message) }
  }
  Program.leave(code == .validationFailure ? 2 : code.rawValue)
}
