#include "bootnode/ops/visitors.h"

#include <assert.h>
#include <stddef.h>
#include <sys/socket.h>

#include "bootnode/guard/source_prefix.h"
#include "common/clock.h"

bool visitors_speak(int socket) {
    char byte;
    return recv(socket, &byte, 1, MSG_PEEK | MSG_DONTWAIT) > 0;
}

void visitors_end(int socket) {
    (void)shutdown(socket, SHUT_RDWR);
}

struct visitor *visitors_come(struct visitors *visitors, int socket, const struct address *source, uint64_t now,
                              uint64_t patience_ms) {
    struct visitor *place = visitors->places;
    while (place < visitors->places + VISITORS_MAX && place->taken) place++;
    assert(place < visitors->places + VISITORS_MAX);
    *place = (struct visitor){.taken = true,
                              .socket = socket,
                              .number = ++visitors->came,
                              .source = *source,
                              .came_ms = now,
                              .deadline_ms = now + patience_ms};
    return place;
}

void visitors_leave(struct visitor *visitor) {
    *visitor = (struct visitor){.taken = false};
}

/* Whoever has one address often has more of the same narrowest prefix. */
static bool are_of_one_source(const struct visitor *one, const struct visitor *other) {
    return source_prefix_covers(&source_prefixes_of(&one->source)->items[0], &one->source, &other->source);
}

static bool is_here(const struct visitor *visitor) {
    return visitor->taken && !visitor->gone;
}

/* Rule 2. */
static bool comes_before(const struct visitor *one, const struct visitor *other) {
    return one->asked != other->asked ? one->asked : one->number > other->number;
}

static bool is_crowded_out(const struct visitors *visitors, const struct visitor *visitor) {
    unsigned of_source = 0, of_all = 0;
    for (const struct visitor *other = visitors->places; other < visitors->places + VISITORS_MAX; other++) {
        if (!is_here(other) || !comes_before(other, visitor)) continue;
        of_all++;
        of_source += are_of_one_source(other, visitor);
    }
    return of_source >= VISITORS_PER_SOURCE || of_all >= VISITORS_KEPT;
}

/* Rule 3. What one who has asked says more is not read. */
static bool may_go(const struct visitors *visitors, const struct visitor *visitor, uint64_t now) {
    bool (*speaks)(int) = visitors->speaks ? visitors->speaks : visitors_speak;
    return now >= visitor->came_ms + VISITORS_GRACE_MS && (visitor->asked || !speaks(visitor->socket));
}

void visitors_sort_out(struct visitors *visitors, uint64_t now) {
    for (struct visitor *visitor = visitors->places; visitor < visitors->places + VISITORS_MAX; visitor++) {
        if (!is_here(visitor)) continue;
        bool goes =
            now >= visitor->deadline_ms || (is_crowded_out(visitors, visitor) && may_go(visitors, visitor, now));
        if (!goes) continue;
        visitor->gone = true;
        (visitors->end ? visitors->end : visitors_end)(visitor->socket);
    }
}

uint64_t visitors_due(const struct visitors *visitors, uint64_t now) {
    uint64_t due = NEVER;
    for (const struct visitor *visitor = visitors->places; visitor < visitors->places + VISITORS_MAX; visitor++) {
        if (!is_here(visitor)) continue;
        due = earlier(due, visitor->deadline_ms);
        if (is_crowded_out(visitors, visitor)) due = earlier(due, later(visitor->came_ms + VISITORS_GRACE_MS, now + 1));
    }
    return due;
}
