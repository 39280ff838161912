#include "memory.h"

#if defined(__linux__)
#include <malloc.h>
#endif

bool tvs_memory_return_blocks(size_t bytes) {
#ifdef M_MMAP_THRESHOLD
  // Setting the threshold also stops glibc from raising it as such blocks are freed.
  return mallopt(M_MMAP_THRESHOLD, (int)bytes) == 1;
#else
  (void)bytes;
  return false;
#endif
}
