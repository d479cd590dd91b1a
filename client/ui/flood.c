#include "client/ui/flood.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client/ui/arguments.h"
#include "common/holds.h"
#include "common/memory.h"

/* What of a message is needed to show it: events are large. */
struct flood_kept {
    struct flood_kept *next;
    uint64_t sent_ms, said_ms, shown_ms;
    enum chat_kind kind;
    char nick[TEXT_NICK_MAX + 1], id[40];
    size_t lines, size;
    char text[];
};

/* --- What is kept --- */

static size_t cost_of(const struct flood_kept *kept) {
    return sizeof *kept + kept->size;
}

static struct flood_kept *take_first(struct floods *floods, struct flood *flood) {
    struct flood_kept *kept = flood->first;
    if (!kept) return NULL;
    flood->first = kept->next;
    if (!flood->first) flood->last = NULL;
    flood->bytes -= cost_of(kept);
    floods->bytes -= cost_of(kept);
    return kept;
}

static void drop_first(struct floods *floods, struct flood *flood) {
    struct flood_kept *kept = take_first(floods, flood);
    flood->gone += kept->lines;
    free(kept);
}

/* Whoever fills the room's share loses of it. */
static struct flood *largest(const struct floods *floods) {
    struct flood *found = floods->list[0];
    for (size_t i = 1; i < floods->count; i++)
        if (floods->list[i]->bytes > found->bytes) found = floods->list[i];
    return found;
}

static void keep(struct floods *floods, struct flood *flood, const struct event *event, size_t lines) {
    struct flood_kept *kept = allocate(sizeof *kept + event->text_size);
    *kept = (struct flood_kept){.sent_ms = event->sent_ms,
                                .said_ms = event->said_ms,
                                .shown_ms = event->shown_ms,
                                .kind = event->kind,
                                .lines = lines,
                                .size = event->text_size};
    memcpy(kept->nick, event->nick, sizeof kept->nick);
    memcpy(kept->id, event->id, sizeof kept->id);
    memcpy(kept->text, event->text, event->text_size);
    *(flood->last ? &flood->last->next : &flood->first) = kept;
    flood->last = kept;
    flood->bytes += cost_of(kept);
    floods->bytes += cost_of(kept);
    while (flood->bytes > FLOOD_KEPT) drop_first(floods, flood);
    while (floods->bytes > FLOOD_KEPT_ALL) drop_first(floods, largest(floods));
}

struct event *floods_next(struct floods *floods, struct flood *flood) {
    struct flood_kept *kept = take_first(floods, flood);
    if (!kept) return NULL;
    struct event *event = event_create(EVENT_MESSAGE, kept->text, kept->size);
    event->history = true;
    event->kind = kept->kind;
    event->sent_ms = kept->sent_ms;
    event->said_ms = kept->said_ms;
    event->shown_ms = kept->shown_ms;
    memcpy(event->peer, flood->id, sizeof event->peer);
    memcpy(event->fingerprint, flood->fingerprint, sizeof event->fingerprint);
    memcpy(event->nick, kept->nick, sizeof event->nick);
    memcpy(event->id, kept->id, sizeof event->id);
    free(kept);
    HOLDS(floods_holds(floods));
    return event;
}

/* --- Members --- */

static void destroy(struct floods *floods, struct flood *flood) {
    while (flood->first) drop_first(floods, flood);
    free(flood);
}

void floods_clear(struct floods *floods) {
    for (size_t i = 0; i < floods->count; i++) destroy(floods, floods->list[i]);
    *floods = (struct floods){.count = 0};
}

static bool flood_holds(const struct flood *flood) {
    size_t bytes = 0;
    for (const struct flood_kept *kept = flood->first; kept; kept = kept->next) bytes += cost_of(kept);
    return bytes == flood->bytes && bytes <= FLOOD_KEPT && flood->count <= FLOOD_LINES && flood->oldest < FLOOD_LINES &&
           !flood->first == !flood->last;
}

bool floods_holds(const struct floods *floods) {
    size_t bytes = 0;
    if (floods->count > FLOOD_MEMBERS) return false;
    for (size_t i = 0; i < floods->count; i++) {
        const struct flood *flood = floods->list[i];
        if (!flood_holds(flood) || floods_find(floods, flood->fingerprint) != flood) return false;
        bytes += flood->bytes;
    }
    return bytes == floods->bytes && bytes <= FLOOD_KEPT_ALL;
}

struct flood *floods_find(const struct floods *floods, const char *fingerprint) {
    for (size_t i = 0; i < floods->count; i++)
        if (strcmp(floods->list[i]->fingerprint, fingerprint) == 0) return floods->list[i];
    return NULL;
}

static size_t place_of_new(struct floods *floods) {
    if (floods->count < FLOOD_MEMBERS) return floods->count++;
    size_t at = 0;
    for (size_t i = 1; i < floods->count; i++)
        if (floods->list[i]->spoke_ms < floods->list[at]->spoke_ms) at = i;
    destroy(floods, floods->list[at]);
    return at;
}

static struct flood *flood_of(struct floods *floods, const char *fingerprint) {
    struct flood *flood = floods_find(floods, fingerprint);
    if (flood) return flood;
    flood = allocate_zeroed(1, sizeof *flood);
    snprintf(flood->fingerprint, sizeof flood->fingerprint, "%s", fingerprint);
    flood->place = FLOOD_NOWHERE;
    floods->list[place_of_new(floods)] = flood;
    return flood;
}

static void name(struct flood *flood, const uint8_t id[static MEMBER_ID_SIZE], const char *nick, const char *label) {
    memcpy(flood->id, id, sizeof flood->id);
    snprintf(flood->nick, sizeof flood->nick, "%s", nick);
    snprintf(flood->label, sizeof flood->label, "%s", label);
}

/* --- Time --- */

static uint64_t less(uint64_t at_ms, uint64_t ms) {
    return at_ms > ms ? at_ms - ms : 0;
}

/* A clock that was set back: all that was, was as long ago as before. */
static void set_back(struct flood *flood, uint64_t ms) {
    for (size_t i = 0; i < flood->count; i++) flood->at_ms[i] = less(flood->at_ms[i], ms);
    flood->spoke_ms = less(flood->spoke_ms, ms);
    flood->calm_until_ms = less(flood->calm_until_ms, ms);
}

static void goes_on(struct floods *floods, uint64_t now) {
    for (size_t i = 0; i < floods->count && now < floods->now; i++) set_back(floods->list[i], floods->now - now);
    floods->now = now;
}

static bool is_over(const struct flood *flood, uint64_t now) {
    return now - flood->spoke_ms >= FLOOD_QUIET_MS;
}

struct flood *floods_over(struct floods *floods, uint64_t now) {
    goes_on(floods, now);
    for (size_t i = 0; i < floods->count; i++) {
        struct flood *flood = floods->list[i];
        if (!flood->rages || !is_over(flood, now)) continue;
        flood->rages = false;
        return flood;
    }
    return NULL;
}

uint64_t floods_wait(struct floods *floods, uint64_t now) {
    uint64_t wait = UINT64_MAX;
    goes_on(floods, now);
    for (size_t i = 0; i < floods->count; i++) {
        const struct flood *flood = floods->list[i];
        if (!flood->rages) continue;
        uint64_t left = is_over(flood, now) ? 0 : FLOOD_QUIET_MS - (now - flood->spoke_ms);
        if (left < wait) wait = left;
    }
    return wait;
}

/* --- What is said --- */

/* As many as a reader sees: newlines at the end are not shown. */
static size_t lines_of(const struct event *event) {
    size_t size = event->text_size, lines = 1;
    while (size > 0 && event->text[size - 1] == '\n') size--;
    for (size_t i = 0; i < size; i++) lines += event->text[i] == '\n';
    return lines;
}

static bool said_much(const struct flood *flood, uint64_t now) {
    return flood->count == FLOOD_LINES && now - flood->at_ms[flood->oldest] < FLOOD_WITHIN_MS;
}

static void count(struct flood *flood, size_t lines, uint64_t now) {
    for (size_t i = 0; i < lines && i < FLOOD_LINES; i++) {
        if (flood->count < FLOOD_LINES) {
            flood->at_ms[flood->count++] = now;
            continue;
        }
        flood->at_ms[flood->oldest] = now;
        flood->oldest = (flood->oldest + 1) % FLOOD_LINES;
    }
    flood->spoke_ms = now;
}

static void begin(struct flood *flood) {
    flood->rages = true;
    flood->mentions = false;
    flood->told = 0;
    flood->place = FLOOD_NOWHERE;
}

struct flood *floods_take(struct floods *floods, const struct flood_said *said, uint64_t now, bool *first_mention) {
    const struct event *event = said->event;
    *first_mention = false;
    goes_on(floods, now);
    if (event->history || !*said->fingerprint) return NULL;
    struct flood *flood = flood_of(floods, said->fingerprint);
    name(flood, event->peer, event->nick, said->label);
    size_t lines = lines_of(event);
    bool folds = said_much(flood, now) || (flood->rages && !is_over(flood, now));
    if (flood->calm_until_ms > now) folds = false;
    if (folds && !flood->rages) begin(flood);
    flood->rages = folds;
    count(flood, lines, now);
    if (!folds) return NULL;
    flood->told += lines;
    *first_mention = said->mentions && !flood->mentions;
    flood->mentions |= said->mentions;
    keep(floods, flood, event, lines);
    HOLDS(floods_holds(floods));
    return flood;
}

static char *text_with(const struct flood *flood, const char *before, const char *whom, const char *after) {
    char *text;
    if (asprintf(&text, "%zu more line%s of %s%s: %s%s%s", flood->told, flood->told == 1 ? "" : "s", flood->label,
                 flood->mentions ? ", with your nick" : "", before, whom, after) < 0)
        abort();
    return text;
}

char *flood_text(const struct flood *flood) {
    char *quoted = arguments_quote(flood->label, false);
    char *text = text_with(flood, "/unfold ", quoted, " shows them");
    free(quoted);
    return text;
}

char *flood_text_shown(const struct flood *flood) {
    return text_with(flood, "shown below", "", "");
}

struct flood *floods_calm(struct floods *floods, const struct member *member, uint64_t now) {
    goes_on(floods, now);
    struct flood *flood = flood_of(floods, member->fingerprint);
    name(flood, member->id, member->nick, member->label);
    if (flood->spoke_ms == 0) flood->spoke_ms = now;
    flood->calm_until_ms = now + FLOOD_CALM_MS;
    flood->rages = false;
    return flood;
}
