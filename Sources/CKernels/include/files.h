// Calls on files that Swift cannot reach.
#ifndef TVS_FILES_H
#define TVS_FILES_H

/// Puts each of two paths in the other's place, both at once. Returns 0, or −1 and sets errno.
int tvs_exchange(const char *first, const char *second);
#endif
