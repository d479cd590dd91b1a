/* The file in which the orders of all authors are kept over restarts, beside that of the view. It is opened before the
 * sandbox, and no right is needed afterwards.
 *
 * It has two places, which are written in turn, so that whoever dies in between leaves the one before; where a write
 * fails the next one goes to the same place. Each begins with a number, a size and a BLAKE2b-128 of the rest, which is
 * messages as on the board (orders_codec.h), each with its size before it; times in them are by this machine's
 * clock. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bootnode/cluster/orders.h"
#include "bootnode/cluster/seal.h"
#include "common/attributes.h"
#include "common/why.h"

struct orders_file {
    int descriptor;  /* -1: none */
    uint64_t number; /* of the place that was written last */
};

/* Opens the file, or makes it (0600). False with one line in `why`; orders_file_close is due either way. */
MUST_USE bool orders_file_open(struct orders_file *file, const char *path, struct why *why);
void orders_file_close(struct orders_file *file);
/* Adds to `orders` what the later place has that is sealed by a key of ours. False where that is not all that was kept:
 * both places are torn, or no key of ours has sealed it, or it is of a time that is yet to come. */
MUST_USE bool orders_file_read(struct orders_file *file, const struct seal_keys *keys, struct orders *orders,
                               uint64_t now, uint64_t wall);
/* What the file is to have next: `*size` bytes, the caller's to free; NULL without memory. */
MUST_USE uint8_t *orders_file_encode(const struct orders_file *file, const struct seal_keys *keys,
                                     const struct orders *orders, uint64_t now, uint64_t wall, size_t *size);
/* Writes that. False with errno. A disk may take its time: the caller is no reader of RCU that is online, and holds no
 * lock that others wait for. */
MUST_USE bool orders_file_write(struct orders_file *file, const uint8_t *bytes, size_t size);
