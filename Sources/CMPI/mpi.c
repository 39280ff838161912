#include "CMPI.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifdef TVS_MPI

// Clusters put it on the path of headers (CPATH); Debian into a folder of its own.
#if __has_include(<mpi.h>)
#include <mpi.h>
#elif __has_include(<mpi/mpi.h>)
#include <mpi/mpi.h>
#else
#error "mpi.h is not there: run scripts/setup --mpi, or load your cluster's module of Open MPI"
#endif

struct tvs_mpi_request {
  MPI_Request request;
};

static const int tag = 1;

bool tvs_mpi_is_built(void) { return true; }

void tvs_mpi_library(char *text, size_t size) {
  char buffer[MPI_MAX_LIBRARY_VERSION_STRING];
  int length = 0;
  buffer[0] = 0;
  MPI_Get_library_version(buffer, &length);
  // `Open MPI v4.1.4, package: …`: the rest says who built it.
  buffer[strcspn(buffer, ",\n")] = 0;
  snprintf(text, size, "%s", buffer);
}

int tvs_mpi_start(int *rank, int *count) {
  int provided = 0;
  int error = MPI_Init_thread(NULL, NULL, MPI_THREAD_SERIALIZED, &provided);
  if (error != MPI_SUCCESS) return error;
  if (provided < MPI_THREAD_SERIALIZED) return MPI_ERR_OTHER;
  error = MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN);
  if (error == MPI_SUCCESS) error = MPI_Comm_rank(MPI_COMM_WORLD, rank);
  if (error == MPI_SUCCESS) error = MPI_Comm_size(MPI_COMM_WORLD, count);
  return error;
}

void tvs_mpi_reason(int error, char *text, size_t size) {
  char buffer[MPI_MAX_ERROR_STRING];
  int length = 0;
  buffer[0] = 0;
  if (MPI_Error_string(error, buffer, &length) != MPI_SUCCESS) snprintf(buffer, sizeof buffer, "MPI error %d", error);
  snprintf(text, size, "%s", buffer);
}

static int begin(tvs_mpi_request **request) {
  *request = malloc(sizeof **request);
  return *request ? MPI_SUCCESS : MPI_ERR_NO_MEM;
}

// What could not be begun has nothing to be tested.
static int begun(int error, tvs_mpi_request **request) {
  if (error != MPI_SUCCESS) {
    free(*request);
    *request = NULL;
  }
  return error;
}

int tvs_mpi_send(const void *bytes, int count, int to, tvs_mpi_request **request) {
  int error = begin(request);
  if (error != MPI_SUCCESS) return error;
  return begun(MPI_Isend(bytes, count, MPI_BYTE, to, tag, MPI_COMM_WORLD, &(*request)->request), request);
}

int tvs_mpi_probe(bool *is_there, int *from, int *count) {
  int flag = 0;
  MPI_Status status;
  *is_there = false;
  int error = MPI_Iprobe(MPI_ANY_SOURCE, tag, MPI_COMM_WORLD, &flag, &status);
  if (error != MPI_SUCCESS || !flag) return error;
  *is_there = true;
  *from = status.MPI_SOURCE;
  return MPI_Get_count(&status, MPI_BYTE, count);
}

int tvs_mpi_receive(void *bytes, int count, int from) {
  return MPI_Recv(bytes, count, MPI_BYTE, from, tag, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
}

int tvs_mpi_broadcast(void *bytes, int count, int root, tvs_mpi_request **request) {
  int error = begin(request);
  if (error != MPI_SUCCESS) return error;
  return begun(MPI_Ibcast(bytes, count, MPI_BYTE, root, MPI_COMM_WORLD, &(*request)->request), request);
}

int tvs_mpi_exchange(
  const void *out, const int *out_counts, const int *out_places, void *in, const int *in_counts, const int *in_places,
  int width, tvs_mpi_request **request) {
  int error = begin(request);
  if (error != MPI_SUCCESS) return error;
  MPI_Datatype type = width == 4 ? MPI_FLOAT : MPI_BYTE;
  return begun(
    MPI_Ialltoallv(
      out, out_counts, out_places, type, in, in_counts, in_places, type, MPI_COMM_WORLD, &(*request)->request),
    request);
}

int tvs_mpi_barrier(tvs_mpi_request **request) {
  int error = begin(request);
  if (error != MPI_SUCCESS) return error;
  return begun(MPI_Ibarrier(MPI_COMM_WORLD, &(*request)->request), request);
}

int tvs_mpi_test(tvs_mpi_request *request, bool *is_done) {
  int flag = 0;
  int error = MPI_Test(&request->request, &flag, MPI_STATUS_IGNORE);
  *is_done = flag || error != MPI_SUCCESS;
  if (*is_done) free(request);
  return error;
}

void tvs_mpi_abort(int status) { MPI_Abort(MPI_COMM_WORLD, status); }

void tvs_mpi_finish(void) { MPI_Finalize(); }

#else

static const int absent = 1;

bool tvs_mpi_is_built(void) { return false; }
void tvs_mpi_library(char *text, size_t size) { snprintf(text, size, "no MPI"); }
int tvs_mpi_start(int *rank, int *count) {
  *rank = 0;
  *count = 1;
  return absent;
}
void tvs_mpi_reason(int error, char *text, size_t size) {
  (void)error;
  snprintf(text, size, "this tvs was built without MPI");
}
int tvs_mpi_send(const void *bytes, int count, int to, tvs_mpi_request **request) {
  (void)bytes, (void)count, (void)to, (void)request;
  return absent;
}
int tvs_mpi_probe(bool *is_there, int *from, int *count) {
  (void)from, (void)count;
  *is_there = false;
  return absent;
}
int tvs_mpi_receive(void *bytes, int count, int from) {
  (void)bytes, (void)count, (void)from;
  return absent;
}
int tvs_mpi_broadcast(void *bytes, int count, int root, tvs_mpi_request **request) {
  (void)bytes, (void)count, (void)root, (void)request;
  return absent;
}
int tvs_mpi_exchange(
  const void *out, const int *out_counts, const int *out_places, void *in, const int *in_counts, const int *in_places,
  int width, tvs_mpi_request **request) {
  (void)out, (void)out_counts, (void)out_places, (void)in, (void)in_counts, (void)in_places;
  (void)width, (void)request;
  return absent;
}
int tvs_mpi_barrier(tvs_mpi_request **request) {
  (void)request;
  return absent;
}
int tvs_mpi_test(tvs_mpi_request *request, bool *is_done) {
  (void)request;
  *is_done = true;
  return absent;
}
void tvs_mpi_abort(int status) { exit(status); }
void tvs_mpi_finish(void) {}

#endif
