/* The bootnode's configuration: sections [bootnode] and [cluster] of the file, over the defaults, under the command
 * line. conf/bootnode.ini explains every key. No two keys have one name, whatever their section. */
#pragma once

#include "bootnode/cluster_config.h"
#include "bootnode/guard/rate_limit.h"
#include "common/ini_table.h"

#define BOOTNODE_SECTION "bootnode"
/* What is listened on at most: the addresses of `listen`, and what stun_alternate adds (stun_alternate.h). */
#define BOOTNODE_LISTENERS_MAX (INI_ADDRESS_LIST_MAX + 3)

#define BOOTNODE_WORKERS_MAX 256

/* Fixed by the protocol's rules, so that nobody configures a bootnode that its clients misunderstand. */
#define BEAT_INTERVAL_MS 4000
#define BEAT_ANSWER_EVERY 3
#define SESSION_EXPIRY_MS 15000

enum relay_choice { RELAY_AUTO, RELAY_NEVER };

struct bootnode_config {
    struct ini_address_list listen;
    long long workers;                 /* 0: one for each processor that the process may run on */
    char key_file[INI_TEXT_SIZE];      /* empty: node_key_default_file */
    char previous_keys[INI_TEXT_SIZE]; /* see previous_keys.h */
    long long room_members;
    long long room_source_share; /* percent: see table/room_places.h */
    long long sessions;
    long long sessions_per_source;              /* 0: no cap */
    struct ini_path_list deny_file, allow_file; /* read whole, see guard/access_lists.h */
    long long node_id;
    long long receive_buffer;
    int log_level;  /* enum log_level */
    int log_format; /* enum log_format */
    bool log_addresses;
    char trace[INI_TEXT_SIZE]; /* as prefix_parse takes it; empty: nobody */
    long long restart_ms;      /* from the end until it serves again; clients are told as much and the spread */
    char drain[INI_TEXT_SIZE];
    long long rate_hello, rate_register, rate_stun, rate_reset, rate_update, rate_introduce, rate_move;
    int relay;                                                 /* enum relay_choice */
    long long relay_rate, relay_source_rate, relay_total_rate; /* bytes a second; 0: no limit */
    bool limit_loopback;
    bool pin_workers;
    struct ini_address_list metrics;        /* one address, or none: off */
    char metrics_host[INI_TEXT_SIZE];       /* see metrics_host.h */
    struct ini_address_list stun_alternate; /* the same */
    char public_address[INI_TEXT_SIZE];     /* see public_address.h */
    char user[INI_TEXT_SIZE];               /* as privileges_find takes it; empty: whoever started us */
    char control[INI_TEXT_SIZE];            /* see control_place.h */
    int sandbox;                            /* enum sandbox_choice */
    struct cluster_config cluster;
};

extern const struct ini_table bootnode_config_table;

/* What no key can tell alone: is `stun_alternate` another address and another port than one that is listened on? */
bool bootnode_config_fits(const struct bootnode_config *config);
/* Every rate with its burst: the configured number is a second's worth, a bucket holds that of some seconds. */
void bootnode_config_rates(const struct bootnode_config *config, struct rate out[static RATE_KIND_COUNT]);
/* How long it serves on once it is to end: milliseconds, or LAME_DUCK_AUTO. */
uint64_t bootnode_config_drain_ms(const struct bootnode_config *config);
/* How many workers to start: 1 to BOOTNODE_WORKERS_MAX. */
size_t bootnode_config_workers(const struct bootnode_config *config);
