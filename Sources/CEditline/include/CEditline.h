// A small C shim over libedit's el_* interface, which Swift cannot call because it is variadic.
#ifndef CEDITLINE_H
#define CEDITLINE_H
#include <histedit.h>
#endif
