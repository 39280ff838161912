// Leaving the process while a worker that nobody waits for is still inside a library.
#ifndef TVS_TENSOR_WORKER_H
#define TVS_TENSOR_WORKER_H

/// Counts a worker that was abandoned (+1), or one that has come to its end after all (−1).
void tvs_abandoned_workers_add(int change);
/// How many abandoned workers are still running.
int tvs_abandoned_workers(void);
#endif
