#include "client/rendezvous/unproven.h"

#include <string.h>

#include "common/holds.h"

#define PREFIX_BYTES 8 /* of IPv6 */

static size_t find(const struct unproven *unproven, const struct address *address) {
    size_t at = 0;
    while (at < unproven->count && !address_equal(&unproven->list[at].address, address)) at++;
    return at;
}

bool unproven_holds(const struct unproven *unproven) {
    if (unproven->count > UNPROVEN_MAX || unproven->proven_count > UNPROVEN_PROVEN_MAX) return false;
    for (size_t i = 0; i < unproven->count; i++)
        if (unproven->list[i].hellos > UNPROVEN_HELLOS || find(unproven, &unproven->list[i].address) != i) return false;
    return true;
}

static bool is_proven(const struct unproven *unproven, const struct address *address) {
    for (size_t i = 0; i < unproven->proven_count; i++)
        if (address_equal(&unproven->proven[i], address)) return true;
    return false;
}

static void forget_old(struct unproven *unproven, uint64_t now) {
    for (size_t i = 0; i < unproven->count;)
        if (now - unproven->list[i].first >= UNPROVEN_REST_MS)
            unproven->list[i] = unproven->list[--unproven->count];
        else
            i++;
}

static bool is_of_one(const struct address *a, const struct address *b) {
    if (address_is_ipv4(a) || address_is_ipv4(b)) return address_same_ip(a, b);
    return memcmp(a->ip, b->ip, PREFIX_BYTES) == 0;
}

static bool has_place(const struct unproven *unproven, const struct address *address) {
    size_t beside = 0;
    if (unproven->count == UNPROVEN_MAX) return false;
    if (address_classify(address) == ADDRESS_LOOPBACK) return true;
    for (size_t i = 0; i < unproven->count; i++) beside += is_of_one(&unproven->list[i].address, address);
    return beside < UNPROVEN_OF_ONE;
}

bool unproven_take(struct unproven *unproven, const struct address *address, uint64_t now) {
    if (is_proven(unproven, address)) return true;
    forget_old(unproven, now);
    size_t at = find(unproven, address);
    if (at == unproven->count) {
        if (!has_place(unproven, address)) return false;
        unproven->list[unproven->count].address = *address;
        unproven->list[unproven->count].first = now;
        unproven->list[unproven->count++].hellos = 0;
    }
    if (unproven->list[at].hellos == UNPROVEN_HELLOS) return false;
    unproven->list[at].hellos++;
    HOLDS(unproven_holds(unproven));
    return true;
}

static void drop(struct unproven *unproven, size_t at) {
    unproven->list[at] = unproven->list[--unproven->count];
}

void unproven_vouched(struct unproven *unproven, const struct address *address, uint64_t now) {
    size_t at = find(unproven, address);
    if (at < unproven->count && now - unproven->list[at].first >= UNPROVEN_VOUCHED_MS) drop(unproven, at);
}

void unproven_answered(struct unproven *unproven, const struct address *address) {
    size_t at = find(unproven, address);
    if (at < unproven->count) drop(unproven, at);
    if (is_proven(unproven, address)) return;
    unproven->proven[unproven->proven_next++ % UNPROVEN_PROVEN_MAX] = *address;
    if (unproven->proven_count < UNPROVEN_PROVEN_MAX) unproven->proven_count++;
}
