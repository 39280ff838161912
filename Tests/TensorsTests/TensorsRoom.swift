import Testing

/// All suites of the room, one after another: the cancellation flag belongs to the process, and one suite raises it.
@Suite("Tensors", .serialized)
struct TensorsRoom {}
