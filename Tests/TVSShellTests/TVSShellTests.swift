import Testing

@testable import TVSShell
