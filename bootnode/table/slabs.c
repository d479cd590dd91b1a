#include "bootnode/table/slabs.h"

#include <assert.h>
#include <sodium.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "common/holds.h"
#include "common/sanitizers.h"

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

/* What the slab is, and where slot 0 would be. Its beginning says that no session is there. */
struct header {
    _Atomic uint32_t generation_state; /* 0 */
    uint32_t first_slot;
    uint32_t used;
    uint32_t first_free; /* slot number, 0: none; the list goes on in next_free */
    uint32_t untouched;  /* index of the first slot that was never used: its memory may not even be there */
    struct slabs *slabs;
    struct rcu_head reclaim;
    struct cds_list_head with_free; /* linked while a slot can be allocated */
};

struct slab {
    union {
        struct header header;
        struct session slots[SLAB_SLOTS];
    };
};
static_assert(sizeof(struct slab) == SLAB_SIZE, "a huge page");
static_assert(offsetof(struct header, generation_state) == offsetof(struct session, generation_state),
              "a look-up of slot 0 reads that it is free");
static_assert(sizeof(struct header) <= sizeof(struct session), "the header takes one slot");

/* --- Memory --- */

/* Aligned to its size: twice as much is mapped, and the rest given back. */
static struct slab *map_slab(void) {
    uint8_t *space = mmap(NULL, 2 * SLAB_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (space == MAP_FAILED) return NULL;
    size_t before = -(uintptr_t)space % SLAB_SIZE;
    if (before > 0) munmap(space, before);
    munmap(space + before + SLAB_SIZE, SLAB_SIZE - before);
    void *slab = space + before;
    /* Refused where the kernel has no such pages: small ones do, too. */
    (void)madvise(slab, SLAB_SIZE, MADV_HUGEPAGE);
    return slab;
}

static void unmap_slab(struct slab *slab) {
    ASAN_UNPOISON_MEMORY_REGION(slab, SLAB_SIZE);
    munmap(slab, SLAB_SIZE);
}

static void close_slot(struct session *slot) {
    ASAN_POISON_MEMORY_REGION((uint8_t *)slot + SLOT_OPEN, sizeof *slot - SLOT_OPEN);
}

bool slabs_init(struct slabs *slabs, uint8_t node, uint8_t shard) {
    *slabs = (struct slabs){.node = node, .shard = shard};
    CDS_INIT_LIST_HEAD(&slabs->with_free);
    slabs->directory = calloc(SLAB_DIRECTORY, sizeof *slabs->directory);
    return slabs->directory != NULL;
}

void slabs_destroy(struct slabs *slabs) {
    if (!slabs->directory) return;
    assert(slabs->live == 0);
    for (size_t i = 0; i < SLAB_DIRECTORY; i++) {
        struct slab *slab = rcu_load(&slabs->directory[i]);
        if (slab) unmap_slab(slab);
    }
    free(slabs->directory);
    slabs->directory = NULL;
}

static struct slab *slab_of(const struct session *session) {
    return (struct slab *)((uintptr_t)session & ~(uintptr_t)(SLAB_SIZE - 1));
}

static struct slab *slab_at(const struct slabs *slabs, uint32_t slot) {
    return rcu_load(&slabs->directory[slot / SLAB_SLOTS]);
}

static uint32_t slot_of(const struct session *session) {
    const struct slab *slab = slab_of(session);
    return slab->header.first_slot + (uint32_t)(session - slab->slots);
}

/* --- Free slots --- */

static bool has_free(const struct header *header) {
    return header->first_free != 0 || header->untouched < SLAB_SLOTS;
}

static void put_free(struct slabs *slabs, struct slab *slab, uint32_t slot) {
    struct header *header = &slab->header;
    if (!has_free(header)) cds_list_add_tail(&header->with_free, &slabs->with_free);
    slab->slots[slot % SLAB_SLOTS].next_free = header->first_free;
    header->first_free = slot;
    header->used--;
    slabs->free_slots++;
}

static struct session *take_free(struct slabs *slabs, struct slab *slab) {
    struct header *header = &slab->header;
    uint32_t index = header->first_free ? header->first_free % SLAB_SLOTS : header->untouched++;
    struct session *session = &slab->slots[index];
    if (header->first_free) header->first_free = session->next_free;
    if (!has_free(header)) cds_list_del(&header->with_free);
    header->used++;
    slabs->free_slots--;
    return session;
}

bool slabs_are_short(const struct slabs *slabs) {
    return slabs->free_slots < SLAB_SESSIONS / 2 && slabs->slab_count < SLAB_DIRECTORY;
}

struct slab *slabs_prepare(void) {
    struct slab *slab = map_slab();
    if (!slab) return NULL;
    /* The first byte written brings the whole page. */
    slab->header = (struct header){.untouched = 1};
    for (uint32_t i = 1; i < SLAB_SLOTS; i++) close_slot(&slab->slots[i]);
    return slab;
}

bool slabs_add(struct slabs *slabs, struct slab *slab) {
    uint32_t index = slabs->first_gap;
    while (index < SLAB_DIRECTORY && rcu_load(&slabs->directory[index])) index++;
    slabs->first_gap = index;
    if (index == SLAB_DIRECTORY) {
        unmap_slab(slab);
        return false;
    }
    slab->header.first_slot = index * SLAB_SLOTS;
    slab->header.slabs = slabs;
    cds_list_add_tail(&slab->header.with_free, &slabs->with_free);
    slabs->free_slots += SLAB_SESSIONS;
    slabs->slab_count++;
    slabs->first_gap = index + 1;
    rcu_publish(&slabs->directory[index], slab);
    HOLDS(slabs_holds(slabs));
    return true;
}

static bool grow(struct slabs *slabs) {
    struct slab *slab = slabs_prepare();
    return slab && slabs_add(slabs, slab);
}

/* --- Sessions --- */

static uint32_t new_generation(struct tokens *generations, uint32_t last) {
    uint32_t generation;
    do generation = tokens_next_pair(generations) & GENERATION_MAX;
    while (generation == 0 || generation == last);
    return generation;
}

struct session *slabs_allocate(struct slabs *slabs) {
    (void)slabs_collect(slabs);
    if (cds_list_empty(&slabs->with_free) && !grow(slabs)) return NULL;
    struct header *header = cds_list_first_entry(&slabs->with_free, struct header, with_free);
    struct session *session = take_free(slabs, caa_container_of(header, struct slab, header));
    slabs->live++;
    ASAN_UNPOISON_MEMORY_REGION(session, sizeof *session);
    atomic_store_explicit(&session->last_counter, 0, memory_order_relaxed);
    uint32_t last = atomic_load_explicit(&session->generation_state, memory_order_relaxed) >> 8;
    uint32_t generation = new_generation(&slabs->generations, last);
    atomic_store_explicit(&session->generation_state, generation << 8 | SESSION_FREE, memory_order_relaxed);
    return session;
}

static uint32_t generation_of(const struct session *session) {
    return atomic_load_explicit(&session->generation_state, memory_order_relaxed) >> 8;
}

uint64_t slabs_publish(struct slabs *slabs, struct session *session, enum session_state state) {
    atomic_store_explicit(&session->generation_state, generation_of(session) << 8 | state, memory_order_release);
    HOLDS(session_holds(session));
    return slabs_id(slabs, session);
}

uint64_t slabs_id(const struct slabs *slabs, const struct session *session) {
    return session_id_of((struct session_name){generation_of(session), slot_of(session), slabs->node, slabs->shard});
}

/* On the call_rcu thread, possibly while the owner's mutex is held elsewhere: touches only what nobody else does. */
static void hand_back(struct rcu_head *head) {
    struct session *session = caa_container_of(head, struct session, reclaim);
    struct slabs *slabs = slab_of(session)->header.slabs;
    uint32_t slot = slot_of(session);
    sodium_memzero((uint8_t *)session + SLOT_OPEN, sizeof *session - SLOT_OPEN);
    close_slot(session);
    uint32_t top = atomic_load_explicit(&slabs->handed_back, memory_order_relaxed);
    do session->next_free = top;
    while (!atomic_compare_exchange_weak_explicit(&slabs->handed_back, &top, slot, memory_order_release,
                                                  memory_order_relaxed));
}

void slabs_free(struct slabs *slabs, struct session *session) {
    assert(!wheel_has(&session->wheel));
    /* Nobody reads anything through the state: those that found the session before keep it until they are quiescent. */
    atomic_store_explicit(&session->generation_state, generation_of(session) << 8 | SESSION_FREE, memory_order_relaxed);
    candidates_clear(&session->candidates);
    slabs->live--;
    rcu_reclaim(&session->reclaim, hand_back);
}

static void free_slab(struct rcu_head *head) {
    unmap_slab(caa_container_of(caa_container_of(head, struct header, reclaim), struct slab, header));
}

static void give_back(struct slabs *slabs, struct slab *slab) {
    uint32_t index = slab->header.first_slot / SLAB_SLOTS;
    cds_list_del(&slab->header.with_free);
    slabs->free_slots -= SLAB_SESSIONS;
    slabs->slab_count--;
    if (index < slabs->first_gap) slabs->first_gap = index;
    rcu_publish(&slabs->directory[index], NULL);
    rcu_reclaim(&slab->header.reclaim, free_slab);
    HOLDS(slabs_holds(slabs));
}

bool slabs_collect(struct slabs *slabs) {
    for (unsigned i = 0; i < SLABS_COLLECT_MAX; i++) {
        if (!slabs->collecting)
            slabs->collecting = atomic_exchange_explicit(&slabs->handed_back, 0, memory_order_acquire);
        if (!slabs->collecting) return false;
        uint32_t slot = slabs->collecting;
        struct slab *slab = slab_at(slabs, slot);
        slabs->collecting = slab->slots[slot % SLAB_SLOTS].next_free;
        put_free(slabs, slab, slot);
        if (slab->header.used == 0 && slabs->free_slots >= 2 * SLAB_SESSIONS) give_back(slabs, slab);
    }
    return true;
}

struct session *slabs_find(const struct slabs *slabs, uint32_t slot, uint32_t generation) {
    if (slot >= SLABS_SLOTS_MAX) return NULL;
    struct slab *slab = slab_at(slabs, slot);
    if (!slab) return NULL;
    struct session *session = &slab->slots[slot % SLAB_SLOTS];
    uint32_t found = atomic_load_explicit(&session->generation_state, memory_order_acquire);
    return found >> 8 == generation && (found & 0xff) != SESSION_FREE ? session : NULL;
}

void slabs_prefetch(const struct slabs *slabs, uint32_t slot, bool keys) {
    if (slot >= SLABS_SLOTS_MAX) return;
    const struct slab *slab = slab_at(slabs, slot);
    if (!slab) return;
    const struct session *session = &slab->slots[slot % SLAB_SLOTS];
    __builtin_prefetch(session, 1);
    if (keys) __builtin_prefetch(session->ack_key);
}

struct session *slabs_next_below(const struct slabs *slabs, uint32_t *slot, uint32_t end) {
    while (*slot < end) {
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

struct session *slabs_next(const struct slabs *slabs, uint32_t *slot) {
    return slabs_next_below(slabs, slot, SLABS_SLOTS_MAX);
}

/* --- The invariants --- */

/* Adds the slots that can be allocated to `free_slots` and those that cannot to `used`. */
static bool slab_holds(const struct slabs *slabs, const struct slab *slab, size_t *free_slots, size_t *used) {
    const struct header *header = &slab->header;
    uint32_t index = header->first_slot / SLAB_SLOTS, listed = 0;
    for (uint32_t slot = header->first_free; slot; slot = slab->slots[slot % SLAB_SLOTS].next_free) {
        if (slot / SLAB_SLOTS != index || slot % SLAB_SLOTS >= header->untouched || listed++ == SLAB_SESSIONS)
            return false;
        if (session_state(&slab->slots[slot % SLAB_SLOTS]) != SESSION_FREE) return false;
    }
    *free_slots += listed + SLAB_SLOTS - header->untouched;
    *used += header->used;
    return slab_at(slabs, header->first_slot) == slab && header->slabs == slabs &&
           header->used + listed + SLAB_SLOTS - header->untouched == SLAB_SESSIONS;
}

static size_t with_free(const struct slabs *slabs) {
    size_t count = 0;
    for (const struct cds_list_head *link = slabs->with_free.next; link != &slabs->with_free; link = link->next)
        count++;
    return count;
}

bool slabs_holds(const struct slabs *slabs) {
    size_t count = 0, not_full = 0, free_slots = 0, used = 0;
    for (uint32_t i = 0; i < SLAB_DIRECTORY; i++) {
        const struct slab *slab = slab_at(slabs, i * SLAB_SLOTS);
        if (!slab && i < slabs->first_gap) return false;
        if (!slab) continue;
        if (!slab_holds(slabs, slab, &free_slots, &used)) return false;
        not_full += has_free(&slab->header);
        count++;
    }
    /* What was freed and not yet taken back is neither free nor alive. */
    return count == slabs->slab_count && not_full == with_free(slabs) && free_slots == slabs->free_slots &&
           slabs->live <= used;
}
