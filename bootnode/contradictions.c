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

void contradictions_find(struct faults *faults) {
    look_at_addresses(faults, "listen", &faults->config->listen);
    look_at_addresses(faults, "stun_alternate", &faults->config->stun_alternate);
    look_at_addresses(faults, "metrics", &faults->config->metrics);
    compare_alternate(faults);
    compare_limits(faults);
}
