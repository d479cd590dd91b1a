#include "bootnode/config.h"

#include <sched.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

#include "bootnode/control_place.h"
#include "bootnode/guard/spread.h"
#include "bootnode/lame_duck.h"
#include "bootnode/metrics_host.h"
#include "bootnode/previous_keys.h"
#include "bootnode/public_address.h"
#include "bootnode/stun_alternate.h"
#include "bootnode/table/room.h"
#include "common/log_format.h"
#include "common/prefix.h"
#include "common/sandbox/sandbox.h"
#include "common/udp.h"
#include "common/units.h"
#include "common/wire/bootnode_bodies.h"
#include "common/wire/bootnode_packets.h"

#define DRAIN_MOST_MS 3600000
#define SESSIONS_MAX (1LL << 30)
/* Of how many members at their limit one takes all that is passed on to it. */
#define RELAYED_SENDERS 4

static const char *const relay_choices[] = {[RELAY_AUTO] = "auto", [RELAY_NEVER] = "never", NULL};

static bool parse_drain(const char *text, uint64_t *ms) {
    long long time = 0;
    struct why why;
    *ms = LAME_DUCK_AUTO;
    if (strcmp(text, "auto") == 0) return true;
    if (!units_parse("ms", false, text, &time, &why) || time < 0 || time > DRAIN_MOST_MS) return false;
    *ms = (uint64_t)time;
    return true;
}

#define KEY(field, ...)                                                                                                \
    { .section = BOOTNODE_SECTION, .name = #field, .offset = offsetof(struct bootnode_config, field), __VA_ARGS__ }
#define CLUSTER_KEY(field, ...)                                                                                        \
    {                                                                                                                  \
        .section = CLUSTER_SECTION, .name = #field, .offset = offsetof(struct bootnode_config, cluster.field),         \
        __VA_ARGS__                                                                                                    \
    }
#define RATE(field, rate, what)                                                                                        \
    KEY(field, .type = INI_INTEGER, .unit = "/s", .bare = true, .min = 0, .max = RATE_MAX, .fallback = (rate),         \
        .help = (what))
#define BYTE_RATE(field, rate, what)                                                                                   \
    KEY(field, .type = INI_INTEGER, .unit = "B/s", .bare = true, .min = 0, .max = RATE_BYTES_MAX, .fallback = (rate),  \
        .help = (what))

static bool is_address_or_nothing(const char *value) {
    struct address address;
    return *value == '\0' || address_parse(value, 0, &address);
}

static bool is_place_or_nothing(const char *value) {
    struct address address;
    return *value == '\0' || (address_parse(value, 0, &address) && address_classify(&address) != ADDRESS_UNUSABLE);
}

static bool is_public_or_nothing(const char *value) {
    struct public_addresses ignored;
    return public_address_parse(value, &ignored);
}

/* Whether there is such a user is another question, with an answer that says more (settings.c). */
static bool is_user_or_nothing(const char *value) {
    const char *colon = strchr(value, ':');
    return !strpbrk(value, " \t") && colon != value && (!colon || (colon[1] != '\0' && !strchr(colon + 1, ':')));
}

static bool is_drain(const char *value) {
    uint64_t ignored;
    return parse_drain(value, &ignored);
}

static bool is_network_or_nothing(const char *value) {
    struct prefix ignored;
    struct why why;
    return *value == '\0' || prefix_parse(value, &ignored, &why);
}

static const struct ini_key keys[] = {
    KEY(listen, .type = INI_ADDRESS_LIST, .restart = true, .min = 1, .max = INI_ADDRESS_LIST_MAX, .port = BOOTNODE_PORT,
        .fallback = "[::]:9595", .help = "UDP addresses to listen on"),
    KEY(workers, .type = INI_AUTO_INTEGER, .restart = true, .min = 1, .max = BOOTNODE_WORKERS_MAX, .fallback = "auto",
        .help = "threads that serve packets"),
    KEY(pin_workers, .type = INI_BOOLEAN, .restart = true, .fallback = "off",
        .help = "whether each worker keeps to one processor"),
    KEY(key_file, .type = INI_PATH, .restart = true, .min = 1, .max = INI_TEXT_SIZE - 1,
        .help = "the bootnode's key, made when missing"),
    KEY(previous_keys, .type = INI_TEXT, .restart = true, .fallback = PREVIOUS_KEYS_AUTO, .check = previous_keys_valid,
        .expected = "auto, none, or up to 4 files, the newest first",
        .help = "keys that it had before, whose clients are led to the present one"),
    KEY(room_members, .type = INI_INTEGER, .min = 2, .max = ROOM_MEMBERS_MAX, .fallback = "128",
        .help = "most members of a room"),
    KEY(room_source_share, .type = INI_INTEGER, .unit = "%", .bare = true, .min = 1, .max = 100, .fallback = "25%",
        .help = "how many of a room's places for one source address, once it is three quarters full"),
    KEY(sessions, .type = INI_INTEGER, .min = 1, .max = SESSIONS_MAX, .fallback = "1000000",
        .help = "most sessions in all"),
    KEY(sessions_per_source, .type = INI_INTEGER, .min = 0, .max = SESSIONS_MAX, .fallback = "512",
        .help = "most sessions of one source address"),
    KEY(deny_file, .type = INI_PATH_LIST, .max = INI_PATH_LIST_MAX, .help = "lists of networks that are kept out"),
    KEY(allow_file, .type = INI_PATH_LIST, .max = INI_PATH_LIST_MAX,
        .help = "lists of networks that are let in, whatever else keeps them out"),
    KEY(node_id, .type = INI_INTEGER, .restart = true, .min = 0, .max = 255, .fallback = "0",
        .help = "number of this bootnode among those that share a name"),
    KEY(receive_buffer, .type = INI_INTEGER, .unit = "B", .bare = true, .restart = true, .min = 0, .max = 1 << 30,
        .fallback = "4MiB", .help = "what the kernel keeps per socket"),
    KEY(log_level, .type = INI_CHOICE, .choices = log_level_names, .fallback = "info", .help = "what is logged"),
    KEY(log_format, .type = INI_CHOICE, .choices = log_format_names, .fallback = "auto",
        .help = "what a line of the log looks like"),
    KEY(log_addresses, .type = INI_BOOLEAN, .fallback = "off", .help = "whether the log has addresses of clients"),
    KEY(trace, .type = INI_TEXT, .check = is_network_or_nothing,
        .expected = "a network or an address, as in 192.0.2.0/24, or nothing",
        .help = "whose packets are followed in the log"),
    KEY(restart_ms, .type = INI_INTEGER, .unit = "ms", .bare = true, .min = 0, .max = NOTICE_MOST_MS - SPREAD_MAX_MS,
        .fallback = "500ms", .help = "how long a restart takes"),
    KEY(drain, .type = INI_TEXT, .check = is_drain, .fallback = "auto",
        .expected = "auto, or a time of an hour at most, as in 30s or 5min",
        .help = "how long it goes on serving once it is to end"),
    KEY(stun_alternate, .type = INI_ADDRESS_LIST, .restart = true, .max = 1, .check = is_place_or_nothing,
        .expected = "ADDR:PORT, another address and another port than those listened on, or nothing",
        .help = "tells clients how their NAT behaves"),
    KEY(public_address, .type = INI_TEXT, .restart = true, .check = is_public_or_nothing,
        .expected = "public IP addresses without a port, one of each family, or LOCAL=PUBLIC, as in "
                    "192.0.2.1, 10.0.0.6=192.0.2.2, or nothing",
        .help = "the bootnode's addresses as the Internet has them"),
    KEY(metrics, .type = INI_ADDRESS_LIST, .restart = true, .max = 1, .check = is_address_or_nothing,
        .expected = "ADDR:PORT, as in 127.0.0.1:9596, or nothing", .help = "TCP address that tells operators about us"),
    KEY(metrics_host, .type = INI_TEXT, .check = metrics_host_list_valid,
        .expected = "host names without a port, separated by commas, or nothing",
        .help = "names by which that address is asked"),
    KEY(control, .type = INI_TEXT, .restart = true, .check = control_place_is_valid, .fallback = "auto",
        .expected = "auto, off, or a path of at most 107 bytes that begins with / or ~",
        .help = "socket by which the operator commands us"),
    KEY(user, .type = INI_TEXT, .restart = true, .check = is_user_or_nothing,
        .expected = "a user of this machine, as in gochat or gochat:gochat, with a group, or nothing",
        .help = "who the bootnode becomes where root starts it"),
    KEY(sandbox, .type = INI_CHOICE, .restart = true, .choices = sandbox_choices, .fallback = "on",
        .help = "whether it is shut off from the rest of the machine"),
    RATE(rate_hello, "100/s", "HELLO of one address"),
    RATE(rate_register, "50/s", "REGISTER of one address"),
    RATE(rate_stun, "20/s", "STUN requests of one address"),
    RATE(rate_reset, "100/s", "RESET answers of one address"),
    RATE(rate_update, "2/s", "UPDATE of one session"),
    RATE(rate_introduce, "2/s", "INTRODUCE of one session"),
    RATE(rate_move, "2/s", "MOVE of one session"),
    KEY(relay, .type = INI_CHOICE, .choices = relay_choices, .fallback = "auto",
        .help = "whether packets are passed on between members who do not reach each other"),
    BYTE_RATE(relay_rate, "64KiB/s", "what a session may have passed on"),
    BYTE_RATE(relay_source_rate, "512KiB/s", "what the sessions of an address may have passed on"),
    BYTE_RATE(relay_total_rate, "100Mbit/s", "what is passed on in all"),
    KEY(limit_loopback, .type = INI_BOOLEAN, .restart = true, .fallback = "on",
        .help = "whether the limits hold on loopback, too"),
    CLUSTER_KEY(name, .type = INI_TEXT, .restart = true, .check = cluster_config_name_valid,
                .expected = "at most 32 letters, digits, - and _, as in town, or nothing",
                .help = "the cluster that this bootnode is a node of"),
    CLUSTER_KEY(addresses, .type = INI_ADDRESS_LIST, .restart = true, .max = CLUSTER_ADDRESSES_MAX,
                .port = BOOTNODE_PORT, .help = "its own addresses, as clients reach them: one a family"),
    CLUSTER_KEY(replicas, .type = INI_INTEGER, .restart = true, .min = 1, .max = CLUSTER_REPLICAS_MAX, .fallback = "2",
                .help = "how many nodes are home of a room"),
    CLUSTER_KEY(weight, .type = INI_INTEGER, .min = 1, .max = CLUSTER_WEIGHT_MAX, .fallback = "100",
                .help = "how much of all rooms it takes, beside the others' weights"),
    CLUSTER_KEY(nats, .type = INI_TEXT, .restart = true, .check = cluster_config_nats_valid,
                .expected = "up to 8 servers, separated by commas, all with tls:// or all with nats://, as in "
                            "tls://nats1.example.org:4222, without a user, or nothing",
                .help = "NATS servers by which the nodes hear each other"),
    CLUSTER_KEY(nats_ca, .type = INI_PATH, .restart = true, .help = "who vouches for those servers"),
    CLUSTER_KEY(nats_cert, .type = INI_PATH, .restart = true, .help = "the certificate that this node shows them"),
    CLUSTER_KEY(nats_key, .type = INI_PATH, .restart = true, .help = "and its key"),
    CLUSTER_KEY(nats_credentials, .type = INI_PATH, .restart = true,
                .help = "or a file with user and password, or what nsc made"),
    CLUSTER_KEY(state_file, .type = INI_PATH, .restart = true,
                .help = "where the last view of the cluster is kept over restarts"),
};

const struct ini_table bootnode_config_table = {
    .keys = keys, .count = sizeof keys / sizeof keys[0], .target_size = sizeof(struct bootnode_config)};

bool bootnode_config_fits(const struct bootnode_config *config) {
    struct stun_alternate ignored;
    return config->stun_alternate.count == 0 || stun_alternate_choose(config->listen.items, config->listen.count,
                                                                      &config->stun_alternate.items[0], &ignored);
}

/* A second's worth, so that nobody's packets wait behind another's for long; and a whole packet. */
static struct rate byte_rate(long long per_second) {
    uint32_t rate = (uint32_t)per_second;
    return (struct rate){rate, rate < UDP_DATAGRAM_MAX ? UDP_DATAGRAM_MAX : rate};
}

void bootnode_config_rates(const struct bootnode_config *config, struct rate out[static RATE_KIND_COUNT]) {
    /* A house full of people behind one address comes back at once after a cut: ten seconds' worth. */
    static const uint32_t burst_seconds[RATE_KIND_COUNT] = {
        10, 10, 10, 10, [RATE_UPDATE] = 4, [RATE_INTRODUCE] = 4, [RATE_MOVE] = 4};
    const long long rates[RATE_KIND_COUNT] = {
        [RATE_HELLO] = config->rate_hello,   [RATE_REGISTER] = config->rate_register,
        [RATE_STUN] = config->rate_stun,     [RATE_RESET] = config->rate_reset,
        [RATE_UPDATE] = config->rate_update, [RATE_INTRODUCE] = config->rate_introduce,
        [RATE_MOVE] = config->rate_move};
    for (size_t i = 0; i < RATE_KIND_COUNT; i++)
        out[i] = (struct rate){(uint32_t)rates[i], (uint32_t)rates[i] * burst_seconds[i]};
    out[RATE_RELAY] = byte_rate(config->relay_rate);
    out[RATE_RELAY_SOURCE] = byte_rate(config->relay_source_rate);
    out[RATE_RELAYED] = byte_rate(config->relay_rate * RELAYED_SENDERS);
    out[RATE_RELAY_TOTAL] = byte_rate(config->relay_total_rate);
    out[RATE_REGISTER_BUSY] = (struct rate){BUSY_REGISTERS, BUSY_REGISTERS};
    out[RATE_REFUSAL] = (struct rate){BUSY_REFUSALS, BUSY_REFUSALS};
    out[RATE_REFUSAL_TOTAL] = (struct rate){BUSY_REFUSALS_TOTAL, BUSY_REFUSALS_TOTAL};
    out[RATE_PROBE] = (struct rate){NODES_PROBES, NODES_PROBES};
    out[RATE_RESET_BUSY] = (struct rate){BUSY_RESETS, BUSY_RESETS_BURST};
}

uint64_t bootnode_config_drain_ms(const struct bootnode_config *config) {
    uint64_t ms;
    return parse_drain(config->drain, &ms) ? ms : LAME_DUCK_AUTO;
}

/* The set has bits for 1,024; where the kernel knows of more it refuses to fill it. */
static long processors(void) {
    cpu_set_t allowed;
    return sched_getaffinity(0, sizeof allowed, &allowed) == 0 ? CPU_COUNT(&allowed) : sysconf(_SC_NPROCESSORS_ONLN);
}

size_t bootnode_config_workers(const struct bootnode_config *config) {
    if (config->workers > 0) return (size_t)config->workers;
    long count = processors();
    return count < 1 ? 1 : count > BOOTNODE_WORKERS_MAX ? BOOTNODE_WORKERS_MAX : (size_t)count;
}
