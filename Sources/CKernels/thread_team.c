#define _DEFAULT_SOURCE
#include "thread_team.h"

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <time.h>
#include <unistd.h>

enum {
  LARGEST = 256,          // parts of a call that are shared out
  AWAKE = 100000,         // nanoseconds that a thread looks for work before it sleeps, and a caller before it yields
  LOOKS = 64,             // between two looks at the clock
};

typedef void (*body_function)(void *context, int part);

// A call is a number that grows by one, and its parts: in one word, so that a thread which wakes late never joins the
// parts of one call to the number of another.
static _Atomic unsigned long long posted;  // number << 16 | parts
static _Atomic unsigned long long claimed[LARGEST];  // the last call of which part p was begun
static atomic_int unfinished;
static body_function body;
static void *context;

static atomic_flag busy = ATOMIC_FLAG_INIT;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t work = PTHREAD_COND_INITIALIZER;
static atomic_int sleepers;
static int workers;  // written by whoever holds `busy`

static void relax(void) {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  __asm__ volatile("yield");
#endif
}

static long long nanoseconds(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1000000000LL + t.tv_nsec;
}

/// Does part `part` of call `number` unless somebody has begun it or the call is over.
static void take(unsigned long long number, int part) {
  unsigned long long last = atomic_load_explicit(&claimed[part], memory_order_relaxed);
  do {
    if (last >= number) return;
  } while (!atomic_compare_exchange_weak_explicit(&claimed[part], &last, number, memory_order_acq_rel,
                                                  memory_order_relaxed));
  // The call cannot end before this part, so that its body and context are in place.
  body(context, part);
  atomic_fetch_sub_explicit(&unfinished, 1, memory_order_release);
}

/// The next call after `seen`, waiting awake at first and then asleep.
static unsigned long long next_call(unsigned long long seen) {
  const long long begun = nanoseconds();
  do {
    for (int look = 0; look < LOOKS; look++) {
      const unsigned long long now = atomic_load_explicit(&posted, memory_order_acquire);
      if (now != seen) return now;
      relax();
    }
  } while (nanoseconds() - begun < AWAKE);
  pthread_mutex_lock(&lock);
  atomic_fetch_add(&sleepers, 1);
  unsigned long long now;
  while ((now = atomic_load(&posted)) == seen) pthread_cond_wait(&work, &lock);
  atomic_fetch_sub(&sleepers, 1);
  pthread_mutex_unlock(&lock);
  return now;
}

static void *serve(void *argument) {
  const int part = (int)(long)argument;
  unsigned long long seen = 0;
  for (;;) {
    seen = next_call(seen);
    if (part < (int)(seen & 0xffff)) take(seen >> 16, part);
  }
  return 0;
}

/// As many threads as there may be parts beside the caller's. Without one the caller does its part too.
static void hire(int wanted) {
  while (workers < wanted) {
    // Signals are for the threads that expect them.
    sigset_t all, before;
    sigfillset(&all);
    pthread_t thread;
    pthread_sigmask(SIG_SETMASK, &all, &before);
    const int status = pthread_create(&thread, 0, serve, (void *)(long)(workers + 1));
    pthread_sigmask(SIG_SETMASK, &before, 0);
    if (status != 0) return;
    pthread_detach(thread);
    workers++;
  }
}

void tvs_team_run(int parts, body_function call, void *argument) {
  if (parts < 2 || parts > LARGEST || atomic_flag_test_and_set_explicit(&busy, memory_order_acquire)) {
    for (int part = 0; part < parts; part++) call(argument, part);
    return;
  }
  hire(parts - 1);
  body = call;
  context = argument;
  atomic_store_explicit(&unfinished, parts, memory_order_relaxed);
  const unsigned long long number = (atomic_load_explicit(&posted, memory_order_relaxed) >> 16) + 1;
  atomic_store(&posted, number << 16 | (unsigned)parts);
  if (atomic_load(&sleepers) > 0) {
    pthread_mutex_lock(&lock);
    pthread_cond_broadcast(&work);
    pthread_mutex_unlock(&lock);
  }
  for (int part = 0; part < parts; part++) take(number, part);
  const long long begun = nanoseconds();
  for (long look = 1; atomic_load_explicit(&unfinished, memory_order_acquire) > 0; look++) {
    relax();
    // Where there are more threads than cores, whoever has the rest of the work needs this one.
    if (look % LOOKS == 0 && nanoseconds() - begun > AWAKE) sched_yield();
  }
  atomic_flag_clear_explicit(&busy, memory_order_release);
}
