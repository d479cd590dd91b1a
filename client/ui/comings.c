#include "client/ui/comings.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SEND_MARK "-send-" /* setup.c makes such nicks */
#define SEND_DIGITS 4

/* --- Who did something lately --- */

/* Its entry is the first from now on, a new one where there was none. */
static void touch(struct comings *comings, const uint8_t id[static MEMBER_ID_SIZE]) {
    size_t at = 0;
    while (at < comings->lately_count && memcmp(comings->lately[at].id, id, MEMBER_ID_SIZE) != 0) at++;
    bool there = at < comings->lately_count;
    if (!there && comings->lately_count < COMINGS_IDS) comings->lately_count++;
    if (!there) at = comings->lately_count - 1;
    const uint64_t came_ms = there ? comings->lately[at].came_ms : 0;
    const uint64_t spoke_ms = there ? comings->lately[at].spoke_ms : 0;
    memmove(&comings->lately[1], &comings->lately[0], at * sizeof comings->lately[0]);
    memcpy(comings->lately[0].id, id, MEMBER_ID_SIZE);
    comings->lately[0].came_ms = came_ms;
    comings->lately[0].spoke_ms = spoke_ms;
}

static bool is_lately(uint64_t at_ms, uint64_t now, uint64_t most) {
    return at_ms > 0 && now - at_ms <= most;
}

static bool was_visit(const struct comings *comings, uint64_t now) {
    uint64_t came_ms = comings->lately[0].came_ms;
    return is_lately(came_ms, now, COMINGS_VISIT_MS) && comings->lately[0].spoke_ms >= came_ms;
}

/* Nobody can hide so for longer than a visit without being seen: the list of members has all. */
static bool is_sender(const struct member *member) {
    const char *mark = member ? strstr(member->nick, SEND_MARK) : NULL;
    if (!mark || strlen(mark) != strlen(SEND_MARK) + SEND_DIGITS) return false;
    return *member->fingerprint && strncmp(mark + strlen(SEND_MARK), member->fingerprint, SEND_DIGITS) == 0;
}

/* --- The line --- */

void comings_end(struct comings *comings) {
    for (int part = 0; part < COMINGS_PARTS; part++) comings->parts[part].count = comings->parts[part].named = 0;
    comings->told = 0;
}

/* Who comes and goes again and again is there once. */
static void note(struct comings *comings, enum comings_part part, const struct coming *coming, bool named) {
    const uint8_t *id = coming->event->peer;
    size_t count = comings->parts[part].count, kept = count < COMINGS_IDS ? count : COMINGS_IDS;
    for (size_t i = 0; i < kept; i++)
        if (memcmp(comings->parts[part].ids[i], id, MEMBER_ID_SIZE) == 0) return;
    if (count < COMINGS_IDS) memcpy(comings->parts[part].ids[count], id, MEMBER_ID_SIZE);
    comings->parts[part].count++;
    if (!named || comings->parts[part].named == COMINGS_NAMES) return;
    char *name = comings->parts[part].names[comings->parts[part].named++];
    if (coming->member)
        memcpy(name, coming->member->label, ROSTER_LABEL_SIZE);
    else
        roster_label(coming->event->nick, coming->event->fingerprint, id, name);
}

/* Each with a verb of its own: "X is here" is what people, and scripts, look for. */
static void print_here(const struct comings *comings, FILE *out) {
    size_t named = comings->parts[COMINGS_HERE].named, others = comings->parts[COMINGS_HERE].count - named;
    for (size_t i = 0; i < named; i++)
        fprintf(out, "%s%s is here", i == 0 ? "" : ", ", comings->parts[COMINGS_HERE].names[i]);
    if (others > 0)
        fprintf(out, "%s%zu %s%s %s here", named > 0 ? ", " : "", others, named > 0 ? "other" : "member",
                others == 1 ? "" : "s", others == 1 ? "is" : "are");
}

static void print_part(const struct comings *comings, enum comings_part part, FILE *out) {
    if (part == COMINGS_HERE) {
        print_here(comings, out);
        return;
    }
    size_t named = comings->parts[part].named, others = comings->parts[part].count - named;
    for (size_t i = 0; i < named; i++) {
        bool last = i + 1 == named && others == 0;
        fprintf(out, "%s%s", i == 0 ? "" : last ? " and " : ", ", comings->parts[part].names[i]);
    }
    if (named > 0 && others > 0)
        fprintf(out, " and %zu other%s", others, others == 1 ? "" : "s");
    else if (others > 0)
        fprintf(out, "%zu member%s", others, others == 1 ? "" : "s");
}

char *comings_text(const struct comings *comings) {
    static const char *const before[] = {[COMINGS_HERE] = "", [COMINGS_CAME] = "→ ", [COMINGS_LEFT] = "← "};
    static const char *const after[] = {[COMINGS_HERE] = "", [COMINGS_CAME] = " came", [COMINGS_LEFT] = " left"};
    char *text;
    size_t size;
    bool any = false;
    FILE *out = open_memstream(&text, &size);
    if (!out) abort();
    for (int part = 0; part < COMINGS_PARTS; part++) {
        size_t count = comings->parts[part].count;
        if (count == 0) continue;
        fprintf(out, "%s%s", any ? "; " : "", before[part]);
        print_part(comings, (enum comings_part)part, out);
        fputs(after[part], out);
        any = true;
    }
    if (fclose(out) != 0) abort();
    return text;
}

/* --- What happens --- */

static enum comings_told tell(struct comings *comings, enum comings_part part, const struct coming *coming,
                              uint64_t now) {
    bool named = coming->members <= COMINGS_SMALL || is_lately(comings->lately[0].spoke_ms, now, COMINGS_LATELY_MS);
    if (comings->told > 0 && now - comings->began_ms > COMINGS_RUN_MS) comings_end(comings);
    if (comings->told++ == 0) comings->began_ms = now;
    note(comings, part, coming, named);
    return comings->told == 1 && named ? COMINGS_ALONE : COMINGS_FOLDED;
}

static enum comings_told take_coming(struct comings *comings, const struct coming *coming, uint64_t now) {
    bool found = coming->member && coming->member->found;
    touch(comings, coming->event->peer);
    comings->lately[0].came_ms = found ? 0 : now;
    if (coming->joins == JOINS_OFF || is_sender(coming->member)) return COMINGS_HIDDEN;
    return tell(comings, found ? COMINGS_HERE : COMINGS_CAME, coming, now);
}

static enum comings_told take_going(struct comings *comings, const struct coming *coming, uint64_t now) {
    bool was_here = !coming->member || coming->member->known;
    touch(comings, coming->event->peer);
    bool visit = coming->event->said_bye && was_visit(comings, now);
    comings->lately[0].came_ms = 0;
    if (coming->joins == JOINS_OFF || !was_here || visit || is_sender(coming->member)) return COMINGS_HIDDEN;
    return tell(comings, COMINGS_LEFT, coming, now);
}

enum comings_told comings_take(struct comings *comings, const struct coming *coming, uint64_t now) {
    const struct event *event = coming->event;
    if (event->type == EVENT_MESSAGE && !event->history) {
        touch(comings, event->peer);
        comings->lately[0].spoke_ms = now;
    }
    if (coming->joins == JOINS_ON) return COMINGS_OTHER;
    switch (event->type) {
    case EVENT_PEER_JOINED: return COMINGS_HIDDEN;
    case EVENT_PEER_CONNECTED: return take_coming(comings, coming, now);
    case EVENT_PEER_LEFT: return take_going(comings, coming, now);
    default: return COMINGS_OTHER;
    }
}
