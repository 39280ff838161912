#define _GNU_SOURCE  // wcwidth
#include "CEditline.h"
#include "keyboard.h"

#include <errno.h>
#include <histedit.h>
#include <langinfo.h>
#include <limits.h>
#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>
#include <wchar.h>

/// Entries that Ctrl-R can reach.
static const int history_size = 10000;
/// Characters of one paste; the rest of a longer one is dropped with a beep.
static const size_t longest_paste = 4u << 20;

struct tvs_editline {
  EditLine *el;
  History *history;
  tvs_key_handler handler;
  void *context;
  char *prompt;
  char *text;
  size_t capacity;
};

// MARK: - Text and cursor

/// Bytes that the characters from `from` to `to` take in UTF-8.
static size_t encoded(const wchar_t *from, const wchar_t *to, char *into) {
  char scratch[MB_LEN_MAX];
  size_t count = 0;
  mbstate_t state;
  memset(&state, 0, sizeof state);
  for (; from < to; from++) {
    size_t bytes = wcrtomb(into ? into + count : scratch, *from, &state);
    if (bytes == (size_t)-1) {
      // Not a character: it must still take the same place in both passes.
      memset(&state, 0, sizeof state);
      if (into) into[count] = '?';
      bytes = 1;
    }
    count += bytes;
  }
  return count;
}

const char *tvs_editline_text(tvs_editline *editor, size_t *count, size_t *cursor) {
  const LineInfoW *line = el_wline(editor->el);
  // Room for a whole character more than needed: wcrtomb may write MB_CUR_MAX bytes at the end.
  size_t bytes = encoded(line->buffer, line->lastchar, NULL);
  if (bytes + MB_LEN_MAX + 1 > editor->capacity) {
    size_t capacity = 2 * (bytes + MB_LEN_MAX + 1);
    char *grown = realloc(editor->text, capacity);
    if (!grown) return NULL;
    editor->text = grown;
    editor->capacity = capacity;
  }
  *count = encoded(line->buffer, line->lastchar, editor->text);
  *cursor = encoded(line->buffer, line->cursor, NULL);
  editor->text[*count] = 0;
  return editor->text;
}

bool tvs_editline_move(tvs_editline *editor, size_t cursor) {
  const LineInfoW *line = el_wline(editor->el);
  const wchar_t *target = line->buffer;
  for (size_t bytes = 0; target < line->lastchar && bytes < cursor; target++) bytes += encoded(target, target + 1, NULL);
  el_cursor(editor->el, (int)(target - line->cursor));
  return true;
}

bool tvs_editline_insert(tvs_editline *editor, const char *text) {
  return !*text || el_insertstr(editor->el, text) == 0;
}

bool tvs_editline_delete(tvs_editline *editor, size_t bytes) {
  const LineInfoW *line = el_wline(editor->el);
  const wchar_t *from = line->cursor;
  while (from > line->buffer && encoded(from - 1, line->cursor, NULL) <= bytes) from--;
  if (from < line->cursor) el_deletestr(editor->el, (int)(line->cursor - from));
  return true;
}

bool tvs_editline_replace(tvs_editline *editor, const char *text, size_t cursor) {
  const LineInfoW *line = el_wline(editor->el);
  el_cursor(editor->el, (int)(line->lastchar - line->cursor));
  line = el_wline(editor->el);
  int characters = (int)(line->lastchar - line->buffer);
  if (characters > 0) el_deletestr(editor->el, characters);
  return tvs_editline_insert(editor, text) && tvs_editline_move(editor, cursor);
}

// MARK: - The screen

void tvs_terminal_size(int *columns, int *rows) {
  struct winsize size;
  int streams[] = {STDOUT_FILENO, STDERR_FILENO, STDIN_FILENO};
  *columns = 80;
  *rows = 24;
  for (size_t i = 0; i < sizeof streams / sizeof *streams; i++) {
    if (ioctl(streams[i], TIOCGWINSZ, &size) != 0) continue;
    if (size.ws_col > 0) *columns = size.ws_col;
    if (size.ws_row > 0) *rows = size.ws_row;
    return;
  }
}

int tvs_terminal_pixels(void) {
  struct winsize size;
  return ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 ? size.ws_xpixel : 0;
}

/// The column of the cursor after `character`, counting `row` up when a line is full, as libedit draws it.
static int advance(wchar_t character, int column, int width, int *row) {
  if (character == L'\n') {
    (*row)++;
    return 0;
  }
  int cells = wcwidth(character);
  if (character == L'\t') cells = 8 - column % 8;
  if (cells < 0) cells = 2;  // Drawn as ^X.
  if (column + cells > width) {
    (*row)++;
    column = 0;
  }
  column += cells;
  if (column >= width) {
    (*row)++;
    column = 0;
  }
  return column;
}

/// Rows that prompt and entry take in the window as it is now, less one, and the row of them that the cursor stands in.
/// libedit keeps its own layout to itself, so it is computed here once more.
static int last_row(tvs_editline *editor, int *cursor_row) {
  int width, height;
  tvs_terminal_size(&width, &height);
  int row = 0, column = 0;
  bool literal = false;
  for (const char *p = editor->prompt; p && *p; p++) {
    if (*p == 1) literal = !literal;
    else if (!literal) column = advance((unsigned char)*p, column, width, &row);
  }
  const LineInfoW *line = el_wline(editor->el);
  *cursor_row = row;
  for (const wchar_t *p = line->buffer; p <= line->lastchar; p++) {
    if (p == line->cursor) *cursor_row = row;
    if (p < line->lastchar) column = advance(*p, column, width, &row);
  }
  return row;
}

/// Moves the terminal's cursor to the start of the first line below the entry.
static void go_below(tvs_editline *editor, const char *mark) {
  int cursor_row;
  int last = last_row(editor, &cursor_row);
  for (; cursor_row < last; cursor_row++) fputs("\r\n", stdout);
  fputs(mark, stdout);
  fputs("\r\n", stdout);
  fflush(stdout);
}

void tvs_editline_print_below(tvs_editline *editor, const char *text) {
  go_below(editor, "");
  for (; *text; text++) {
    if (*text == '\n') putc('\r', stdout);
    putc(*text, stdout);
  }
  fflush(stdout);
  // Forgets where the entry was drawn, then draws it where the cursor is now.
  el_set(editor->el, EL_REFRESH);
}

void tvs_editline_leave(tvs_editline *editor, const char *mark) { go_below(editor, mark); }

// MARK: - Reading

/// Draws the entry for the window's new size. Terminals wrap anew what they show, so that the cursor stands in the row
/// of the entry that it has at the new width.
static void fit_window(void *context) {
  tvs_editline *editor = context;
  int cursor_row;
  last_row(editor, &cursor_row);
  if (cursor_row > 0) fprintf(stdout, "\033[%dA", cursor_row);
  fputs("\r\033[J", stdout);
  fflush(stdout);
  el_resize(editor->el);
  el_set(editor->el, EL_REFRESH);
}

/// Reads a character in place of libedit's own function, which would lose the line being typed when the window changes
/// while it waits.
static int read_character(EditLine *el, wchar_t *character) {
  tvs_editline *editor = NULL;
  if (el_get(el, EL_CLIENTDATA, &editor) != 0 || !editor) return -1;
  return tvs_keyboard_read(character, fit_window, editor);
}

// MARK: - Keys

static unsigned char dispatch(EditLine *el, enum tvs_key key) {
  tvs_editline *editor = NULL;
  if (el_get(el, EL_CLIENTDATA, &editor) != 0 || !editor) return CC_ERROR;
  switch (editor->handler(editor->context, key)) {
    case TVS_KEY_REFRESH: return CC_REFRESH;
    case TVS_KEY_FINISH: {
      go_below(editor, "");
      // With its line end the text is never empty: libedit reports an empty one as the end of input.
      const LineInfoW *line = el_wline(el);
      el_cursor(el, (int)(line->lastchar - line->cursor));
      return el_winsertstr(el, L"\n") == 0 ? CC_NEWLINE : CC_ERROR;
    }
    default: return CC_ERROR;
  }
}

static unsigned char on_enter(EditLine *el, int c) { (void)c; return dispatch(el, TVS_KEY_ENTER); }
static unsigned char on_newline(EditLine *el, int c) { (void)c; return dispatch(el, TVS_KEY_NEWLINE); }
static unsigned char on_tab(EditLine *el, int c) { (void)c; return dispatch(el, TVS_KEY_TAB); }
static unsigned char on_up(EditLine *el, int c) { (void)c; return dispatch(el, TVS_KEY_UP); }
static unsigned char on_down(EditLine *el, int c) { (void)c; return dispatch(el, TVS_KEY_DOWN); }
static unsigned char on_line_start(EditLine *el, int c) { (void)c; return dispatch(el, TVS_KEY_LINE_START); }
static unsigned char on_line_end(EditLine *el, int c) { (void)c; return dispatch(el, TVS_KEY_LINE_END); }
static unsigned char on_brace(EditLine *el, int c) { (void)c; return dispatch(el, TVS_KEY_CLOSING_BRACE); }
static unsigned char on_backspace(EditLine *el, int c) { (void)c; return dispatch(el, TVS_KEY_BACKSPACE); }

/// Puts the terminal into libedit's editing mode, with two changes that `setty` has no working way to ask for: Ctrl-Z
/// arrives as a key, so that the terminal can be put in order before the job stops; and a pasted CR LF stays what it
/// is, so that it does not become two line ends.
static void begin_editing(EditLine *el) {
  struct termios mode;
  el_set(el, EL_PREP_TERM, 1);
  if (tcgetattr(STDIN_FILENO, &mode) != 0) return;
  mode.c_cc[VSUSP] = _POSIX_VDISABLE;
  mode.c_iflag &= ~(tcflag_t)(ICRNL | INLCR | IGNCR);
  tcsetattr(STDIN_FILENO, TCSADRAIN, &mode);
}

/// Suspends the job as the terminal itself would have, but with the terminal's own settings restored first, and draws
/// the entry again when it continues.
static unsigned char on_suspend(EditLine *el, int c) {
  (void)c;
  tvs_editline *editor = NULL;
  if (el_get(el, EL_CLIENTDATA, &editor) != 0 || !editor) return CC_ERROR;
  go_below(editor, "");
  fputs("\033[?2004l", stdout);
  fflush(stdout);
  el_set(el, EL_PREP_TERM, 0);
  kill(0, SIGTSTP);
  begin_editing(el);
  fputs("\033[?2004h", stdout);
  el_set(el, EL_REFRESH);
  return CC_NORM;
}

/// Takes everything between the terminal's paste marks as text, so that neither tabs nor line ends act as keys.
static unsigned char on_paste(EditLine *el, int c) {
  (void)c;
  static const wchar_t end[] = L"\033[201~";
  const size_t end_count = sizeof end / sizeof *end - 1;
  size_t count = 0, capacity = 1024;
  bool dropped = false, finished = false;
  wchar_t *text = malloc(capacity * sizeof *text);
  if (!text) return CC_ERROR;
  wchar_t character, previous = 0;
  while (el_wgetc(el, &character) == 1) {
    wchar_t now = character;
    if (now == L'\n' && previous == L'\r') {
      previous = now;
      continue;
    }
    previous = now;
    if (now == L'\r') now = L'\n';
    if (now != L'\n' && now != L'\t' && now != L'\033' && (now < 32 || now == 127)) continue;
    if (count + 1 == capacity) {
      wchar_t *grown = capacity < longest_paste ? realloc(text, 2 * capacity * sizeof *text) : NULL;
      if (grown) {
        text = grown;
        capacity *= 2;
      } else {
        // Keep reading for the end mark: the rest must not arrive as keys.
        dropped = true;
        memmove(text + count - end_count, text + count - end_count + 1, (end_count - 1) * sizeof *text);
        count--;
      }
    }
    text[count++] = now;
    if (count >= end_count && wmemcmp(text + count - end_count, end, end_count) == 0) {
      count -= end_count;
      finished = true;
      break;
    }
  }
  if (!finished) {
    free(text);
    return CC_EOF;  // An interrupt or a hang-up; the reader asks the flag which it was.
  }
  size_t kept = 0;
  for (size_t i = 0; i < count; i++) {
    if (text[i] != L'\033') text[kept++] = text[i];
  }
  // The last line end would only move the cursor away from where Enter finishes the entry.
  if (kept > 0 && text[kept - 1] == L'\n') kept--;
  text[kept] = 0;
  int status = kept > 0 ? el_winsertstr(el, text) : 0;
  free(text);
  return status == 0 && !dropped ? CC_REFRESH : CC_REFRESH_BEEP;
}

// MARK: - Life

static char *prompt_of(EditLine *el) {
  static char none[] = "";
  tvs_editline *editor = NULL;
  if (el_get(el, EL_CLIENTDATA, &editor) != 0 || !editor || !editor->prompt) return none;
  return editor->prompt;
}

bool tvs_editline_set_locale(void) {
  const char *chosen = setlocale(LC_CTYPE, "");
  if (chosen && strcmp(nl_langinfo(CODESET), "UTF-8") == 0) return true;
  setlocale(LC_CTYPE, "C.UTF-8");
  return false;
}

static bool bind_keys(EditLine *el) {
  static const struct {
    const char *key, *function;
  } bindings[] = {
    {"\r", "tvs-enter"}, {"\n", "tvs-enter"}, {"\033\r", "tvs-newline"}, {"\033\n", "tvs-newline"},
    {"\t", "tvs-complete"}, {"}", "tvs-closing-brace"},
    {"\177", "tvs-backspace"}, {"\b", "tvs-backspace"},
    {"\033[A", "tvs-up"}, {"\033OA", "tvs-up"}, {"\020", "tvs-up"},
    {"\033[B", "tvs-down"}, {"\033OB", "tvs-down"}, {"\016", "tvs-down"},
    {"\033[H", "tvs-line-start"}, {"\033OH", "tvs-line-start"}, {"\033[1~", "tvs-line-start"}, {"\001", "tvs-line-start"},
    {"\033[F", "tvs-line-end"}, {"\033OF", "tvs-line-end"}, {"\033[4~", "tvs-line-end"}, {"\005", "tvs-line-end"},
    {"\033[200~", "tvs-paste"}, {"\032", "tvs-suspend"},
    {"\033[3~", "ed-delete-next-char"}, {"\033[1;5D", "ed-prev-word"}, {"\033[1;5C", "em-next-word"},
    {"\033[1;3D", "ed-prev-word"}, {"\033[1;3C", "em-next-word"},
    {"\022", "em-inc-search-prev"}, {"\027", "ed-delete-prev-word"}, {"\025", "vi-kill-line-prev"},
  };
  bool all = true;
  for (size_t i = 0; i < sizeof bindings / sizeof *bindings; i++) {
    all &= el_set(el, EL_BIND, bindings[i].key, bindings[i].function, NULL) == 0;
  }
  return all;
}

tvs_editline *tvs_editline_open(const char *name, tvs_key_handler handler, void *context) {
  tvs_editline *editor = calloc(1, sizeof *editor);
  if (!editor) return NULL;
  editor->handler = handler;
  editor->context = context;
  editor->el = el_init(name, stdin, stdout, stderr);
  editor->history = history_init();
  if (!editor->el || !editor->history) {
    tvs_editline_close(editor);
    return NULL;
  }
  EditLine *el = editor->el;
  HistEvent event;
  bool good = history(editor->history, &event, H_SETSIZE, history_size) == 0;
  good &= history(editor->history, &event, H_SETUNIQUE, 1) == 0;
  good &= el_set(el, EL_CLIENTDATA, editor) == 0;
  good &= el_set(el, EL_HIST, history, editor->history) == 0;
  good &= el_set(el, EL_PROMPT_ESC, prompt_of, 1) == 0;
  good &= el_set(el, EL_EDITOR, "emacs") == 0;
  // libedit's own handlers would send the signal on to the whole process group.
  good &= el_set(el, EL_SIGNAL, 0) == 0;
  good &= tvs_keyboard_watch_window() && el_wset(el, EL_GETCFN, read_character) == 0;
  // Every function has its name before ~/.editrc is read: binding an unknown name can corrupt libedit's heap.
  static const struct {
    const char *name, *help;
    unsigned char (*function)(EditLine *, int);
  } functions[] = {
    {"tvs-enter", "finish a complete entry, or begin a new line", on_enter},
    {"tvs-newline", "begin a new line", on_newline},
    {"tvs-complete", "complete the word before the cursor", on_tab},
    {"tvs-up", "line above, or earlier entry", on_up},
    {"tvs-down", "line below, or later entry", on_down},
    {"tvs-line-start", "start of the line", on_line_start},
    {"tvs-line-end", "end of the line", on_line_end},
    {"tvs-closing-brace", "insert a brace one level out", on_brace},
    {"tvs-backspace", "delete the character or the indentation before the cursor", on_backspace},
    {"tvs-paste", "insert what the terminal pastes", on_paste},
    {"tvs-suspend", "suspend the shell", on_suspend},
  };
  for (size_t i = 0; i < sizeof functions / sizeof *functions; i++) {
    good &= el_set(el, EL_ADDFN, functions[i].name, functions[i].help, functions[i].function) == 0;
  }
  el_source(el, NULL);  // Nothing there is not a failure.
  good &= bind_keys(el);
  if (!good) {
    tvs_editline_close(editor);
    return NULL;
  }
  return editor;
}

void tvs_editline_close(tvs_editline *editor) {
  if (!editor) return;
  if (editor->el) el_end(editor->el);
  if (editor->history) history_end(editor->history);
  free(editor->prompt);
  free(editor->text);
  free(editor);
}

bool tvs_editline_set_prompt(tvs_editline *editor, const char *prompt) {
  char *copy = strdup(prompt);
  if (!copy) return false;
  free(editor->prompt);
  editor->prompt = copy;
  return true;
}

bool tvs_editline_read(tvs_editline *editor, const char **text, size_t *count, int *error) {
  int characters = 0;
  tvs_keyboard_take_resize();
  el_resize(editor->el);
  begin_editing(editor->el);
  fputs("\033[?2004h", stdout);
  fflush(stdout);
  errno = 0;
  const char *line = el_gets(editor->el, &characters);
  *error = line ? 0 : errno;
  fputs("\033[?2004l", stdout);
  fflush(stdout);
  if (!line || characters < 0) return false;
  // The buffer is not terminated after a key function that finishes the entry: only the count says where it ends.
  *text = line;
  *count = (size_t)characters;
  if (*count > 0 && line[*count - 1] == '\n') (*count)--;
  return true;
}

void tvs_editline_remember(tvs_editline *editor, const char *text) {
  HistEvent event;
  history(editor->history, &event, H_ENTER, text);
}
