#include "bench/support/crowd.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "bootnode/table/shard_join.h"

struct shard *crowd_shard_create(void) {
    static const struct shard_limits limits = {.expiry_ms = 15000, .places = {.members = 512}, .sessions = UINT32_MAX};
    uint8_t key[16];
    struct shard *shard = aligned_alloc(64, (sizeof *shard + 63) / 64 * 64);
    if (!shard) return NULL;
    randombytes_buf(key, sizeof key);
    if (shard_init(shard, 0, 0, &limits, key, -1, CROWD_START)) return shard;
    free(shard);
    return NULL;
}

void crowd_shard_destroy(struct shard *shard) {
    shard_destroy(shard);
    free(shard);
}

uint64_t crowd_room(const struct crowd *crowd, uint64_t member) {
    return crowd->interleaved ? member % crowd->rooms : member / ((crowd->size + crowd->rooms - 1) / crowd->rooms);
}

/* Distinct, and without order. */
static void name(uint64_t number, uint8_t kind, uint8_t out[static 16]) {
    static const uint8_t key[crypto_shorthash_siphashx24_KEYBYTES];
    const uint64_t named[2] = {number, kind};
    crypto_shorthash_siphashx24(out, (const uint8_t *)named, sizeof named, key);
}

static void name_body(const struct crowd *crowd, uint64_t member, struct register_body *body) {
    *body = (struct register_body){.suite_mask = 1, .revision = 1, .candidates = {.count = 2}};
    name(crowd_room(crowd, member), 0, body->room_tag);
    name(member, 1, body->member_id);
    struct address *candidates = body->candidates.items;
    candidates[0] = (struct address){.ip = {[10] = 0xff, 0xff, 10, 0, 0, 7}, .port = 9595};
    candidates[1] = (struct address){.ip = {[10] = 0xff, 0xff, 198, 51, 100, 7}, .port = 9595};
}

bool crowd_join(struct crowd *crowd, uint64_t member, uint64_t now) {
    static uint64_t attempts;
    struct register_body body;
    struct registered registered;
    enum refusal refusal;
    struct writer none = writer_over(NULL, 0);
    name_body(crowd, member, &body);
    struct registration registration = {.body = &body, .attempt = attempts++, .address = body.candidates.items[1]};
    randombytes_buf(registration.secret, sizeof registration.secret);
    if (shard_register(crowd->shard, &registration, now, &registered, &none) != REGISTERED) return false;
    crowd->ids[member] = registered.session_id;
    return shard_confirm(crowd->shard, registered.session_id, now, &refusal) == REGISTERED;
}

bool crowd_fill(struct crowd *crowd, uint64_t now) {
    for (uint64_t i = 0; i < crowd->size; i++) {
        if (!crowd_join(crowd, i, now)) return false;
        if (i % 1024 == 0) rcu_reader_quiescent();
    }
    return true;
}

void crowd_beat(const struct crowd *crowd, uint64_t member, uint64_t now) {
    struct session_name parts = session_name_of(crowd->ids[member]);
    struct session *session = slabs_find(&crowd->shard->slabs, parts.slot, parts.generation);
    if (!session) return;
    uint64_t version = atomic_load_explicit(&session->room_version, memory_order_relaxed);
    atomic_store_explicit(&session->acked_count, (uint32_t)version, memory_order_relaxed);
    atomic_store_explicit(&session->heard_ms, (uint32_t)now, memory_order_relaxed);
}

uint64_t crowd_cpu_ns(void) {
    struct timespec now;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}
