// A few calls of MPI, for Sources/MessagePassing.
//
// C, because MPI's constants are macros over symbols that Swift cannot import. Nothing here waits: each call begins
// something or asks whether it is done, so that the caller decides how to sleep and when to give up.
// Without the package trait MPI all of it is empty, and tvs_mpi_is_built gives false.
#ifndef CMPI_H
#define CMPI_H

#include <stdbool.h>
#include <stddef.h>

/// Whether this program was built with MPI.
bool tvs_mpi_is_built(void);

/// What library it was built with, such as `Open MPI v4.1.4`, in at most `size` bytes.
void tvs_mpi_library(char *text, size_t size);

/// Starts MPI for one thread at a time. Errors of later calls are returned. Returns 0, or an error for tvs_mpi_reason.
int tvs_mpi_start(int *rank, int *count);

/// An error in words, in at most `size` bytes.
void tvs_mpi_reason(int error, char *text, size_t size);

/// Something that was begun.
typedef struct tvs_mpi_request tvs_mpi_request;

/// Begins to send a message. The bytes must stay until it is done.
int tvs_mpi_send(const void *bytes, int count, int to, tvs_mpi_request **request);

/// Whether a message has arrived, from whom, and how long it is.
int tvs_mpi_probe(bool *is_there, int *from, int *count);

/// Takes a message that has arrived.
int tvs_mpi_receive(void *bytes, int count, int from);

/// Begins a broadcast.
int tvs_mpi_broadcast(void *bytes, int count, int root, tvs_mpi_request **request);

/// Begins an exchange of each rank with each. Counts and places are in elements of `width` bytes (1 or 4).
int tvs_mpi_exchange(
  const void *out, const int *out_counts, const int *out_places, void *in, const int *in_counts, const int *in_places,
  int width, tvs_mpi_request **request);

/// Begins a barrier.
int tvs_mpi_barrier(tvs_mpi_request **request);

/// Whether something is done; it is freed then.
int tvs_mpi_test(tvs_mpi_request *request, bool *is_done);

/// Ends all processes.
void tvs_mpi_abort(int status);

/// Ends MPI in this process, after a barrier.
void tvs_mpi_finish(void);

#endif
