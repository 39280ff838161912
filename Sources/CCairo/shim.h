// Cairo, which rasterises pictures and writes PDF (Debian: libcairo2-dev).
#include <cairo/cairo.h>
#include <cairo/cairo-pdf.h>
