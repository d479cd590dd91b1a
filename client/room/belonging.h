/* How a member of a private room stands to us, and what the room's council asks its host for. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "client/charter/admission.h"
#include "client/charter/charter_messages.h"
#include "client/keys/key_sets.h"
#include "common/names.h"

/* After council_gone: it has shown no key. */
struct belonging {
    bool shown; /* its key, in a handshake under a set of this role: */
    uint8_t key[32];
    uint8_t id[MEMBER_ID_SIZE];
    enum key_set_role role;
    uint8_t door_token[PRIVATE_SECRET_SIZE]; /* of KEY_SET_DOOR */
    bool connected;
    enum admission_kind kind;
    bool note;  /* we are to say "member" of it */
    bool heard; /* its digest: */
    uint8_t digest[CHARTER_DIGEST_SIZE];
    bool told;                /* all, since our charter was another one */
    uint64_t tell_at;         /* all that is kept, if it lacks something; NEVER: nothing is to be told */
    uint64_t full_after;      /* and not before */
    uint64_t checked, forged; /* ms: what its signatures, and its wrong ones, cost is paid off then */
    uint64_t dismiss_at;      /* the host's: it was told why, and bye is due; NEVER: it is not */
};

struct council_host {
    void *context;
    /* The members, by number; NULL: there are no more. */
    struct belonging *(*member)(void *context, size_t number);
    /* One message of the reliable stream. */
    void (*tell)(void *context, struct belonging *to, const uint8_t *message, size_t size, uint64_t now);
    /* Has what it was told arrived, but for little? */
    bool (*keeps_up)(void *context, const struct belonging *who);
    /* It is a member from now on, or not any more without anything against it. */
    void (*review)(void *context, struct belonging *who, uint64_t now);
    /* It is none: what waits for it is dropped, then it is told why, and bye is due. */
    void (*shut_out)(void *context, struct belonging *who, uint64_t now);
    /* The charter is another one: who was shut out may belong here again. */
    void (*changed)(void *context, uint64_t now);
    /* This is the present set. */
    void (*rekey)(void *context, const struct key_set *set, uint64_t now);
    /* It holds what we hold, and so has the present set. */
    void (*agrees)(void *context, const struct belonging *who);
    /* Something was said, for people to see; of a person, how it stood `before`. */
    void (*said)(void *context, const struct statement *statement, enum standing before, uint64_t now);
    /* Somebody does not let us in, or we hear that we are removed (`by` whom; NULL: not said). */
    void (*refused)(void *context, enum verdict verdict, const uint8_t *by, uint64_t now);
    /* Puts the room on the disk. */
    void (*save)(void *context, uint64_t now);
    uint64_t (*wall_ms)(void *context, uint64_t now); /* the room's time */
};
