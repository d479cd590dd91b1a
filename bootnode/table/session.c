#include "bootnode/table/session.h"

#include <assert.h>
#include <stddef.h>
#include <urcu/arch.h>

#include "common/bytes.h"

static_assert(offsetof(struct session, ack_key) == 64, "all that a heartbeat needs lies in one cache line");
static_assert(offsetof(struct session, wheel) == 128, "so does what sealing needs");
static_assert(offsetof(struct session, member_id) == 192, "and what expiry and announcing need");
static_assert(sizeof(struct session) == 256, "a slab is full of sessions to its last byte");

#define GENERATION_MASK 0xffffffU
#define SLOT_MASK 0xffffffU

struct session_name session_name_of(uint64_t id) {
    return (struct session_name){
        .generation = (uint32_t)(id >> 40),
        .slot = (uint32_t)(id >> 16) & SLOT_MASK,
        .node = (uint8_t)(id >> 8),
        .shard = (uint8_t)id,
    };
}

uint64_t session_id_of(struct session_name name) {
    return (uint64_t)(name.generation & GENERATION_MASK) << 40 | (uint64_t)(name.slot & SLOT_MASK) << 16 |
           (uint64_t)name.node << 8 | name.shard;
}

/* A sequence lock without fences, which the thread sanitizer does not know: the address itself is stored with release
 * and loaded with acquire, so a reader that saw any part of a new address also sees that the sequence has moved. The
 * sequence has 16 bits: a reader would have to sleep through 32,768 moves to be fooled. */
#define SEQUENCE_MASK 0xffffU

static uint64_t load_half(const uint8_t *ip) {
    struct reader reader = reader_over(ip, 8);
    return read_u64(&reader);
}

static void store_half(uint8_t *ip, uint64_t half) {
    struct writer writer = writer_over(ip, 8);
    write_u64(&writer, half);
}

struct address session_address(const struct session *session) {
    uint32_t before, after;
    uint64_t high, low;
    for (;;) {
        before = atomic_load_explicit(&session->address_port, memory_order_acquire);
        high = atomic_load_explicit(&session->address_ip[0], memory_order_acquire);
        low = atomic_load_explicit(&session->address_ip[1], memory_order_acquire);
        after = atomic_load_explicit(&session->address_port, memory_order_relaxed);
        if (before == after && before % 2 == 0) break;
        caa_cpu_relax();
    }
    struct address address = {.port = (uint16_t)(before >> 16)};
    store_half(address.ip, high);
    store_half(address.ip + 8, low);
    return address;
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

enum session_state session_state(const struct session *session) {
    return (enum session_state)(atomic_load_explicit(&session->generation_state, memory_order_acquire) & 0xff);
}

uint32_t session_elapsed(uint64_t now, uint32_t then) {
    uint32_t elapsed = (uint32_t)now - then;
    return elapsed > INT32_MAX ? 0 : elapsed;
}
