// libsixel, which encodes pixels for terminals (Debian: libsixel-dev).
#include <sixel/sixel.h>
