// oneDNN, for its single-precision matrix product (Debian: libdnnl-dev).
#include <dnnl.h>
