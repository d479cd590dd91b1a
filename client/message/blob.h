/* A message's bytes, shared by all who hold them: the senders of the peers they go to, and what is kept for those who
 * come later. One thread, so a plain count. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "common/attributes.h"

struct blob {
    size_t references;
    size_t size;
    uint8_t data[];
};

/* One reference, the caller's. */
MUST_USE struct blob *blob_create(const uint8_t *data, size_t size);
MUST_USE struct blob *blob_hold(struct blob *blob);
/* The last one wipes and frees it, as it may tell a private room's secret; nothing for NULL. */
void blob_drop(struct blob *blob);
