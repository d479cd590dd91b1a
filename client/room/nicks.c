#include "client/room/nicks.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "client/peer/talking.h"
#include "common/why.h"

#define KNOWN_NAME_SIZE (2 * ROOM_TAG_SIZE + 1 + 2 * TEXT_NICK_MAX + 1)
#define WHY_SIZE 512
#define DAY_MS 86400000

/* As known_peers has it: a nick is bound to the first key that used it in this room. */
static void known_name(const struct nicks *nicks, const char *nick, char out[static KNOWN_NAME_SIZE]) {
    sodium_bin2hex(out, KNOWN_NAME_SIZE, nicks->self->keys.id, ROOM_ID_SIZE);
    out[2 * ROOM_TAG_SIZE] = ':';
    sodium_bin2hex(out + 2 * ROOM_TAG_SIZE + 1, 2 * TEXT_NICK_MAX + 1, (const uint8_t *)nick, strlen(nick));
}

static enum known_result check(const struct nicks *nicks, const char *nick, const uint8_t *key, unsigned *line) {
    char name[KNOWN_NAME_SIZE];
    known_name(nicks, nick, name);
    return known_keys_check(nicks->host->known_peers, name, key, line);
}

/* It was met today, and whoever is met on more days is remembered longer. */
static void remember(const struct nicks *nicks, const char *nick, const uint8_t *key) {
    const struct outside *outside = nicks->host->outside;
    struct known_keys *known = nicks->host->known_peers;
    char name[KNOWN_NAME_SIZE];
    struct why why;
    known_name(nicks, nick, name);
    known->today = (unsigned)(outside->wall_ms(outside->context) / DAY_MS);
    if (!known_keys_remember(known, name, key, &why)) room_events_error(nicks->events, why.text);
}

/* Endless new names are not; they are compared all the same. */
static void remember_new(const struct nicks *nicks, const char *nick, const uint8_t *key, uint64_t now) {
    struct known_keys *known = nicks->host->known_peers;
    char text[160];
    if (known_keys_admit(known, now)) {
        remember(nicks, nick, key);
    } else if (known_keys_crowded(known)) {
        snprintf(text, sizeof text,
                 "more than %d new names came at once, which are not all remembered: from now on %d a minute are",
                 KNOWN_KEYS_NEW, 60000 / KNOWN_KEYS_NEW_MS);
        room_events_error(nicks->events, text);
    }
}

static void tell_taken(const struct nicks *nicks, const struct peer *peer, const char *nick, unsigned line,
                       const char *consequence) {
    char fingerprint[FINGERPRINT_TEXT_SIZE], place[KNOWN_KEYS_PLACE_SIZE], text[1024];
    fingerprint_format(peer->introduction.identity, fingerprint);
    known_keys_place(nicks->host->known_peers, line, place);
    snprintf(text, sizeof text,
             "somebody calls themselves %s, but with another key (fingerprint %s) than the one remembered in "
             "%s: %s. If %s really has a new key, %s",
             nick, fingerprint, place, consequence, nick, known_keys_remedy(line));
    room_events_error(nicks->events, text);
}

/* Ours may be another's, too; but remembered as another's, it would be lost to us. */
static bool is_ours(const struct nicks *nicks, const char *nick) {
    return strcmp(nick, nicks->host->nick) == 0;
}

/* Who comes and goes under ever new nicks has them checked, but no longer remembered. */
bool nicks_identified(const struct nicks *nicks, const struct peer *peer, uint64_t now) {
    const char *nick = peer->introduction.nick;
    unsigned line;
    switch (check(nicks, nick, peer->introduction.identity, &line)) {
    case KNOWN_SAME: remember(nicks, nick, peer->introduction.identity); return true;
    case KNOWN_NEW:
        if (author_may_rename(authors_of(nicks->authors, peer->pair.other_id, now), now) && !is_ours(nicks, nick))
            remember_new(nicks, nick, peer->introduction.identity, now);
        return true;
    case KNOWN_CHANGED: tell_taken(nicks, peer, nick, line, "blocked"); break;
    }
    return false;
}

void nicks_renamed(const struct nicks *nicks, struct peer *peer, const char *nick, uint64_t now) {
    char before[TEXT_NICK_MAX + 1], consequence[2 * TEXT_NICK_MAX + 64];
    memcpy(before, peer->introduction.nick, sizeof before);
    /* Whatever comes of it: nobody fills our disk or our screen with names. */
    if (strcmp(nick, before) == 0 || !author_may_rename(authors_of(nicks->authors, peer->pair.other_id, now), now))
        return;
    if (is_ours(nicks, nick)) {
        snprintf(consequence, sizeof consequence, "%s wants our nick: still called %s here", before, before);
        room_events_error(nicks->events, consequence);
        return;
    }
    unsigned line;
    enum known_result known = check(nicks, nick, peer->introduction.identity, &line);
    if (known == KNOWN_CHANGED) {
        snprintf(consequence, sizeof consequence, "still called %s here", before);
        tell_taken(nicks, peer, nick, line, consequence);
        return;
    }
    if (known == KNOWN_NEW) remember_new(nicks, nick, peer->introduction.identity, now);
    talking_set_nick(peer, nick);
    room_events_emit(nicks->events,
                     room_events_make_text(nicks->events, EVENT_PEER_NICK, peer, before, strlen(before)));
}

void nicks_claimed(const struct nicks *nicks, const struct chat_message *chat, char out[static TEXT_NICK_MAX + 1]) {
    unsigned line;
    text_nick(chat->nick, chat->nick_size, out);
    bool own = memcmp(chat->author, nicks->host->identity->public, sizeof chat->author) == 0;
    bool taken = !own && is_ours(nicks, out);
    if (*out && (taken || check(nicks, out, chat->author, &line) == KNOWN_CHANGED)) *out = '\0';
}

bool nicks_free(const struct nicks *nicks, const char *nick) {
    unsigned line;
    if (check(nicks, nick, nicks->host->identity->public, &line) != KNOWN_CHANGED) return true;
    char text[WHY_SIZE + 128], place[KNOWN_KEYS_PLACE_SIZE];
    known_keys_place(nicks->host->known_peers, line, place);
    snprintf(text, sizeof text, "%s is somebody else's nick here (remembered in %s)", nick, place);
    room_events_error(nicks->events, text);
    return false;
}
