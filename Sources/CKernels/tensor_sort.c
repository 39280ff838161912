#include "tensor.h"

void tvs_radix_count(const uint64_t *keys, size_t count, size_t counts[8 * 256]) {
  for (size_t i = 0; i < count; i++) {
    uint64_t key = keys[i];
    for (int byte = 0; byte < 8; byte++) counts[256 * byte + (key >> 8 * byte & 255)]++;
  }
}

void tvs_radix_move(
    const uint64_t *keys, const size_t *positions, size_t count, int shift, size_t places[256], uint64_t *keys_out,
    size_t *positions_out) {
  if (positions) {
    for (size_t i = 0; i < count; i++) {
      size_t place = places[keys[i] >> shift & 255]++;
      keys_out[place] = keys[i];
      positions_out[place] = positions[i];
    }
  } else {
    for (size_t i = 0; i < count; i++) keys_out[places[keys[i] >> shift & 255]++] = keys[i];
  }
}
