// What the line editor reads from: the keyboard and the size of the window, waited for together.
#ifndef TVS_KEYBOARD_H
#define TVS_KEYBOARD_H

#include <stdbool.h>
#include <wchar.h>

/// Begins to notice changes of the window's size.
bool tvs_keyboard_watch_window(void);

/// Whether the window's size has changed since this was asked last.
bool tvs_keyboard_take_resize(void);

/// Waits for a character and calls `resized` whenever the window changes meanwhile. Bytes that are no character are
/// skipped, as libedit does.
///
/// Gives 1, 0 at the end of input, or -1 with `errno` when a signal wants something.
int tvs_keyboard_read(wchar_t *character, void (*resized)(void *context), void *context);

#endif
