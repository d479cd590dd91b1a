#include "bootnode/contradictions.h"

#include <string.h>

/* --- Limits --- */

/* The lesser one has no effect beyond the greater one. 0 is no limit where a key has no larger minimum. */
static const struct {
    const char *lesser, *greater;
    size_t lesser_offset, greater_offset;
} orders[] = {
#define ORDER(lesser, greater)                                                                                         \
    { #lesser, #greater, offsetof(struct bootnode_config, lesser), offsetof(struct bootnode_config, greater) }
    ORDER(room_members, sessions),
    ORDER(sessions_per_source, sessions),
    ORDER(relay_rate, relay_source_rate),
    ORDER(relay_rate, relay_total_rate),
    ORDER(relay_source_rate, relay_total_rate),
#undef ORDER
};

static long long number_at(const struct faults *faults, size_t offset) {
    long long number;
    memcpy(&number, (const char *)faults->config + offset, sizeof number);
    return number;
}

/* Who makes a machine smaller than the defaults need not name all of them: so it is the lesser one that is looked at,
 * and only where somebody gave it. */
static void compare_limits(struct faults *faults) {
    char other[FAULTS_NAME_SIZE];
    for (size_t i = 0; i < sizeof orders / sizeof *orders; i++) {
        long long lesser = number_at(faults, orders[i].lesser_offset);
        long long greater = number_at(faults, orders[i].greater_offset);
        if (!faults_given(faults, orders[i].lesser) || !faults_known(faults, orders[i].greater)) continue;
        if (lesser == 0 || greater == 0 || lesser <= greater) continue;
        faults_add(faults, orders[i].lesser, 0, "expected no more than %s",
                   faults_name(faults, orders[i].greater, 0, other));
    }
}

/* --- Addresses --- */

/* What none of this machine's interfaces can have; NULL: nothing that is known. 0.0.0.0 and [::] stand for all that it
 * has. */
static const char *kind_of_nobody(const struct address *address) {
    static const uint8_t everybody[4] = {255, 255, 255, 255};
    const uint8_t *ipv4 = address->ip + 12;
    if (address_is_unspecified(address)) return NULL;
    if (!address_is_ipv4(address)) return address->ip[0] == 0xff ? "a multicast address" : NULL;
    if (ipv4[0] >= 224 && ipv4[0] < 240) return "a multicast address";
    if (memcmp(ipv4, everybody, sizeof everybody) == 0) return "the broadcast address";
    return ipv4[0] == 0 ? "no address of a machine" : NULL;
}

static void look_at_addresses(struct faults *faults, const char *key, const struct ini_address_list *list) {
    if (!faults_known(faults, key)) return;
    for (size_t i = 0; i < list->count; i++) {
        const char *kind = kind_of_nobody(&list->items[i]);
        if (kind) faults_add(faults, key, i, "%s, expected one of this machine's own", kind);
        if (address_is_scoped(&list->items[i]) && address_scope(&list->items[i]) == 0)
            faults_add(faults, key, i, "a link-local address, expected its interface, too, as in [fe80::1%%eth0]:9595");
    }
}

/* Where it is no other address than those of `listen`, clients learn nothing from it. */
static void compare_alternate(struct faults *faults) {
    if (!faults_known(faults, "listen") || !faults_given(faults, "stun_alternate")) return;
    if (!bootnode_config_fits(faults->config))
        faults_add(faults, "stun_alternate", 0,
                   "expected another address and another port than those listened on, of the same family");
}

/* --- The cluster --- */

/* Without these no node finds another. */
static void want_for_name(struct faults *faults) {
    static const struct {
        const char *key, *what;
    } wanted[] = {{"node_id", "a node_id in [bootnode], which no other node has"},
                  {"addresses", "addresses, too: those by which clients reach this node"},
                  {"nats", "nats, too: the servers by which the nodes hear each other"}};
    for (size_t i = 0; i < sizeof wanted / sizeof *wanted && faults_known(faults, "name"); i++)
        if (faults_known(faults, wanted[i].key) && !faults_given(faults, wanted[i].key))
            faults_add(faults, "name", 0, "expected %s", wanted[i].what);
}

/* Numbers do no harm without it, and --print-config prints them. */
static void want_name(struct faults *faults) {
    static const char *const keys[] = {"addresses",        "nats",      "nats_ca", "nats_cert", "nats_key",
                                       "nats_credentials", "state_file"};
    for (size_t i = 0; i < sizeof keys / sizeof *keys && faults_known(faults, "name"); i++)
        if (faults_given(faults, keys[i])) faults_add(faults, keys[i], 0, "expected name, too: which cluster is that?");
}

/* What others are to reach it by, and to be told. */
static void look_at_own_addresses(struct faults *faults) {
    const struct ini_address_list *list = &faults->config->cluster.addresses;
    look_at_addresses(faults, "addresses", list);
    for (size_t i = 0; i < list->count && faults_known(faults, "addresses"); i++) {
        if (address_is_unspecified(&list->items[i]))
            faults_add(faults, "addresses", i, "every address, expected the one that others reach");
        else if (list->items[i].port == 0)
            faults_add(faults, "addresses", i, "expected a port from 1 to 65535");
        else if (i > 0 && address_is_ipv4(&list->items[i]) == address_is_ipv4(&list->items[0]))
            faults_add(faults, "addresses", i, "expected one IPv4 address and one IPv6 address at most");
    }
}

/* The board's servers, and who we are to them. */
static void look_at_board(struct faults *faults) {
    struct cluster_servers servers;
    struct why ignored;
    const char *const of_tls[] = {"nats_ca", "nats_cert", "nats_key"};
    if (faults_given(faults, "nats_cert") != faults_given(faults, "nats_key") && faults_known(faults, "nats_cert") &&
        faults_known(faults, "nats_key"))
        faults_add(faults, faults_given(faults, "nats_cert") ? "nats_cert" : "nats_key", 0, "expected %s, too",
                   faults_given(faults, "nats_cert") ? "nats_key" : "nats_cert");
    if (faults_given(faults, "nats_credentials") && faults_given(faults, "nats_cert"))
        faults_add(faults, "nats_credentials", 0,
                   "expected either this or nats_cert: a server takes a node by one of them");
    if (!faults_known(faults, "nats") || !cluster_config_servers(faults->config->cluster.nats, &servers, &ignored))
        return;
    for (size_t i = 0; i < sizeof of_tls / sizeof *of_tls && servers.count > 0 && !servers.tls; i++)
        if (faults_given(faults, of_tls[i])) faults_add(faults, of_tls[i], 0, "expected tls:// in nats");
}

static void look_at_cluster(struct faults *faults) {
    if (!cluster_config_on(&faults->config->cluster)) {
        want_name(faults);
        return;
    }
    want_for_name(faults);
    look_at_own_addresses(faults);
    look_at_board(faults);
}

void contradictions_find(struct faults *faults) {
    look_at_addresses(faults, "listen", &faults->config->listen);
    look_at_addresses(faults, "stun_alternate", &faults->config->stun_alternate);
    look_at_addresses(faults, "metrics", &faults->config->metrics);
    compare_alternate(faults);
    compare_limits(faults);
    look_at_cluster(faults);
}
