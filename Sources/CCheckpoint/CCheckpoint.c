#include "CCheckpoint.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/time.h>
#include <termios.h>
#include <unistd.h>

atomic_int tvs_interrupt_count;
static char activity[128];
static struct termios terminal;
static bool terminal_known;
static pthread_t main_thread;
static bool nudges;

// An interrupt that lands between two reads of the main thread would be noticed at the next key only. So the thread is
// nudged out of its read every few milliseconds until somebody has taken the interrupt.
static void nudge_every(int microseconds) {
  struct itimerval interval = {{0, microseconds}, {0, microseconds}};
  if (nudges) setitimer(ITIMER_REAL, &interval, NULL);
}

static void on_nudge(int signal_number) {
  int saved = errno;
  if (!pthread_equal(pthread_self(), main_thread)) pthread_kill(main_thread, signal_number);
  errno = saved;
}

int tvs_interrupts_take(void) {
  int count = atomic_exchange(&tvs_interrupt_count, 0);
  if (count > 0) nudge_every(0);
  return count;
}

void tvs_interrupts_raise(void) { atomic_fetch_add(&tvs_interrupt_count, 1); }

void tvs_interrupts_set_activity(const char *name) {
  // A signal may read the buffer while it is written: keep it terminated at every moment.
  activity[sizeof activity - 1] = 0;
  strncpy(activity, name, sizeof activity - 1);
}

static void say(const char *text) {
  ssize_t ignored = write(STDERR_FILENO, text, strlen(text));
  (void)ignored;
}

static void on_interrupt(int signal_number) {
  (void)signal_number;
  int saved = errno;
  int count = atomic_fetch_add(&tvs_interrupt_count, 1) + 1;
  if (count == 2) {
    say("\nwaiting for ");
    say(activity[0] ? activity : "the current step");
    say(" to stop; Ctrl-C once more leaves tvs\n");
  } else if (count >= 3) {
    if (terminal_known) tcsetattr(STDIN_FILENO, TCSANOW, &terminal);
    say("\n");
    _exit(130);
  }
  nudge_every(10000);
  errno = saved;
}

/// The editor may have the terminal in its own mode when the process is ended from outside.
static void on_end(int signal_number) {
  if (terminal_known) tcsetattr(STDIN_FILENO, TCSANOW, &terminal);
  signal(signal_number, SIG_DFL);
  raise(signal_number);
}

static bool restore_terminal_on(int signal_number) {
  struct sigaction action;
  if (sigaction(signal_number, NULL, &action) != 0) return false;
  if (action.sa_handler == SIG_IGN) return true;  // As nohup wants it.
  memset(&action, 0, sizeof action);
  action.sa_handler = on_end;
  sigemptyset(&action.sa_mask);
  return sigaction(signal_number, &action, NULL) == 0;
}

bool tvs_interrupts_install(void) {
  terminal_known = tcgetattr(STDIN_FILENO, &terminal) == 0;
  struct sigaction action;
  memset(&action, 0, sizeof action);
  action.sa_handler = on_interrupt;
  sigemptyset(&action.sa_mask);
  bool installed = sigaction(SIGINT, &action, NULL) == 0;
  main_thread = pthread_self();
  action.sa_handler = on_nudge;
  nudges = sigaction(SIGALRM, &action, NULL) == 0;
  installed &= nudges;
  if (terminal_known) installed &= restore_terminal_on(SIGTERM) & restore_terminal_on(SIGHUP);
  return installed;
}
