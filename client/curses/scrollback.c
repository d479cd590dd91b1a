#include "client/curses/scrollback.h"

#include <stdlib.h>
#include <string.h>
#include <utf8proc.h>

#include "common/holds.h"

#define RING_LEAST 64
#define CHANGED_MOST 65536 /* bytes of a line that says something else later */

/* What malloc takes for so many bytes: glibc puts a word before them, and rounds up to two. */
static size_t allocated(size_t size) {
    size_t word = sizeof(size_t), unit = 2 * word, least = 4 * word;
    size_t total = (size + word + unit - 1) / unit * unit;
    return total > least ? total : least;
}

static size_t line_cost(const struct line *line) {
    return allocated(sizeof *line + line->author_size + line->text_size);
}

static size_t ring_cost(size_t capacity) {
    return allocated(capacity * sizeof(struct line *));
}

static struct line **slot(const struct scrollback *scrollback, size_t place) {
    return &scrollback->lines[(scrollback->head + place) % scrollback->capacity];
}

static void drop_oldest(struct scrollback *scrollback) {
    struct line *line = *slot(scrollback, 0);
    scrollback->bytes -= line_cost(line);
    free(line);
    scrollback->head = (scrollback->head + 1) % scrollback->capacity;
    scrollback->count--;
    scrollback->first++;
}

void scrollback_clear(struct scrollback *scrollback) {
    while (scrollback->count > 0) drop_oldest(scrollback);
    free(scrollback->lines);
    *scrollback = (struct scrollback){.first = scrollback->first};
}

bool scrollback_holds(const struct scrollback *scrollback) {
    size_t bytes = scrollback->lines ? ring_cost(scrollback->capacity) : 0;
    if (scrollback->capacity > SCROLLBACK_LINES || scrollback->count > scrollback->capacity) return false;
    for (size_t i = 0; i < scrollback->count; i++) bytes += line_cost(*slot(scrollback, i));
    return bytes == scrollback->bytes && bytes <= SCROLLBACK_BYTES;
}

static bool grow_ring(struct scrollback *scrollback) {
    size_t capacity = scrollback->capacity ? scrollback->capacity * 2 : RING_LEAST;
    if (capacity > SCROLLBACK_LINES) capacity = SCROLLBACK_LINES;
    struct line **lines = malloc(capacity * sizeof(struct line *));
    if (!lines) return false;
    for (size_t i = 0; i < scrollback->count; i++) lines[i] = *slot(scrollback, i);
    if (scrollback->lines) scrollback->bytes -= ring_cost(scrollback->capacity);
    free(scrollback->lines);
    scrollback->bytes += ring_cost(capacity);
    scrollback->lines = lines;
    scrollback->capacity = capacity;
    scrollback->head = 0;
    HOLDS(scrollback_holds(scrollback));
    return true;
}

/* The size of at most `limit` bytes of a text, not within a character. */
static size_t cut(const char *text, size_t size, size_t limit) {
    if (size <= limit) return size;
    while (limit > 0 && ((unsigned char)text[limit] & 0xc0) == 0x80) limit--;
    return limit;
}

/* Without memory, older lines make room. */
static struct line *allocate_line(struct scrollback *scrollback, size_t size) {
    struct line *line = malloc(size);
    while (!line && scrollback->count > 0) {
        drop_oldest(scrollback);
        line = malloc(size);
    }
    return line;
}

static void make_room(struct scrollback *scrollback, size_t cost) {
    bool full = scrollback->count == scrollback->capacity;
    if (full && scrollback->capacity < SCROLLBACK_LINES) full = !grow_ring(scrollback);
    if (full && scrollback->count > 0) drop_oldest(scrollback);
    while (scrollback->count > 0 && scrollback->bytes + cost > SCROLLBACK_BYTES) drop_oldest(scrollback);
}

uint64_t scrollback_add(struct scrollback *scrollback, const struct line_header *header, const char *author,
                        size_t author_size, const char *text, size_t text_size) {
    /* The bound, less the largest ring and what malloc rounds up. */
    size_t limit = SCROLLBACK_BYTES - ring_cost(SCROLLBACK_LINES) - sizeof(struct line) - allocated(0);
    author_size = cut(author, author_size, UINT16_MAX);
    text_size = cut(text, text_size, limit - author_size);
    struct line *line = allocate_line(scrollback, sizeof *line + author_size + text_size);
    if (line) {
        line->header = *header;
        line->author_size = (uint16_t)author_size;
        line->text_size = (uint32_t)text_size;
        if (author_size > 0) memcpy(line->bytes, author, author_size);
        if (text_size > 0) memcpy(line->bytes + author_size, text, text_size);
        make_room(scrollback, line_cost(line));
    }
    if (!line || scrollback->capacity == 0) {
        free(line);
        return scrollback->first++;
    }
    *slot(scrollback, scrollback->count) = line;
    scrollback->bytes += line_cost(line);
    return scrollback->first + scrollback->count++;
}

void scrollback_change(struct scrollback *scrollback, uint64_t number, const char *text, size_t size) {
    if (!scrollback_line(scrollback, number)) return;
    struct line **place = slot(scrollback, (size_t)(number - scrollback->first)), *before = *place;
    size = cut(text, size, CHANGED_MOST);
    struct line *line = malloc(sizeof *line + before->author_size + size);
    if (!line) return;
    memcpy(line, before, sizeof *line + before->author_size);
    line->text_size = (uint32_t)size;
    memcpy(line->bytes + line->author_size, text, size);
    scrollback->bytes += line_cost(line);
    scrollback->bytes -= line_cost(before);
    *place = line;
    free(before);
    while (scrollback->count > 1 && scrollback->bytes > SCROLLBACK_BYTES) drop_oldest(scrollback);
}

void scrollback_lift(struct scrollback *scrollback, uint64_t from, uint64_t to) {
    size_t low = (size_t)(to - scrollback->first), high = (size_t)(from - scrollback->first);
    struct line *lifted = *slot(scrollback, high);
    for (size_t place = high; place > low; place--) *slot(scrollback, place) = *slot(scrollback, place - 1);
    *slot(scrollback, low) = lifted;
    HOLDS(scrollback_holds(scrollback));
}

struct line *scrollback_line(const struct scrollback *scrollback, uint64_t number) {
    if (number < scrollback->first || number - scrollback->first >= scrollback->count) return NULL;
    return *slot(scrollback, (size_t)(number - scrollback->first));
}

/* Folded words, and where texts are folded to look for them. */
struct search {
    utf8proc_uint8_t *words;
    size_t size;
    bool ascii;
    utf8proc_int32_t *folded; /* code points, then UTF-8 in the same place */
    size_t capacity;
};

static bool is_ascii(const char *text, size_t size) {
    for (size_t i = 0; i < size; i++)
        if ((unsigned char)text[i] >= 0x80) return false;
    return true;
}

static unsigned char lower(char character) {
    return (unsigned char)(character >= 'A' && character <= 'Z' ? character + ('a' - 'A') : character);
}

/* To fold ASCII is to lower it. */
static bool ascii_has(const struct search *search, const char *text, size_t size) {
    if (!search->ascii || size < search->size) return false;
    for (size_t start = 0; start <= size - search->size; start++) {
        size_t same = 0;
        while (same < search->size && lower(text[start + same]) == search->words[same]) same++;
        if (same == search->size) return true;
    }
    return false;
}

static const utf8proc_option_t casefold = UTF8PROC_STABLE | UTF8PROC_COMPOSE | UTF8PROC_COMPAT | UTF8PROC_CASEFOLD |
                                          UTF8PROC_IGNORE; /* NFKC_Casefold, as utf8proc_NFKC_Casefold has it */

/* Code points of the text, decomposed and folded; negative when it is not valid or there is no memory. */
static utf8proc_ssize_t decompose(struct search *search, const char *text, size_t size) {
    for (;;) {
        utf8proc_ssize_t count = utf8proc_decompose((const utf8proc_uint8_t *)text, (utf8proc_ssize_t)size,
                                                    search->folded, (utf8proc_ssize_t)search->capacity, casefold);
        /* One more for the zero that utf8proc_reencode appends. */
        if (count < 0 || (size_t)count < search->capacity) return count;
        size_t capacity = (size_t)count * 2 + 1;
        utf8proc_int32_t *folded = realloc(search->folded, capacity * sizeof *folded);
        if (!folded) return -1;
        search->folded = folded;
        search->capacity = capacity;
    }
}

static bool has(struct search *search, const char *text, size_t size) {
    if (is_ascii(text, size)) return ascii_has(search, text, size);
    utf8proc_ssize_t count = decompose(search, text, size);
    if (count < 0) return false;
    utf8proc_ssize_t folded = utf8proc_reencode(search->folded, count, casefold);
    return folded > 0 && memmem(search->folded, (size_t)folded, search->words, search->size);
}

bool scrollback_find(const struct scrollback *scrollback, const char *words, uint64_t before, uint64_t *number) {
    HOLDS(scrollback_holds(scrollback));
    struct search search = {.words = utf8proc_NFKC_Casefold((const utf8proc_uint8_t *)words)};
    bool found = false;
    if (!search.words) return false;
    search.size = strlen((char *)search.words);
    search.ascii = is_ascii((char *)search.words, search.size);
    uint64_t at = before < scrollback_end(scrollback) ? before : scrollback_end(scrollback);
    while (!found && search.size > 0 && at > scrollback->first) {
        const struct line *line = scrollback_line(scrollback, --at);
        if (line->header.unsearched) continue;
        found = has(&search, line_text(line), line->text_size) || has(&search, line_author(line), line->author_size);
    }
    if (found) *number = at;
    free(search.folded);
    free(search.words);
    return found;
}
