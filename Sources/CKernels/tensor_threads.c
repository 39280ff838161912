#define _GNU_SOURCE
#include "tensor.h"

#include <dlfcn.h>

// Looked up at run time: oneDNN decides which OpenMP runtime is loaded, if any, and this code must not choose another.
void tvs_openmp_single_thread(void) {
  static _Thread_local int done;
  if (done) return;
  done = 1;
  void (*set)(int) = (void (*)(int))dlsym(RTLD_DEFAULT, "omp_set_num_threads");
  if (set) set(1);
}
