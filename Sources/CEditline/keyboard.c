#define _GNU_SOURCE  // pipe2
#include "keyboard.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

/// Holds a byte when the window's size has changed. A pipe, since the signal may come to any thread and at any moment,
/// and both have to end the wait for a key.
static int resizes[2] = {-1, -1};

static void on_resize(int signal_number) {
  (void)signal_number;
  int saved = errno;
  ssize_t ignored = write(resizes[1], "", 1);  // A full pipe says it already.
  (void)ignored;
  errno = saved;
}

bool tvs_keyboard_watch_window(void) {
  if (resizes[0] >= 0) return true;
  if (pipe2(resizes, O_CLOEXEC | O_NONBLOCK) != 0) return false;
  struct sigaction action;
  memset(&action, 0, sizeof action);
  action.sa_handler = on_resize;
  action.sa_flags = SA_RESTART;  // Whatever else reads or writes is not to notice.
  sigemptyset(&action.sa_mask);
  return sigaction(SIGWINCH, &action, NULL) == 0;
}

bool tvs_keyboard_take_resize(void) {
  char bytes[64];
  bool any = false;
  while (read(resizes[0], bytes, sizeof bytes) > 0) any = true;
  return any;
}

/// Waits for a byte of input. Returns what `read` would: 1, 0 at the end, or -1 when a signal wants something.
static ssize_t read_byte(char *byte, void (*resized)(void *), void *context) {
  for (;;) {
    struct pollfd sources[] = {{STDIN_FILENO, POLLIN, 0}, {resizes[0], POLLIN, 0}};
    int ready = poll(sources, sizeof sources / sizeof *sources, -1);
    int error = errno;
    if (tvs_keyboard_take_resize()) {
      resized(context);
      continue;
    }
    if (ready < 0) {
      errno = error;
      return -1;
    }
    if (!sources[0].revents) continue;
    ssize_t count = read(STDIN_FILENO, byte, 1);
    if (count >= 0 || (errno != EAGAIN && errno != EWOULDBLOCK)) return count;
  }
}

int tvs_keyboard_read(wchar_t *character, void (*resized)(void *context), void *context) {
  mbstate_t state;
  memset(&state, 0, sizeof state);
  for (bool inside = false;;) {
    char byte;
    ssize_t count = read_byte(&byte, resized, context);
    if (count <= 0) return (int)count;
    size_t used = mbrtowc(character, &byte, 1, &state);
    if (used == (size_t)-1) {
      // What broke a character off may begin another one.
      memset(&state, 0, sizeof state);
      if (inside) used = mbrtowc(character, &byte, 1, &state);
      if (used == (size_t)-1) memset(&state, 0, sizeof state);
    }
    inside = used == (size_t)-2;
    if (used == 0) *character = 0;
    if (used <= 1) return 1;
  }
}
