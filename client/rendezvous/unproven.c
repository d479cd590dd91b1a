#include "client/rendezvous/unproven.h"

#include <string.h>

#include "common/clock.h"
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

static void drop(struct unproven *unproven, size_t at) {
    unproven->list[at] = unproven->list[--unproven->count];
}

static void forget_old(struct unproven *unproven, uint64_t now) {
    for (size_t i = 0; i < unproven->count;)
        if (now - unproven->list[i].first >= UNPROVEN_REST_MS)
            drop(unproven, i);
        else
            i++;
}

/* --- Whether one more may be tried --- */

static bool is_of_one(const struct address *a, const struct address *b) {
    if (address_is_ipv4(a) || address_is_ipv4(b)) return address_same_ip(a, b);
    return memcmp(a->ip, b->ip, PREFIX_BYTES) == 0;
}

/* By the same kind of word: who only says so takes no place of who vouches. */
static bool host_has_place(const struct unproven *unproven, const struct address *address, enum unproven_word word,
                           uint64_t now) {
    size_t beside = 0;
    uint64_t last = 0;
    if (address_classify(address) == ADDRESS_LOOPBACK) return true;
    for (size_t i = 0; i < unproven->count; i++) {
        if (unproven->list[i].word != word || !is_of_one(&unproven->list[i].address, address)) continue;
        beside++;
        last = later(last, unproven->list[i].first);
    }
    return beside < UNPROVEN_OF_ONE || now - last >= UNPROVEN_ONE_MS;
}

static bool pay(uint64_t *spent_until, uint64_t now) {
    uint64_t until = later(*spent_until, now) + UNPROVEN_EVERY_MS;
    if (until - now > (uint64_t)UNPROVEN_PURSE * UNPROVEN_EVERY_MS) return false;
    *spent_until = until;
    return true;
}

static void make_place(struct unproven *unproven) {
    size_t oldest = 0;
    if (unproven->count < UNPROVEN_MAX) return;
    for (size_t i = 1; i < unproven->count; i++)
        if (unproven->list[i].first < unproven->list[oldest].first) oldest = i;
    drop(unproven, oldest);
}

static bool add(struct unproven *unproven, unsigned bootnode, const struct address *address, enum unproven_word word,
                uint64_t now) {
    if (!host_has_place(unproven, address, word, now) || !pay(&unproven->spent_until[bootnode][word], now))
        return false;
    make_place(unproven);
    unproven->list[unproven->count].address = *address;
    unproven->list[unproven->count].first = now;
    unproven->list[unproven->count].word = word;
    unproven->list[unproven->count++].hellos = 0;
    HOLDS(unproven_holds(unproven));
    return true;
}

bool unproven_take(struct unproven *unproven, unsigned bootnode, const struct address *address, uint64_t now) {
    if (is_proven(unproven, address)) return true;
    forget_old(unproven, now);
    size_t at = find(unproven, address);
    if (at == unproven->count && !add(unproven, bootnode, address, UNPROVEN_SAID, now)) return false;
    at = find(unproven, address);
    if (unproven->list[at].hellos == UNPROVEN_HELLOS) return false;
    unproven->list[at].hellos++;
    return true;
}

void unproven_vouched(struct unproven *unproven, unsigned bootnode, const struct address *address, uint64_t now) {
    if (is_proven(unproven, address)) return;
    size_t at = find(unproven, address);
    if (at == unproven->count) {
        (void)add(unproven, bootnode, address, UNPROVEN_VOUCHED, now);
        return;
    }
    unproven->list[at].word = UNPROVEN_VOUCHED;
    if (now - unproven->list[at].first < UNPROVEN_VOUCHED_MS) return;
    if (!pay(&unproven->spent_until[bootnode][UNPROVEN_VOUCHED], now)) return;
    unproven->list[at].first = now;
    unproven->list[at].hellos = 0;
}

/* --- Who is there --- */

void unproven_answered(struct unproven *unproven, const struct address *address) {
    size_t at = find(unproven, address);
    if (at < unproven->count) drop(unproven, at);
}

void unproven_registered(struct unproven *unproven, const struct address *address) {
    unproven_answered(unproven, address);
    if (is_proven(unproven, address)) return;
    unproven->proven[unproven->proven_next++ % UNPROVEN_PROVEN_MAX] = *address;
    if (unproven->proven_count < UNPROVEN_PROVEN_MAX) unproven->proven_count++;
}
