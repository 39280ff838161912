// LAPACK through its C interface, and BLAS (Debian: liblapacke-dev, libopenblas-dev).
#include <lapacke.h>
#include <cblas.h>
