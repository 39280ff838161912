// A small C shim over libedit's el_* interface: Swift can call neither its variadic functions nor C's `stdin`.
// README.md says what each decision rests on.
#ifndef CEDITLINE_H
#define CEDITLINE_H

#include <stdbool.h>
#include <stddef.h>

/// A line editor on standard input and output.
typedef struct tvs_editline tvs_editline;

/// The keys that the shell decides about; all others are libedit's.
enum tvs_key {
  TVS_KEY_ENTER,
  TVS_KEY_NEWLINE,  ///< Alt-Enter: a line break, whatever stands there.
  TVS_KEY_TAB,
  TVS_KEY_UP,
  TVS_KEY_DOWN,
  TVS_KEY_LINE_START,
  TVS_KEY_LINE_END,
  TVS_KEY_CLOSING_BRACE,
  TVS_KEY_BACKSPACE,
};

/// What a key did.
enum tvs_key_result {
  TVS_KEY_REFRESH,  ///< The text or the cursor changed: draw it again.
  TVS_KEY_FINISH,   ///< The entry is finished.
  TVS_KEY_REFUSED,  ///< Nothing to do: beep.
};

/// Decides about one key, with the text as `tvs_editline_text` gives it; may call the editing functions below.
typedef enum tvs_key_result (*tvs_key_handler)(void *context, enum tvs_key key);

/// Chooses the locale of the environment for character types, or C.UTF-8 when that is not UTF-8: otherwise libedit
/// drops every byte above 127. Returns whether the user's own locale is UTF-8.
bool tvs_editline_set_locale(void);

/// Opens an editor, reads ~/.editrc, then binds the keys above. `name` is what ~/.editrc may test for. NULL on failure.
tvs_editline *tvs_editline_open(const char *name, tvs_key_handler handler, void *context);

/// Restores the terminal and frees the editor.
void tvs_editline_close(tvs_editline *editor);

/// The prompt of the next entry; escape sequences stand between bytes of value 1, and never last. False: no memory.
bool tvs_editline_set_prompt(tvs_editline *editor, const char *prompt);

/// Reads one entry; the text stays valid until the next call. False at the end of input, after an interrupt and on
/// failure; then `*error` is errno, or 0 at the end of input. Whether an interrupt came must be asked of its flag:
/// inside a search (Ctrl-R) an interrupt looks like the end of input in every other respect.
bool tvs_editline_read(tvs_editline *editor, const char **text, size_t *count, int *error);

/// The text being edited, in UTF-8, and the cursor's byte offset; valid until the next call. NULL: no memory.
const char *tvs_editline_text(tvs_editline *editor, size_t *count, size_t *cursor);

/// Replaces the whole text and puts the cursor at a byte offset.
bool tvs_editline_replace(tvs_editline *editor, const char *text, size_t cursor);

/// Inserts text at the cursor.
bool tvs_editline_insert(tvs_editline *editor, const char *text);

/// Deletes up to `bytes` bytes of whole characters before the cursor.
bool tvs_editline_delete(tvs_editline *editor, size_t bytes);

/// Puts the cursor at a byte offset.
bool tvs_editline_move(tvs_editline *editor, size_t cursor);

/// Prints whole lines below the entry and draws the entry again under them.
void tvs_editline_print_below(tvs_editline *editor, const char *text);

/// Prints `mark` (such as ^C) at the end of an entry that is given up, and goes to the line below it.
void tvs_editline_leave(tvs_editline *editor, const char *mark);

/// Adds an entry to what Ctrl-R searches.
void tvs_editline_remember(tvs_editline *editor, const char *text);

/// The size of the window; 80 × 24 if unknown.
void tvs_terminal_size(int *columns, int *rows);

/// Pixels of the window from left to right; 0 if unknown.
int tvs_terminal_pixels(void);

#endif
