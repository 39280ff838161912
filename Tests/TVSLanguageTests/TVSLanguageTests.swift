import Testing

@testable import TVSLanguage
