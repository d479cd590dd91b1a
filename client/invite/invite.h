/* The string by which somebody joins a room, with nothing else given (PROTOCOL.md appendix B):
 *
 *   gochat://HOST[:PORT][,HOST…]/NAME#PAYLOAD
 *
 * It has the bootnodes, the room's name, the secrets, a print of each bootnode's key, and a checksum over all of it, so
 * that one that was mistyped is told from one that leads nowhere. Who has it can join: it is a secret, except for an
 * open room. Pure. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "client/keys/bootnodes.h"
#include "common/attributes.h"
#include "common/names.h"
#include "common/why.h"

#define INVITE_HOST_SIZE 272        /* a host of 253 bytes, brackets, a port and the zero */
#define INVITE_SECRET_MAX 64        /* bytes: more would make a string that nobody can handle */
#define INVITE_MOST_S (366 * 86400) /* one that ends lasts at most so long */
#define INVITE_TEXT_SIZE 2400       /* of the longest string, with the zero */

/* As the payload has them. */
enum invite_kind {
    INVITE_SECRET = 0,  /* an open room, or one with a secret or passphrase */
    INVITE_PRIVATE = 1, /* a private room: its root */
    INVITE_EPOCH = 2,   /* with a secret that took the first one's place, and its stamp */
    INVITE_DOOR = 3,    /* with a token that opens a door of its own, and the stamp of the present secret */
};

struct invite {
    enum invite_kind kind;
    bool passphrase;              /* INVITE_SECRET without a secret: who joins is asked for the room's passphrase */
    char room[ROOM_NAME_MAX + 1]; /* as room_name_parse makes it */
    struct invite_host {
        char name[INVITE_HOST_SIZE]; /* as invite_host_parse makes it */
        bool has_print;
        uint8_t print[KEY_PRINT_SIZE]; /* of the bootnode's key; never zeros */
    } hosts[BOOTNODES_MAX];
    size_t host_count;
    uint8_t root[PRIVATE_ROOT_SIZE];   /* but for INVITE_SECRET */
    uint8_t secret[INVITE_SECRET_MAX]; /* the secret, the epoch's, or the token */
    size_t secret_size;                /* 0: none, as an open room has none */
};

/* May that be meant for one? It begins with gochat://, whatever the case and what mail put before it. */
bool invite_is(const char *text);
/* Blanks and line breaks anywhere in it, and quotes, brackets and points around it, are what mail and people add: they
 * are taken away. False with one line in `why`: it is no invite, it was mistyped or cut off (and where that shows, if
 * it does), or its kind is one of later versions. The caller wipes `out`. */
MUST_USE bool invite_parse(const char *text, struct invite *out, struct why *why);
/* Of an invite for which invite_holds. */
void invite_format(const struct invite *invite, char out[static INVITE_TEXT_SIZE]);
bool invite_holds(const struct invite *invite);

/* A bootnode as an invite names it: in small letters, an address in its usual form, without the port that all have.
 * False where it is no HOST or HOST:PORT, or a link-local address, which means another link to somebody else. */
MUST_USE bool invite_host_parse(const char *given, char out[static INVITE_HOST_SIZE]);
/* Is this bootnode one of a list, as in the setting? */
bool invite_host_among(const char *host, const char *list);
