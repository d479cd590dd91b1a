#include "bootnode/table/slabs.h"

#include <assert.h>
#include <sodium.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#if defined(__SANITIZE_ADDRESS__)
#define GOCHAT_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define GOCHAT_ASAN 1
#endif
#endif
#ifdef GOCHAT_ASAN
#include <sanitizer/asan_interface.h>
#else
#define ASAN_POISON_MEMORY_REGION(start, size) ((void)(start), (void)(size))
#define ASAN_UNPOISON_MEMORY_REGION(start, size) ((void)(start), (void)(size))
#endif

/* What a look-up may read of a free slot. */
#define SLOT_OPEN offsetof(struct session, room_version)
static_assert(SLOT_OPEN == 8, "the address sanitizer's granularity");

#define GENERATION_MAX 0xffffffU

struct slab {
    struct slabs *slabs;
    struct rcu_head reclaim;
    struct cds_list_head with_free; /* linked while a slot is free */
    uint32_t first_slot;
    uint32_t used;
    uint32_t first_free;            /* slot + 1, 0: none */
    uint32_t next_free[SLAB_SLOTS]; /* slot + 1: on the free list, or on the stack of what was handed back */
    struct session slots[SLAB_SLOTS];
};

bool slabs_init(struct slabs *slabs, uint8_t node, uint8_t shard) {
    *slabs = (struct slabs){.node = node, .shard = shard};
    CDS_INIT_LIST_HEAD(&slabs->with_free);
    slabs->directory = calloc(SLAB_DIRECTORY, sizeof *slabs->directory);
    return slabs->directory != NULL;
}

void slabs_destroy(struct slabs *slabs) {
    if (!slabs->directory) return;
    assert(slabs->live == 0);
    for (size_t i = 0; i < SLAB_DIRECTORY; i++) free(rcu_load(&slabs->directory[i]));
    free(slabs->directory);
    slabs->directory = NULL;
}

static struct slab *slab_of(const struct session *session) {
    const struct session *first = session - session->slot % SLAB_SLOTS;
    return (struct slab *)((uintptr_t)first - offsetof(struct slab, slots));
}

static struct slab *slab_at(const struct slabs *slabs, uint32_t slot) {
    return rcu_load(&slabs->directory[slot / SLAB_SLOTS]);
}

static void put_free(struct slabs *slabs, struct slab *slab, uint32_t slot) {
    if (!slab->first_free) cds_list_add_tail(&slab->with_free, &slabs->with_free);
    slab->next_free[slot % SLAB_SLOTS] = slab->first_free;
    slab->first_free = slot + 1;
    slabs->free_slots++;
}

static uint32_t take_free(struct slabs *slabs, struct slab *slab) {
    uint32_t slot = slab->first_free - 1;
    slab->first_free = slab->next_free[slot % SLAB_SLOTS];
    if (!slab->first_free) cds_list_del(&slab->with_free);
    slabs->free_slots--;
    return slot;
}

static bool add_slab(struct slabs *slabs) {
    uint32_t index = slabs->first_gap;
    while (index < SLAB_DIRECTORY && rcu_load(&slabs->directory[index])) index++;
    slabs->first_gap = index;
    if (index == SLAB_DIRECTORY) return false;
    struct slab *slab = aligned_alloc(alignof(struct slab), sizeof *slab);
    if (!slab) return false;
    memset(slab, 0, sizeof *slab);
    slab->slabs = slabs;
    slab->first_slot = index * SLAB_SLOTS;
    for (uint32_t i = SLAB_SLOTS; i-- > 0;) {
        put_free(slabs, slab, slab->first_slot + i);
        ASAN_POISON_MEMORY_REGION((uint8_t *)&slab->slots[i] + SLOT_OPEN, sizeof slab->slots[i] - SLOT_OPEN);
    }
    slabs->slab_count++;
    slabs->first_gap = index + 1;
    rcu_publish(&slabs->directory[index], slab);
    return true;
}

static uint32_t new_generation(uint32_t last) {
    uint32_t generation;
    do generation = randombytes_random() & GENERATION_MAX;
    while (generation == 0 || generation == last);
    return generation;
}

struct session *slabs_allocate(struct slabs *slabs) {
    slabs_collect(slabs);
    if (cds_list_empty(&slabs->with_free) && !add_slab(slabs)) return NULL;
    struct slab *slab = cds_list_first_entry(&slabs->with_free, struct slab, with_free);
    uint32_t slot = take_free(slabs, slab);
    struct session *session = &slab->slots[slot % SLAB_SLOTS];
    slab->used++;
    slabs->live++;
    ASAN_UNPOISON_MEMORY_REGION(session, sizeof *session);
    session->slot = slot;
    session->shard = slabs->shard;
    uint32_t last = atomic_load_explicit(&session->generation_state, memory_order_relaxed) >> 8;
    atomic_store_explicit(&session->generation_state, new_generation(last) << 8 | SESSION_FREE, memory_order_relaxed);
    return session;
}

static uint32_t generation_of(const struct session *session) {
    return atomic_load_explicit(&session->generation_state, memory_order_relaxed) >> 8;
}

uint64_t slabs_publish(struct slabs *slabs, struct session *session, enum session_state state) {
    atomic_store_explicit(&session->generation_state, generation_of(session) << 8 | state, memory_order_release);
    return slabs_id(slabs, session);
}

uint64_t slabs_id(const struct slabs *slabs, const struct session *session) {
    return session_id_of((struct session_name){generation_of(session), session->slot, slabs->node, slabs->shard});
}

/* On the call_rcu thread, possibly while the owner's mutex is held elsewhere: touches only what nobody else does. */
static void hand_back(struct rcu_head *head) {
    struct session *session = caa_container_of(head, struct session, reclaim);
    struct slab *slab = slab_of(session);
    struct slabs *slabs = slab->slabs;
    uint32_t slot = session->slot;
    atomic_store_explicit(&session->last_counter, 0, memory_order_relaxed);
    sodium_memzero((uint8_t *)session + SLOT_OPEN, sizeof *session - SLOT_OPEN);
    ASAN_POISON_MEMORY_REGION((uint8_t *)session + SLOT_OPEN, sizeof *session - SLOT_OPEN);
    uint32_t top = atomic_load_explicit(&slabs->handed_back, memory_order_relaxed);
    do slab->next_free[slot % SLAB_SLOTS] = top;
    while (!atomic_compare_exchange_weak_explicit(&slabs->handed_back, &top, slot + 1, memory_order_release,
                                                  memory_order_relaxed));
}

void slabs_free(struct slabs *slabs, struct session *session) {
    /* Nobody reads anything through the state: those that found the session before keep it until they are quiescent. */
    atomic_store_explicit(&session->generation_state, generation_of(session) << 8 | SESSION_FREE, memory_order_relaxed);
    slabs->live--;
    rcu_reclaim(&session->reclaim, hand_back);
}

static void free_slab(struct rcu_head *head) {
    free(caa_container_of(head, struct slab, reclaim));
}

static void give_back(struct slabs *slabs, struct slab *slab) {
    uint32_t index = slab->first_slot / SLAB_SLOTS;
    cds_list_del(&slab->with_free);
    slabs->free_slots -= SLAB_SLOTS;
    slabs->slab_count--;
    if (index < slabs->first_gap) slabs->first_gap = index;
    rcu_publish(&slabs->directory[index], NULL);
    rcu_reclaim(&slab->reclaim, free_slab);
}

void slabs_collect(struct slabs *slabs) {
    uint32_t next = atomic_exchange_explicit(&slabs->handed_back, 0, memory_order_acquire);
    while (next) {
        uint32_t slot = next - 1;
        struct slab *slab = slab_at(slabs, slot);
        next = slab->next_free[slot % SLAB_SLOTS];
        put_free(slabs, slab, slot);
        slab->used--;
        if (slab->used == 0 && slabs->free_slots >= 2 * SLAB_SLOTS) give_back(slabs, slab);
    }
}

struct session *slabs_find(const struct slabs *slabs, uint32_t slot, uint32_t generation) {
    if (slot >= SLAB_SLOTS * SLAB_DIRECTORY) return NULL;
    struct slab *slab = slab_at(slabs, slot);
    if (!slab) return NULL;
    struct session *session = &slab->slots[slot % SLAB_SLOTS];
    uint32_t found = atomic_load_explicit(&session->generation_state, memory_order_acquire);
    return found >> 8 == generation && (found & 0xff) != SESSION_FREE ? session : NULL;
}

void slabs_prefetch(const struct slabs *slabs, uint32_t slot) {
    if (slot >= SLAB_SLOTS * SLAB_DIRECTORY) return;
    const struct slab *slab = slab_at(slabs, slot);
    if (slab) __builtin_prefetch(&slab->slots[slot % SLAB_SLOTS], 1);
}

struct session *slabs_next(const struct slabs *slabs, uint32_t *slot) {
    while (*slot < SLAB_SLOTS * SLAB_DIRECTORY) {
        struct slab *slab = slab_at(slabs, *slot);
        if (!slab) {
            *slot = (*slot / SLAB_SLOTS + 1) * SLAB_SLOTS;
            continue;
        }
        struct session *session = &slab->slots[(*slot)++ % SLAB_SLOTS];
        uint32_t state = atomic_load_explicit(&session->generation_state, memory_order_acquire) & 0xff;
        if (state != SESSION_FREE) return session;
    }
    return NULL;
}
