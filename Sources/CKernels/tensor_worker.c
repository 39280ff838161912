#define _DEFAULT_SOURCE
#include "tensor_worker.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static atomic_int abandoned;

void tvs_abandoned_workers_add(int change) { atomic_fetch_add(&abandoned, change); }

int tvs_abandoned_workers(void) { return atomic_load(&abandoned); }

#if defined(__GLIBC__)
// When the process ends, the destructors of OpenBLAS free the memory and join the threads that an abandoned worker is
// still using. So, if there is one, the process leaves before them. Handlers run in reverse order of registration, and
// this one is registered before main: every handler of the program itself has run by then.
static void leave_before_destructors(int status, void *unused) {
  (void)unused;
  if (tvs_abandoned_workers() == 0) return;
  fflush(NULL);
  _exit(status);
}

__attribute__((constructor)) static void prepare_to_leave(void) { on_exit(leave_before_destructors, NULL); }
#endif
