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
/// Takes decompressed bytes, at most a few hundred kilobytes at a time; anything but 0 stops.
typedef int (*tvs_drain)(void *context, const uint8_t *bytes, size_t count);
/// Decompresses a raw DEFLATE stream and hands its bytes to `drain` in order, holding 288 KiB of them. Returns 0, or −1
/// when the stream is damaged, `drain` stopped it or memory does not suffice.
int tvs_inflate_draining(const uint8_t *in, size_t in_count, tvs_drain drain, void *context);
#endif
