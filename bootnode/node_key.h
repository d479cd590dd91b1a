/* The bootnode's key: 32 random bytes in a file, from which everything else is derived (crypto_kdf, context "gcnode01":
 * subkey 1 is the key of reset tokens, PROTOCOL.md §2.2; subkey 2 the Noise static secret; subkey 3 makes the cookies
 * of a cluster, whose nodes share the file; subkey 4 the marks of their STUN requests). The file is as
 * seed_policy_service (common/seed_file.h) has it, with the public key beside it (key_record.h). */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bootnode/cluster/probe_mark.h"
#include "bootnode/guard/cookie.h"
#include "bootnode/previous_keys.h"
#include "common/attributes.h"
#include "common/seed_file.h"
#include "common/why.h"

#define NODE_PREVIOUS_KEYS_MAX PREVIOUS_KEYS_MAX

struct node_key {
    uint8_t public[32], secret[32]; /* X25519 */
    uint8_t reset_key[16];
    uint8_t seed[SEED_SIZE]; /* what the file holds */
};

/* What an operator has to know of a key that was opened: clients that know another one refuse this bootnode. */
enum node_key_news {
    NODE_KEY_KNOWN,   /* as at the last start, as far as can be told */
    NODE_KEY_MADE,    /* there was none */
    NODE_KEY_LOST,    /* made, though there was one: `before` */
    NODE_KEY_CHANGED, /* another one than at the last start: `before` */
};
struct node_key_story {
    enum node_key_news news;
    uint8_t before[32]; /* the public key */
};

void node_key_derive(const uint8_t seed[static SEED_SIZE], struct node_key *out);
/* What the cookies of a cluster are made with. */
void node_key_cookies(const struct node_key *key, uint8_t out[static COOKIE_SHARED_KEY_SIZE]);
/* And what its nodes mark their STUN requests with. */
void node_key_probes(const struct node_key *key, uint8_t out[static PROBE_MARK_KEY_SIZE]);
/* Reads the key file; where there is none, makes one with a new key, and the folders above it (0700). False with one
 * line in `why`. */
MUST_USE bool node_key_open(const char *file, struct node_key *out, struct node_key_story *story, struct why *why);
/* Reads it and makes none. */
MUST_USE bool node_key_load(const char *file, const struct seed_policy *policy, struct node_key *out, struct why *why);
/* Where the key lies when the configuration does not say: bootnode.key in $CREDENTIALS_DIRECTORY (systemd), if it is
 * there; else in $STATE_DIRECTORY (systemd), else in $XDG_STATE_HOME/gochat, else in ~/.local/state/gochat (home.h).
 * False with one line in `why`. */
MUST_USE bool node_key_default_file(char *out, size_t size, struct why *why);
void node_key_wipe(struct node_key *key);
