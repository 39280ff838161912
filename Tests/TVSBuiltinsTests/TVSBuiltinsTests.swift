import Testing

@testable import TVSBuiltins
