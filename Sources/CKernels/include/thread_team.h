// Threads that wait awake for a moment between two pieces of work.
#ifndef TVS_THREAD_TEAM_H
#define TVS_THREAD_TEAM_H

/// Calls `body(context, part)` for every part below `parts`, each once, on the calling thread and others, and returns
/// when all are done. Part p goes to thread p where that is awake, so that what a thread wrote is in its cache when the
/// next call comes; the calling thread takes those that nobody has begun. Calls from inside a body and from a second
/// thread meanwhile are carried out by their caller alone.
///
/// Waking a sleeping thread takes longer than most operations of a small model, fifty microseconds on some machines; so
/// threads look for new work for a tenth of a millisecond before they sleep.
void tvs_team_run(int parts, void (*body)(void *context, int part), void *context);

#endif
