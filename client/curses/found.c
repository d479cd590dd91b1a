#include "client/curses/found.h"

#include <stdlib.h>
#include <string.h>
#include <utf8proc.h>

#include "client/curses/columns.h"
#include "common/memory.h"

/* A text folded cluster by cluster, so that each byte knows which cluster it comes from. */
struct folded {
    char *bytes;
    struct found_place *from;
    size_t size, capacity;
};

static void append(struct folded *folded, const char *bytes, size_t size, struct found_place from) {
    if (folded->size + size > folded->capacity) {
        folded->capacity = 2 * (folded->size + size);
        folded->bytes = grow(folded->bytes, folded->capacity, 1);
        folded->from = grow(folded->from, folded->capacity, sizeof *folded->from);
    }
    memcpy(folded->bytes + folded->size, bytes, size);
    for (size_t i = 0; i < size; i++) folded->from[folded->size++] = from;
}

static void append_folded(struct folded *folded, const char *cluster, struct found_place from) {
    utf8proc_option_t how = UTF8PROC_STABLE | UTF8PROC_COMPOSE | UTF8PROC_COMPAT | UTF8PROC_CASEFOLD;
    utf8proc_uint8_t *out = NULL;
    utf8proc_ssize_t size =
        utf8proc_map((const utf8proc_uint8_t *)cluster, (utf8proc_ssize_t)(from.end - from.start), &out, how);
    if (size > 0) append(folded, (const char *)out, (size_t)size, from);
    free(out);
}

static struct folded fold(const char *text, size_t size) {
    struct folded folded = {0};
    for (size_t at = 0; at < size;) {
        struct found_place from = {at, at + columns_cluster(text + at, size - at).size};
        bool plain = from.end - from.start == 1 && (signed char)text[at] >= 0;
        char lower = text[at] >= 'A' && text[at] <= 'Z' ? (char)(text[at] + 'a' - 'A') : text[at];
        if (plain)
            append(&folded, &lower, 1, from);
        else
            append_folded(&folded, text + at, from);
        at = from.end;
    }
    return folded;
}

static void folded_free(struct folded *folded) {
    free(folded->bytes);
    free(folded->from);
}

struct found found_in(const char *text, size_t size, const char *words) {
    struct folded hay = fold(text, size), needle = fold(words, strlen(words));
    struct found found = {0};
    for (size_t at = 0; needle.size > 0 && at + needle.size <= hay.size;) {
        const char *hit = memmem(hay.bytes + at, hay.size - at, needle.bytes, needle.size);
        if (!hit) break;
        size_t first = (size_t)(hit - hay.bytes);
        found.places = grow(found.places, found.count + 1, sizeof *found.places);
        found.places[found.count++] =
            (struct found_place){hay.from[first].start, hay.from[first + needle.size - 1].end};
        at = first + needle.size;
    }
    folded_free(&hay);
    folded_free(&needle);
    return found;
}

void found_free(struct found *found) {
    free(found->places);
    *found = (struct found){0};
}
