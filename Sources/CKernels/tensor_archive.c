#include "tensor_archive.h"

#include <stdlib.h>
#include <string.h>

uint32_t tvs_crc32(uint32_t crc, const uint8_t *bytes, size_t count) {
  uint32_t table[256];
  for (uint32_t byte = 0; byte < 256; byte++) {
    uint32_t value = byte;
    for (int bit = 0; bit < 8; bit++) value = value & 1 ? (value >> 1) ^ 0xEDB88320u : value >> 1;
    table[byte] = value;
  }
  crc = ~crc;
  for (size_t i = 0; i < count; i++) crc = table[(crc ^ bytes[i]) & 255] ^ (crc >> 8);
  return ~crc;
}

typedef struct {
  const uint8_t *in;
  size_t in_count, in_next;
  uint8_t *out;
  size_t out_count, out_next;
  uint64_t buffer;
  int available;
  int failed;
  // A stream that is drained keeps the last WINDOW bytes of `out`, to which later bytes may refer.
  tvs_drain drain;
  void *context;
  size_t undrained;
} Stream;

enum { WINDOW = 32768, CHUNK = 1 << 18 };

/// Hands on what nobody has seen yet and makes room behind the window. Returns 0 when there is room again.
static int make_room(Stream *s) {
  if (!s->drain) return -1;
  if (s->drain(s->context, s->out + s->undrained, s->out_next - s->undrained)) return -1;
  memmove(s->out, s->out + s->out_next - WINDOW, WINDOW);
  s->out_next = s->undrained = WINDOW;
  return 0;
}

static uint32_t bits(Stream *s, int count) {
  while (s->available < count) {
    if (s->in_next == s->in_count) {
      s->failed = 1;
      return 0;
    }
    s->buffer |= (uint64_t)s->in[s->in_next++] << s->available;
    s->available += 8;
  }
  uint32_t value = (uint32_t)(s->buffer & (((uint64_t)1 << count) - 1));
  s->buffer >>= count;
  s->available -= count;
  return value;
}

enum { LONGEST = 15, QUICK = 10 };

/// A canonical Huffman code: how many codes there are of each length, and the symbols in order of their codes. Codes of
/// at most QUICK bits are looked up by the next bits of the stream: symbol · 16 + length, or 0.
typedef struct {
  uint16_t counts[LONGEST + 1], symbols[288];
  uint16_t quick[1 << QUICK];
} Code;

/// Returns 0 if the lengths make a usable code. A code with one symbol may be incomplete, as RFC 1951 allows.
static int build(Code *code, const uint8_t *lengths, int count) {
  uint16_t offsets[LONGEST + 2];
  memset(code->counts, 0, sizeof code->counts);
  for (int i = 0; i < count; i++) code->counts[lengths[i]]++;
  code->counts[0] = 0;
  int left = 1;
  for (int length = 1; length <= LONGEST; length++) {
    left = 2 * left - code->counts[length];
    if (left < 0) return -1;
  }
  offsets[1] = 0;
  for (int length = 1; length <= LONGEST; length++) offsets[length + 1] = offsets[length] + code->counts[length];
  for (int i = 0; i < count; i++) {
    if (lengths[i]) code->symbols[offsets[lengths[i]]++] = (uint16_t)i;
  }
  memset(code->quick, 0, sizeof code->quick);
  unsigned first = 0, index = 0;
  for (int length = 1; length <= QUICK; length++, first <<= 1) {
    for (int i = 0; i < code->counts[length]; i++, first++, index++) {
      // The stream gives the bits of a code from the highest to the lowest.
      unsigned place = 0;
      for (int bit = 0; bit < length; bit++) place |= (first >> bit & 1) << (length - 1 - bit);
      for (; place < 1 << QUICK; place += 1u << length) {
        code->quick[place] = (uint16_t)(code->symbols[index] << 4 | length);
      }
    }
  }
  return 0;
}

static int symbol(Stream *s, const Code *code) {
  while (s->available < LONGEST && s->in_next < s->in_count) {
    s->buffer |= (uint64_t)s->in[s->in_next++] << s->available;
    s->available += 8;
  }
  unsigned entry = code->quick[s->buffer & ((1 << QUICK) - 1)];
  int known = (int)(entry & 15);
  if (known && known <= s->available) {
    s->buffer >>= known;
    s->available -= known;
    return (int)(entry >> 4);
  }
  int value = 0, first = 0, index = 0;
  for (int length = 1; length <= LONGEST; length++) {
    value |= (int)bits(s, 1);
    if (s->failed) return -1;
    int count = code->counts[length];
    if (value - count < first) return code->symbols[index + (value - first)];
    index += count;
    first = (first + count) << 1;
    value <<= 1;
  }
  return -1;
}

static int block(Stream *s, const Code *literals, const Code *distances) {
  static const uint16_t bases[29] = {3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 23, 27,
                                     31, 35, 43, 51, 59, 67, 83, 99, 115, 131, 163, 195, 227, 258};
  static const uint8_t extras[29] = {0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0};
  static const uint16_t distance_bases[30] = {1, 2, 3, 4, 5, 7, 9, 13, 17, 25, 33, 49, 65, 97, 129,
                                              193, 257, 385, 513, 769, 1025, 1537, 2049, 3073, 4097, 6145, 8193,
                                              12289, 16385, 24577};
  for (;;) {
    int next = symbol(s, literals);
    if (next < 0 || next > 285) return -1;
    if (next == 256) return 0;
    if (next < 256) {
      if (s->out_next == s->out_count && make_room(s)) return -1;
      s->out[s->out_next++] = (uint8_t)next;
      continue;
    }
    size_t length = bases[next - 257] + bits(s, extras[next - 257]);
    int code = symbol(s, distances);
    if (code < 0 || code > 29) return -1;
    size_t distance = distance_bases[code] + bits(s, code < 2 ? 0 : code / 2 - 1);
    if (s->failed || distance > s->out_next) return -1;
    if (length > s->out_count - s->out_next && (make_room(s) || distance > s->out_next)) return -1;
    for (size_t i = 0; i < length; i++, s->out_next++) s->out[s->out_next] = s->out[s->out_next - distance];
  }
}

static int stored(Stream *s) {
  // The rest of the byte is padding; whole bytes that were read ahead go back.
  s->in_next -= (size_t)(s->available / 8);
  s->buffer = 0;
  s->available = 0;
  if (s->in_count - s->in_next < 4) return -1;
  size_t length = s->in[s->in_next] | (size_t)s->in[s->in_next + 1] << 8;
  size_t check = s->in[s->in_next + 2] | (size_t)s->in[s->in_next + 3] << 8;
  s->in_next += 4;
  if (length != (~check & 0xFFFF) || length > s->in_count - s->in_next) return -1;
  if (length > s->out_count - s->out_next && make_room(s)) return -1;
  memcpy(s->out + s->out_next, s->in + s->in_next, length);
  s->in_next += length;
  s->out_next += length;
  return 0;
}

static int fixed(Stream *s) {
  uint8_t lengths[288 + 30];
  for (int i = 0; i < 288; i++) lengths[i] = i < 144 ? 8 : i < 256 ? 9 : i < 280 ? 7 : 8;
  memset(lengths + 288, 5, 30);
  Code literals, distances;
  if (build(&literals, lengths, 288) || build(&distances, lengths + 288, 30)) return -1;
  return block(s, &literals, &distances);
}

static int dynamic(Stream *s) {
  static const uint8_t order[19] = {16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15};
  int literal_count = (int)bits(s, 5) + 257, distance_count = (int)bits(s, 5) + 1, length_count = (int)bits(s, 4) + 4;
  if (s->failed || literal_count > 286 || distance_count > 30) return -1;
  uint8_t lengths[286 + 30];
  memset(lengths, 0, sizeof lengths);
  for (int i = 0; i < length_count; i++) lengths[order[i]] = (uint8_t)bits(s, 3);
  Code lengths_code, literals, distances;
  if (s->failed || build(&lengths_code, lengths, 19)) return -1;
  memset(lengths, 0, sizeof lengths);
  for (int i = 0; i < literal_count + distance_count;) {
    int next = symbol(s, &lengths_code);
    if (next < 0) return -1;
    if (next < 16) {
      lengths[i++] = (uint8_t)next;
      continue;
    }
    if (next == 16 && i == 0) return -1;
    uint8_t repeated = next == 16 ? lengths[i - 1] : 0;
    int times = next == 16 ? 3 + (int)bits(s, 2) : next == 17 ? 3 + (int)bits(s, 3) : 11 + (int)bits(s, 7);
    if (s->failed || i + times > literal_count + distance_count) return -1;
    while (times--) lengths[i++] = repeated;
  }
  if (build(&literals, lengths, literal_count) || build(&distances, lengths + literal_count, distance_count)) return -1;
  return block(s, &literals, &distances);
}

static int inflate(Stream *s) {
  uint32_t last;
  do {
    last = bits(s, 1);
    uint32_t type = bits(s, 2);
    if (s->failed) return -1;
    int status = type == 0 ? stored(s) : type == 1 ? fixed(s) : type == 2 ? dynamic(s) : -1;
    if (status || s->failed) return -1;
  } while (!last);
  return 0;
}

int tvs_inflate(const uint8_t *in, size_t in_count, uint8_t *out, size_t out_count) {
  Stream s = {.in = in, .in_count = in_count, .out = out, .out_count = out_count};
  return inflate(&s) || s.out_next != out_count ? -1 : 0;
}

int tvs_inflate_draining(const uint8_t *in, size_t in_count, tvs_drain drain, void *context) {
  uint8_t *out = malloc(WINDOW + CHUNK);
  if (!out) return -1;
  Stream s = {
      .in = in, .in_count = in_count, .out = out, .out_count = WINDOW + CHUNK, .drain = drain, .context = context};
  int status = inflate(&s);
  if (!status && s.out_next > s.undrained) status = drain(context, out + s.undrained, s.out_next - s.undrained);
  free(out);
  return status ? -1 : 0;
}
