// The one flag that stops long work, and the signal handler that raises it.
//
// C, because a signal handler may do next to nothing: it counts, and at most writes a fixed text or restores the
// terminal. Everything else happens where the flag is polled (Checkpoints/Cancellation.swift).
#ifndef CCHECKPOINT_H
#define CCHECKPOINT_H

#include <stdatomic.h>
#include <stdbool.h>

/// What `tvs_interrupts` reads; for nobody else.
extern atomic_int tvs_interrupt_count;

/// How many interrupts have arrived since the last `tvs_interrupts_take`. Here, so that a step of the evaluator, which
/// takes as long as a few calls, need not make one to ask.
static inline int tvs_interrupts(void) { return atomic_load_explicit(&tvs_interrupt_count, memory_order_relaxed); }

/// Reads the count and sets it to zero in one step.
int tvs_interrupts_take(void);

/// Counts an interrupt as Ctrl-C would; for tests and for hosts with their own signal handling.
void tvs_interrupts_raise(void);

/// Installs the SIGINT handler, without SA_RESTART, so that a blocked read returns EINTR.
///
/// The first interrupt raises the flag. The second also writes `waiting for NAME` to standard error. The third
/// restores the terminal as it was when this function was called and leaves with status 130.
/// When standard input is a terminal, SIGTERM and SIGHUP restore it too before they end the process.
/// Returns false, with errno set, when the handler could not be installed.
bool tvs_interrupts_install(void);

/// Names what runs now, for the second interrupt's message. Copies at most 127 bytes.
void tvs_interrupts_set_activity(const char *name);

#endif
