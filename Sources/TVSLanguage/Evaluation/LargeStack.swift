#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// A thread with room for deep recursion.
///
/// Functions that call themselves thousands of times, and the release of lists nested as deeply, need more stack than
/// the 8 MB of a main thread or the half of one of a pool. The pages are only used when they are touched.
enum LargeStack {
  /// Sizes to try, largest first; a limit on address space may refuse the larger ones.
  private static let sizes = [1 << 30, 1 << 28, 1 << 26]

  /// Runs `body` to its end on such a thread and gives the number of bytes of stack that it had; on the calling
  /// thread, with an assumed 1 MB, when no thread can be made.
  static func run(_ body: (_ stackSize: Int) -> Void) {
    withoutActuallyEscaping(body) { body in
      for size in sizes where start(size, body) { return }
      body(1 << 20)
    }
  }

  private final class Work {
    let body: (Int) -> Void
    let size: Int
    init(_ body: @escaping (Int) -> Void, _ size: Int) {
      self.body = body
      self.size = size
    }
  }

  private static func start(_ size: Int, _ body: @escaping (Int) -> Void) -> Bool {
    var attributes = pthread_attr_t()
    guard pthread_attr_init(&attributes) == 0 else { return false }
    defer { pthread_attr_destroy(&attributes) }
    guard pthread_attr_setstacksize(&attributes, size) == 0 else { return false }
    let work = Unmanaged.passRetained(Work(body, size))
    #if canImport(Glibc)
    var thread = pthread_t()
    #else
    var thread: pthread_t?
    #endif
    let status = pthread_create(
      &thread, &attributes,
      { argument in
        if let argument {
          let work = Unmanaged<Work>.fromOpaque(argument).takeRetainedValue()
          work.body(work.size)
        }
        return nil
      }, work.toOpaque())
    guard status == 0 else {
      work.release()
      return false
    }
    #if canImport(Glibc)
    pthread_join(thread, nil)
    #else
    if let thread { pthread_join(thread, nil) }
    #endif
    return true
  }
}
