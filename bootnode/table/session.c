#include "bootnode/table/session.h"

#include <assert.h>
#include <stddef.h>
#include <string.h>
#include <urcu/arch.h>

static_assert(offsetof(struct session, ack_key) == 64, "all that a heartbeat needs lies in one cache line");
static_assert(offsetof(struct session, wheel) == 128, "so does what sealing needs");
static_assert(offsetof(struct session, member_id) == 192, "and what expiry and announcing need");
static_assert(sizeof(struct session) == 256, "a slab is full of sessions to its last byte");

uint64_t session_id_of(struct session_name name) {
    return (uint64_t)(name.generation & SESSION_GENERATION_MASK) << 40 |
           (uint64_t)(name.slot & SESSION_SLOT_MASK) << 16 | (uint64_t)name.node << 8 | name.shard;
}

/* A sequence lock without fences, which the thread sanitizer does not know: the address itself is stored with release
 * and loaded with acquire, so a reader that saw any part of a new address also sees that the sequence has moved. The
 * sequence has 16 bits: a reader would have to sleep through 32,768 moves to be fooled. */
#define SEQUENCE_MASK 0xffffU

static uint64_t load_half(const uint8_t *ip) {
    uint64_t half;
    memcpy(&half, ip, sizeof half);
    return half;
}

/* One consistent look at what the sequence lock guards. */
struct place {
    uint64_t ip[2];
    uint16_t port;
};

static inline struct place place_of(const struct session *session) {
    uint32_t before, after;
    struct place place;
    for (;;) {
        before = atomic_load_explicit(&session->address_port, memory_order_acquire);
        place.ip[0] = atomic_load_explicit(&session->address_ip[0], memory_order_acquire);
        place.ip[1] = atomic_load_explicit(&session->address_ip[1], memory_order_acquire);
        after = atomic_load_explicit(&session->address_port, memory_order_relaxed);
        if (before == after && before % 2 == 0) break;
        caa_cpu_relax();
    }
    place.port = (uint16_t)(before >> 16);
    return place;
}

struct address session_address(const struct session *session) {
    struct place place = place_of(session);
    struct address address = {.port = place.port};
    memcpy(address.ip, place.ip, sizeof address.ip);
    return address;
}

bool session_is_at(const struct session *session, const struct address *address) {
    struct place place = place_of(session);
    return place.port == address->port && place.ip[0] == load_half(address->ip) &&
           place.ip[1] == load_half(address->ip + sizeof(uint64_t));
}

void session_set_address(struct session *session, const struct address *address, uint8_t endpoint) {
    uint32_t old = atomic_load_explicit(&session->address_port, memory_order_relaxed);
    uint32_t sequence = (old + 2) & SEQUENCE_MASK;
    atomic_store_explicit(&session->address_port, (old & ~SEQUENCE_MASK) | (sequence - 1), memory_order_relaxed);
    atomic_store_explicit(&session->address_ip[0], load_half(address->ip), memory_order_release);
    atomic_store_explicit(&session->address_ip[1], load_half(address->ip + 8), memory_order_release);
    atomic_store_explicit(&session->address_port, (uint32_t)address->port << 16 | sequence, memory_order_release);
    /* Not part of the sequence: each endpoint is valid at any time, at worst one datagram leaves from the former one.
     */
    atomic_store_explicit(&session->endpoint, endpoint, memory_order_relaxed);
}

uint32_t session_elapsed(uint64_t now, uint32_t then) {
    uint32_t elapsed = (uint32_t)now - then;
    return elapsed > INT32_MAX ? 0 : elapsed;
}

bool session_has_credit(const struct session *session, unsigned most) {
    if (session->unechoed < most || session_has_sign(session, SESSION_ECHOED)) return true;
    return atomic_load_explicit(&session->token, memory_order_relaxed) != session->pushed_token;
}

void session_charge(struct session *session, uint16_t token, size_t size) {
    if (token != session->pushed_token) session->unechoed = 0;
    session->pushed_token = token;
    size_t sum = session->unechoed + (size < SESSION_UNECHOED_LEAST ? SESSION_UNECHOED_LEAST : size);
    session->unechoed = (uint16_t)(sum < UINT16_MAX ? sum : UINT16_MAX);
}

bool session_listens(const struct session *session, uint64_t clock) {
    uint32_t silent = session_elapsed(clock, atomic_load_explicit(&session->heard_ms, memory_order_relaxed));
    return silent <= SESSION_SILENT_MS && !session_has_sign(session, SESSION_ASTRAY);
}

bool session_hears(const struct session *session, uint64_t clock) {
    return session_listens(session, clock) && !session_has_sign(session, SESSION_DEAF);
}

bool session_holds(const struct session *session) {
    uint32_t generation = atomic_load_explicit(&session->generation_state, memory_order_relaxed) >> 8;
    uint32_t sequence = atomic_load_explicit(&session->address_port, memory_order_relaxed) & SEQUENCE_MASK;
    return generation != 0 && session_state(session) <= SESSION_CONFIRMED && sequence % 2 == 0 &&
           session->candidates.count <= PACKED_CANDIDATES_MAX;
}
