#include "client/message/blob.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "common/memory.h"

struct blob *blob_create(const uint8_t *data, size_t size) {
    struct blob *blob = allocate(sizeof *blob + size);
    blob->references = 1;
    blob->size = size;
    if (size > 0) memcpy(blob->data, data, size);
    return blob;
}

struct blob *blob_hold(struct blob *blob) {
    blob->references++;
    return blob;
}

void blob_drop(struct blob *blob) {
    if (!blob || --blob->references > 0) return;
    sodium_memzero(blob->data, blob->size);
    free(blob);
}
