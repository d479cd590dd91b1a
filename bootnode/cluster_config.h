/* Section [cluster] of the bootnode's configuration: the bootnodes that share one key and one name, and the board
 * (NATS) on which they tell each other that they live. conf/bootnode.ini explains every key; which of them belong
 * together is contradictions.h's. Pure, but for cluster_config_state_file. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/attributes.h"
#include "common/ini_key.h"
#include "common/why.h"

#define CLUSTER_SECTION "cluster"

#define CLUSTER_NAME_MAX 32 /* bytes: a token of a NATS subject */
#define CLUSTER_SERVERS_MAX 8
#define CLUSTER_SERVER_SIZE 272 /* "tls://", a name of 253 bytes, ":65535" */
#define CLUSTER_ADDRESSES_MAX 2 /* one a family */
#define CLUSTER_REPLICAS_MAX 4  /* as many homes as a client registers with */
#define CLUSTER_WEIGHT_MAX 1000
#define CLUSTER_NATS_PORT 4222

struct cluster_config {
    char name[INI_TEXT_SIZE];             /* empty: no cluster, and all else here is of no use */
    char nats[INI_TEXT_SIZE];             /* see cluster_config_servers */
    char nats_credentials[INI_TEXT_SIZE]; /* files; empty: none */
    char nats_ca[INI_TEXT_SIZE];
    char nats_cert[INI_TEXT_SIZE], nats_key[INI_TEXT_SIZE]; /* both or none */
    struct ini_address_list addresses;                      /* ours, as clients reach us */
    long long replicas;                                     /* homes of a room: 1 to CLUSTER_REPLICAS_MAX */
    long long weight;                                       /* 1 to CLUSTER_WEIGHT_MAX; a reload changes it */
    char state_file[INI_TEXT_SIZE];                         /* empty: cluster_config_state_file knows one */
};

/* The servers of the board. */
struct cluster_servers {
    char items[CLUSTER_SERVERS_MAX][CLUSTER_SERVER_SIZE]; /* "nats://HOST:PORT" or "tls://HOST:PORT" */
    size_t count;
    bool tls; /* all of them, or none */
};

static inline bool cluster_config_on(const struct cluster_config *config) {
    return config->name[0] != '\0';
}

/* What their keys take: for the table of settings. */
bool cluster_config_name_valid(const char *value);
bool cluster_config_nats_valid(const char *value);

/* Reads `nats`: servers separated by commas, each a URL with nats or tls, a host and perhaps a port. All have the same
 * one of both: a list with both would tell some server in the clear what the others are told in secret. A URL with
 * USER:PASSWORD@ is refused, since settings and logs are no place for those. False with "expected …" in `why`. */
MUST_USE bool cluster_config_servers(const char *value, struct cluster_servers *out, struct why *why);

/* Where the last view is kept: `state_file`, or "cluster.state" where the bootnode keeps its state ($STATE_DIRECTORY,
 * else $XDG_STATE_HOME/gochat, else ~/.local/state/gochat). False where there is no such place. */
MUST_USE bool cluster_config_state_file(const struct cluster_config *config, char out[static INI_TEXT_SIZE]);
