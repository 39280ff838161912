import Testing

@testable import TaskGeometry
