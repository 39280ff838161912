#ifndef CKERNELS_MEMORY_H
#define CKERNELS_MEMORY_H

#include <stdbool.h>
#include <stddef.h>

/// Lets blocks of at least `bytes` bytes go back to the system as soon as they are freed. False where the allocator has no such
/// setting.
bool tvs_memory_return_blocks(size_t bytes);

#endif
