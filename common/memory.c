#include "common/memory.h"

#include <stdlib.h>
#include <string.h>

static void *need(void *memory) {
    if (!memory) abort();
    return memory;
}

/* For no bytes malloc(3) may return NULL and realloc(3) frees. */
static size_t at_least_one(size_t size) {
    return size > 0 ? size : 1;
}

void *allocate(size_t size) {
    return need(malloc(at_least_one(size)));
}

void *allocate_zeroed(size_t count, size_t size) {
    return need(calloc(at_least_one(count), at_least_one(size)));
}

void *grow(void *memory, size_t count, size_t size) {
    return need(reallocarray(memory, at_least_one(count), at_least_one(size)));
}

char *copy_text(const char *text) {
    return need(strdup(text));
}

char *copy_start(const char *text, size_t size) {
    size_t length = strnlen(text, size); /* strndup(3) may look at the byte behind, says the address sanitizer */
    char *copy = allocate(length + 1);
    memcpy(copy, text, length);
    copy[length] = '\0';
    return copy;
}
