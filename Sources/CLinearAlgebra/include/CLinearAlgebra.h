/// oneDNN, LAPACK through its C interface and BLAS (Debian: libdnnl-dev, liblapacke-dev, libopenblas-dev), loaded when
/// the first number needs them: thirty libraries come with them, and OpenBLAS starts threads that keep every core awake
/// for the first milliseconds of a process, while a prompt should appear.
///
/// `load_NAME()` is the function NAME of its header, with its type: `load_cblas_dgemm()(…)`. A library that cannot be
/// loaded ends the process with a message and status 1.
#ifndef CLINEARALGEBRA_H
#define CLINEARALGEBRA_H
#include <cblas.h>
#include <dnnl.h>
#include <lapacke.h>

#define TVS_LOADED(name) __typeof__(&name) _Nonnull load_##name(void);
#include "functions.h"
#undef TVS_LOADED
#endif
