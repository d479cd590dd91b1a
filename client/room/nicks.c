#include "client/room/nicks.h"

#include <stdio.h>
#include <string.h>

#include "client/peer/talking.h"
#include "client/peer/touch.h"
#include "client/room/status.h"
#include "common/clock.h"
#include "common/why.h"

#define DAY_MS 86400000
#define LABEL_DIGITS 8
#define MOVED_MOST 16 /* verified people of one nick whose place one command gives away */

static const uint8_t *room_id(const struct nicks *nicks) {
    return nicks->self->keys.id;
}

static struct people *people_of(const struct nicks *nicks) {
    const struct outside *outside = nicks->host->outside;
    nicks->host->people->today = (unsigned)(outside->wall_ms(outside->context) / DAY_MS);
    return nicks->host->people;
}

void nicks_label(const char *nick, const uint8_t key[static 32], char out[static NICKS_LABEL_SIZE]) {
    char fingerprint[FINGERPRINT_TEXT_SIZE];
    fingerprint_format(key, fingerprint);
    snprintf(out, NICKS_LABEL_SIZE, "%s#%.*s", nick, LABEL_DIGITS, fingerprint);
}

static void label_of(const struct peer *peer, char out[static NICKS_LABEL_SIZE]) {
    nicks_label(peer->introduction.nick, peer->introduction.identity, out);
}

static void tell_failure(const struct nicks *nicks, bool done, const struct why *why) {
    if (!done) room_events_error(nicks->events, why->text);
}

/* --- What is told --- */

/* "met on 12 days, last 2026-11-29" is too much for a line that says who is who. */
static void describe(const struct people_name *name, char out[static 32]) {
    snprintf(out, 32, "met on %u day%s", name->days, name->days == 1 ? "" : "s");
}

static void tell_shared(const struct nicks *nicks, const struct peer *peer, const struct people_name *other) {
    char newcomer[NICKS_LABEL_SIZE], known[NICKS_LABEL_SIZE], met[32], text[256];
    label_of(peer, newcomer);
    nicks_label(other->nick, other->person->key, known);
    describe(other, met);
    snprintf(text, sizeof text,
             "%s has the nick of %s, who is another key, %s here: somebody else, or a new key; /verify tells", newcomer,
             known, met);
    room_events_notice(nicks->events, text);
}

static bool may_alarm(struct nicks *nicks, uint64_t now) {
    if (nicks->alarmed > now + (NICKS_ALARMS - 1) * NICKS_ALARM_MS) return false;
    nicks->alarmed = later(nicks->alarmed, now) + NICKS_ALARM_MS;
    return true;
}

static void alarm(struct nicks *nicks, const struct peer *peer, const struct people_name *other, uint64_t now) {
    char newcomer[NICKS_LABEL_SIZE], verified[NICKS_LABEL_SIZE], text[512];
    if (!may_alarm(nicks, now)) return;
    label_of(peer, newcomer);
    nicks_label(other->nick, other->person->key, verified);
    snprintf(text, sizeof text,
             "KEY CHANGED: %s is not %s, whom you verified, but has another key. Blocked: nothing they say is shown, "
             "and nothing is said to them. Ask %s in another way; if that is the new key: /trust %s",
             newcomer, verified, other->nick, newcomer);
    struct event *event = room_events_make_text(nicks->events, EVENT_ERROR, peer, text, strlen(text));
    event->reason = EVENT_KEY_CHANGED;
    fingerprint_format(peer->introduction.identity, event->fingerprint);
    fingerprint_format(other->person->key, event->was);
    room_events_emit(nicks->events, event);
}

/* --- What is remembered --- */

/* They were met today, and whoever is met on more days is remembered longer. */
static void remember(const struct nicks *nicks, const struct peer *peer) {
    struct why why;
    bool done =
        people_met(people_of(nicks), room_id(nicks), peer->introduction.nick, peer->introduction.identity, &why);
    tell_failure(nicks, done, &why);
}

/* Endless new people are not; they are compared all the same. True: somebody may be told of. */
static bool remember_new(const struct nicks *nicks, const struct peer *peer, uint64_t now) {
    struct people *people = people_of(nicks);
    char text[160];
    if (people_admit(people, now)) {
        remember(nicks, peer);
        return true;
    }
    if (people_crowded(people)) {
        snprintf(text, sizeof text,
                 "more than %d new people came at once, who are not all remembered: from now on %d a minute are",
                 PEOPLE_NEW, 60000 / PEOPLE_NEW_MS);
        room_events_error(nicks->events, text);
    }
    return false;
}

static void judge(const struct nicks *nicks, struct member *member, bool barred, uint64_t now) {
    if (member->barred != barred) nicks->judged(nicks->context, member, barred, now);
}

/* It is called so now. `remembered`: its nicks did not come too fast. */
static void look_at(struct nicks *nicks, struct peer *peer, bool remembered, uint64_t now) {
    struct member *member = peer->owner;
    const struct people_name *other;
    enum people_claim claim =
        people_check(people_of(nicks), room_id(nicks), peer->introduction.nick, peer->introduction.identity, &other);
    member->verified = nicks_verified(nicks, peer->introduction.identity);
    if (claim == PEOPLE_TAKEN) alarm(nicks, peer, other, now);
    if (claim == PEOPLE_KNOWN) remember(nicks, peer);
    if (claim == PEOPLE_NEW_ONE && remembered) (void)remember_new(nicks, peer, now);
    if (claim == PEOPLE_SHARED && remembered) {
        struct people_name copy = *other; /* it may go where somebody is remembered */
        struct people_person person = *other->person;
        copy.person = &person;
        if (remember_new(nicks, peer, now)) tell_shared(nicks, peer, &copy);
    }
    judge(nicks, member, claim == PEOPLE_TAKEN, now);
}

/* Who comes and goes under ever new nicks has them checked, but no longer remembered. */
void nicks_identified(struct nicks *nicks, struct peer *peer, uint64_t now) {
    struct member *member = peer->owner;
    fingerprint_format(peer->introduction.identity, member->fingerprint);
    look_at(nicks, peer, author_may_rename(authors_of(nicks->authors, peer->pair.other_id, now), now), now);
}

void nicks_renamed(struct nicks *nicks, struct peer *peer, const char *nick, uint64_t now) {
    char before[TEXT_NICK_MAX + 1];
    memcpy(before, peer->introduction.nick, sizeof before);
    /* Whatever comes of it: nobody fills our disk or our screen with names. */
    if (strcmp(nick, before) == 0 || !author_may_rename(authors_of(nicks->authors, peer->pair.other_id, now), now))
        return;
    talking_set_nick(peer, nick);
    room_events_emit(nicks->events,
                     room_events_make_text(nicks->events, EVENT_PEER_NICK, peer, before, strlen(before)));
    look_at(nicks, peer, true, now);
}

bool nicks_verified(const struct nicks *nicks, const uint8_t key[static 32]) {
    return people_is_verified(nicks->host->people, key);
}

void nicks_claimed(const struct nicks *nicks, const struct chat_message *chat, char out[static TEXT_NICK_MAX + 1]) {
    const struct people_name *other;
    text_nick(chat->nick, chat->nick_size, out);
    bool own = memcmp(chat->author, nicks->host->identity->public, sizeof chat->author) == 0;
    if (*out && !own && people_check(people_of(nicks), room_id(nicks), out, chat->author, &other) == PEOPLE_TAKEN)
        *out = '\0';
}

void nicks_ours(const struct nicks *nicks, const char *nick) {
    char label[NICKS_LABEL_SIZE], text[256];
    const struct people_name *other;
    (void)people_check(people_of(nicks), room_id(nicks), nick, nicks->host->identity->public, &other);
    if (!other) return;
    nicks_label(other->nick, other->person->key, label);
    snprintf(text, sizeof text, "%s is called so, too: who has met them is told, and who has verified them bars us",
             label);
    room_events_notice(nicks->events, text);
}

/* --- Marks --- */

static bool is_here(const struct nicks *nicks, const uint8_t key[static 32]) {
    const struct member *member = members_by_identity(nicks->members, key);
    return member && peer_reachable(member->peer);
}

void nicks_look_again(struct nicks *nicks, uint64_t now) {
    for (size_t i = 0; i < nicks->members->count; i++) {
        struct member *member = nicks->members->list[i];
        const struct frame_introduction *introduction = &member->peer->introduction;
        const struct people_name *other;
        if (!member->peer->connected) continue;
        enum people_claim claim =
            people_check(people_of(nicks), room_id(nicks), introduction->nick, introduction->identity, &other);
        member->verified = nicks_verified(nicks, introduction->identity);
        judge(nicks, member, claim == PEOPLE_TAKEN, now);
        status_check(member, nicks->events, now);
        touch_peer(member->peer);
    }
}

/* What came of a mark, told once everybody was judged by it: who is told can rely on it. */
struct outcome {
    struct event *notices[MOVED_MOST + 1];
    size_t count;
};

static void note(const struct nicks *nicks, struct outcome *outcome, const struct peer *peer, const char *what) {
    char label[NICKS_LABEL_SIZE], text[400];
    label_of(peer, label);
    snprintf(text, sizeof text, "%s %s", label, what);
    outcome->notices[outcome->count++] = room_events_make_text(nicks->events, EVENT_NOTICE, NULL, text, strlen(text));
}

static void verify(const struct nicks *nicks, const struct peer *peer, bool verified, struct outcome *outcome) {
    struct people *people = people_of(nicks);
    struct why why;
    bool before = nicks_verified(nicks, peer->introduction.identity);
    if (verified) remember(nicks, peer); /* also where too many came at once */
    tell_failure(nicks, people_verify(people, peer->introduction.identity, verified, &why), &why);
    if (verified)
        note(nicks, outcome, peer,
             "is verified: whoever else comes under that nick from now on is blocked, and told of");
    else
        note(nicks, outcome, peer, before ? "is not verified any more" : "was not verified");
}

static void note_moved(const struct nicks *nicks, const struct peer *peer, const struct people_name *old,
                       struct outcome *outcome) {
    char label[NICKS_LABEL_SIZE], text[320];
    nicks_label(old->nick, old->person->key, label);
    if (old->person->verified)
        snprintf(text, sizeof text, "has the place of %s, but is not verified yet: /verify it anew", label);
    else
        snprintf(text, sizeof text, "has the place of %s from now on", label);
    note(nicks, outcome, peer, text);
}

/* Of the one whose place it takes. False: nobody's is left to be taken. */
static bool trust_one(const struct nicks *nicks, const struct peer *peer, struct outcome *outcome) {
    struct people *people = people_of(nicks);
    const struct frame_introduction *introduction = &peer->introduction;
    const struct people_name *other;
    struct why why;
    enum people_claim claim = people_check(people, room_id(nicks), introduction->nick, introduction->identity, &other);
    if (!other) return false;
    struct people_name copy = *other; /* it goes */
    struct people_person person = *other->person;
    copy.person = &person;
    if (!is_here(nicks, person.key)) {
        tell_failure(nicks, people_replace(people, person.key, introduction->identity, &why), &why);
        note_moved(nicks, peer, &copy, outcome);
        return true;
    }
    if (claim != PEOPLE_TAKEN) return false;
    remember(nicks, peer);
    note(nicks, outcome, peer, "is another one of that nick from now on: both are here");
    return true;
}

static bool is_taken(const struct nicks *nicks, const struct peer *peer) {
    const struct people_name *other;
    return people_check(people_of(nicks), room_id(nicks), peer->introduction.nick, peer->introduction.identity,
                        &other) == PEOPLE_TAKEN;
}

static void trust(const struct nicks *nicks, const struct peer *peer, struct outcome *outcome) {
    bool any = trust_one(nicks, peer, outcome);
    for (unsigned i = 1; any && i < MOVED_MOST && is_taken(nicks, peer); i++) (void)trust_one(nicks, peer, outcome);
    if (!any) note(nicks, outcome, peer, "needs no trust: nobody who is away is remembered under that nick");
}

void nicks_mark(struct nicks *nicks, const struct member *member, enum person_mark mark, uint64_t now) {
    struct outcome outcome = {.count = 0};
    switch (mark) {
    case MARK_VERIFIED:
    case MARK_UNVERIFIED: verify(nicks, member->peer, mark == MARK_VERIFIED, &outcome); break;
    case MARK_TRUSTED: trust(nicks, member->peer, &outcome); break;
    }
    nicks_look_again(nicks, now);
    for (size_t i = 0; i < outcome.count; i++) room_events_emit(nicks->events, outcome.notices[i]);
}
