/* Who is in a room, as the engine's events tell. Pure; every UI keeps one per room (conversations.h).
 *
 * A label is how a member is shown: the nick, filtered for a terminal, and always '#' with the first digits of the
 * key's fingerprint, so that nobody passes for another by a nick that looks alike. These are four, which somebody can
 * match within seconds who tries keys, and eight as soon as somebody else in the room, or we, have the same nick
 * (folded) or the same four. Before the key is known it is '?' and the first eight digits of the member id. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "client/events.h"

#define ROSTER_SUFFIX_DIGITS 4
#define ROSTER_ALIKE_DIGITS 8
#define ROSTER_LABEL_SIZE (3 * TEXT_NICK_MAX + 1 + ROSTER_ALIKE_DIGITS + 1)
#define ROSTER_FOLDED_SIZE (3 * TEXT_NICK_MAX + 1)

/* By what people are alike. */
struct roster_face {
    char folded[ROSTER_FOLDED_SIZE]; /* the nick, as much of it as there is room for */
    char fingerprint[FINGERPRINT_TEXT_SIZE];
};

struct member {
    uint8_t id[MEMBER_ID_SIZE];
    char nick[TEXT_NICK_MAX + 1]; /* empty: unknown yet */
    char label[ROSTER_LABEL_SIZE];
    struct roster_face face;
    unsigned alike; /* so many others are, ourselves among them */
    enum peer_standing standing;
    bool found;        /* was in the room before us */
    bool verified;     /* the number was compared */
    bool number_shown; /* by /verify, so that it can have been */
    bool known;        /* was connected: what follows is set */
    bool relayed;
    char relay[TEXT_NICK_MAX + 1]; /* relayed: the member who passes on; empty: a bootnode */
    struct address address;
    double rtt_ms;
    const char *cipher;
    const char *role; /* in a private room: "owner" or "op"; NULL: neither */
    char fingerprint[FINGERPRINT_TEXT_SIZE];
    char safety[SAFETY_NUMBER_TEXT_SIZE];
    unsigned waiting; /* messages of ours that it has not acknowledged */
};

/* Sorted by label, as strcasecmp(3) does, then by id. */
struct roster {
    struct member *members;
    size_t count, capacity;
    struct roster_face own;
};

void roster_clear(struct roster *roster);
/* Is each member there once, in that order, and labelled as above? */
bool roster_holds(const struct roster *roster);
/* We are called so. Pointers to members hold no longer. */
void roster_set_own(struct roster *roster, const char *nick, const char *fingerprint);
/* PEER_JOINED, _CONNECTED, _PATH, _STATUS, _NICK, _LEFT, and DECIDED; others change nothing. Returns the member it is
 * about, NULL when there is none (any more). Pointers to members hold until the next call. */
struct member *roster_apply(struct roster *roster, const struct event *event);
struct member *roster_find(const struct roster *roster, const uint8_t id[static MEMBER_ID_SIZE]);

enum roster_match { ROSTER_FOUND, ROSTER_NOBODY, ROSTER_SEVERAL };
/* By what a user writes: nick, nick#digits (four at least of the fingerprint), or the beginning (as many) of the member
 * id or of the fingerprint; a whole one of these means nobody else, even if nobody has it. Who is called exactly so (in
 * NFC) is meant, else the only one who is after full case folding (text_fold). A trailing ':' or ',' is not looked at,
 * unless somebody is called so. */
enum roster_match roster_named(const struct roster *roster, const char *name, struct member **out);
/* Is this one of those whom the name may mean? For telling them. */
bool roster_may_mean(const struct member *member, const char *name);

/* `out` as described above, of somebody to whom nobody is alike. `fingerprint` empty: by the id. */
void roster_label(const char *nick, const char *fingerprint, const uint8_t id[static MEMBER_ID_SIZE],
                  char out[static ROSTER_LABEL_SIZE]);
/* The same of anybody, who need not be in the room (any more). `roster` NULL: there is none. */
void roster_label_among(const struct roster *roster, const char *nick, const char *fingerprint,
                        const uint8_t id[static MEMBER_ID_SIZE], char out[static ROSTER_LABEL_SIZE]);
/* Is anybody else in the room, or are we, alike? */
bool roster_has_alike(const struct roster *roster, const char *nick, const char *fingerprint);
