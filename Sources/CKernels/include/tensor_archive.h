// What ZIP archives need: checksums and decompression.
#ifndef TVS_TENSOR_ARCHIVE_H
#define TVS_TENSOR_ARCHIVE_H
#include <stddef.h>
#include <stdint.h>

/// CRC-32 (ISO 3309) of `count` bytes, continuing from `crc`, which is 0 at the start.
uint32_t tvs_crc32(uint32_t crc, const uint8_t *bytes, size_t count);
/// Decompresses a raw DEFLATE stream (RFC 1951) into exactly `out_count` bytes. Returns 0, or −1 when the stream is
/// damaged or has another length.
int tvs_inflate(const uint8_t *in, size_t in_count, uint8_t *out, size_t out_count);
#endif
