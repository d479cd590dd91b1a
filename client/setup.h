/* Everything the client needs before its threads start: files, keys, names, the socket. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "client/config.h"
#include "client/keys/bootnodes.h"
#include "client/keys/identity.h"
#include "client/keys/known_keys.h"
#include "client/keys/people.h"
#include "client/ui/ui.h"
#include "common/attributes.h"
#include "common/names.h"

struct setup {
    const struct client_config *config;
    /* What is wrong but keeps nobody from chatting: the user's to be told, once. */
    char warnings[UI_WARNINGS][UI_WARNING_SIZE];
    size_t warning_count;
    int write_error; /* errno: why nothing can be made in the data directory; 0: it can */
    char directory[4096];
    struct identity identity;
    struct people people;
    struct known_keys known_bootnodes;
    char nick[TEXT_NICK_MAX + 1];
    uint8_t secret[ROOM_SECRET_MAX];
    size_t secret_size;
    bool passphrase; /* it is one */
    bool enters;     /* it is the root of a private room, and behind it an invite's secret, if there is one */
    uint8_t suite_mask;
    struct bootnode bootnodes[BOOTNODES_MAX];
    size_t bootnode_count;
    int socket; /* -1: none */
    struct address bound;
};

#define SETUP_OK 0
#define SETUP_FAILED 1 /* the machine's state: a file, a port */
#define SETUP_USAGE 2  /* what the user wrote */

/* Opens everything. Anything but SETUP_OK has told one line on standard error; setup_close is due in each case. */
MUST_USE int setup_open(struct setup *setup, const struct client_config *config);
/* The data directory, for those who keep something there; NULL: it cannot be looked into. */
const char *setup_directory(const struct setup *setup);
void setup_close(struct setup *setup);
