#include "CLinearAlgebra.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define TEXT_OF(x) #x
#define TEXT(x) TEXT_OF(x)

static void *open_library(const char *name) {
  // Global, as if it had been linked: OpenBLAS's LAPACK is then found before the reference one, and the OpenMP runtime
  // that oneDNN brings is visible to whoever sets its threads.
  void *library = dlopen(name, RTLD_LAZY | RTLD_GLOBAL);
  if (library) return library;
  fprintf(stderr, "tvs: %s; is it installed? (scripts/setup)\n", dlerror());
  _exit(1);
}

static void *onednn, *openblas, *lapacke;

static void open_onednn(void) { onednn = open_library("libdnnl.so." TEXT(DNNL_VERSION_MAJOR)); }

static void open_lapack(void) {
  openblas = open_library("libopenblas.so.0");
  lapacke = open_library("liblapacke.so.3");
}

static void *function(const char *name) {
  static pthread_once_t onednn_once = PTHREAD_ONCE_INIT, lapack_once = PTHREAD_ONCE_INIT;
  int is_onednn = strncmp(name, "dnnl_", 5) == 0;
  pthread_once(is_onednn ? &onednn_once : &lapack_once, is_onednn ? open_onednn : open_lapack);
  void *found = dlsym(is_onednn ? onednn : strncmp(name, "LAPACKE_", 8) == 0 ? lapacke : openblas, name);
  if (found) return found;
  fprintf(stderr, "tvs: %s\n", dlerror());
  _exit(1);
}

#define TVS_LOADED(name)                                                                                              \
  __typeof__(&name) load_##name(void) {                                                                               \
    static _Atomic(void *) found;                                                                                     \
    void *known = atomic_load_explicit(&found, memory_order_acquire);                                                 \
    if (!known) atomic_store_explicit(&found, known = function(#name), memory_order_release);                         \
    return (__typeof__(&name))known;                                                                                  \
  }
#include "functions.h"
