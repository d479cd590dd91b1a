/* The peer table at a million live sessions in rooms of 64: look-ups by session id, against liburcu's hash table with
 * the same ids; joining and leaving; the reaper's look.
 *
 * usage: table [SESSIONS] */
#include <sodium.h>
#include <stdalign.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/support/crowd.h"
#include "bench/support/measure.h"
#include "bootnode/table/shard_expiry.h"
#include "bootnode/table/shard_join.h"
#include "bootnode/table/shard_members.h"
#include "common/log.h"

#define LOOK_UPS 1000000u
#define NEWCOMERS 16384u
#define ROOM_MEMBERS_ALONE 1
#define WINDOW_MAX 64u
#define QUIESCENT_EVERY 256u

/* What a session would be that is found by hash: as large, on pages of the same kind. */
struct hashed {
    alignas(64) struct cds_lfht_node node;
    uint64_t id;
    uint8_t rest[sizeof(struct session) - sizeof(struct cds_lfht_node) - sizeof(uint64_t)];
};

struct newcomer {
    struct register_body body;
    struct registration registration;
    uint64_t id;
};

struct bench {
    struct crowd crowd;
    uint64_t *asked; /* ids in the order of the look-ups */
    struct cds_lfht *table;
    struct hashed *hashed;
    struct newcomer *newcomers;
    uint64_t attempts, now;
};

/* Look-ups */

static struct session *find(const struct bench *bench, uint64_t id) {
    struct session_name name = session_name_of(id);
    struct session *session = slabs_find(&bench->crowd.shard->slabs, name.slot, name.generation);
    if (!session) measure_die("table: a session is missing");
    return session;
}

static void look_up(void *context, size_t operations) {
    const struct bench *bench = context;
    for (size_t i = 0; i < operations; i++) (void)find(bench, bench->asked[i]);
}

static void look_up_in_order(void *context, size_t operations) {
    const struct bench *bench = context;
    for (size_t i = 0; i < operations; i++) (void)find(bench, bench->crowd.ids[i % bench->crowd.size]);
}

static unsigned long hash_of(uint64_t id) {
    return (unsigned long)(id * UINT64_C(0x9e3779b97f4a7c15) >> 20);
}

static int id_matches(struct cds_lfht_node *node, const void *id) {
    return caa_container_of(node, struct hashed, node)->id == *(const uint64_t *)id;
}

static void look_up_hashed(void *context, size_t operations) {
    const struct bench *bench = context;
    struct cds_lfht_iter iter;
    for (size_t i = 0; i < operations; i++) {
        cds_lfht_lookup(bench->table, hash_of(bench->asked[i]), id_matches, &bench->asked[i], &iter);
        if (!cds_lfht_iter_get_node(&iter)) measure_die("table: a node is missing");
    }
}

/* What a beat does with the session: its tag under the session's key, and the time heard. */
static void beat(const struct bench *bench, uint64_t id) {
    static const uint8_t packet[BEAT_SIZE];
    struct session *session = find(bench, id);
    measure_keep(link_check_beat(session->beat_key, packet));
    atomic_store_explicit(&session->heard_ms, (uint32_t)bench->now, memory_order_relaxed);
}

static void beat_window(const struct bench *bench, const uint64_t *ids, size_t count) {
    for (size_t i = 0; i < count; i++) slabs_prefetch(&bench->crowd.shard->slabs, session_name_of(ids[i]).slot, false);
    for (size_t i = 0; i < count; i++) beat(bench, ids[i]);
}

static void beat_one_by_one(void *context, size_t operations) {
    const struct bench *bench = context;
    for (size_t i = 0; i < operations; i++) beat(bench, bench->asked[i]);
}

static void beat_windows(const struct bench *bench, size_t operations, size_t window) {
    for (size_t i = 0; i + window <= operations; i += window) beat_window(bench, bench->asked + i, window);
}

static void beat_windows_16(void *context, size_t operations) {
    beat_windows(context, operations, 16);
}

static void beat_windows_32(void *context, size_t operations) {
    beat_windows(context, operations, 32);
}

static void beat_windows_64(void *context, size_t operations) {
    beat_windows(context, operations, 64);
}

/* Joining and leaving */

static void name_newcomers(struct bench *bench, size_t count, size_t room_members) {
    for (size_t i = 0; i < count; i++) {
        struct newcomer *newcomer = &bench->newcomers[i];
        struct register_body *body = &newcomer->body;
        *body = (struct register_body){.suite_mask = 1, .revision = 1, .candidates = {.count = 2}};
        randombytes_buf(body->member_id, sizeof body->member_id);
        randombytes_buf(body->room_tag, sizeof body->room_tag);
        if (i % room_members > 0) memcpy(body->room_tag, newcomer[-1].body.room_tag, sizeof body->room_tag);
        newcomer->registration = (struct registration){.body = body, .attempt = bench->attempts++};
        randombytes_buf(newcomer->registration.secret, sizeof newcomer->registration.secret);
    }
    rcu_reader_quiescent();
    rcu_drain();
}

static void prepare_rooms(void *context, size_t operations) {
    name_newcomers(context, operations, CROWD_ROOM_MEMBERS);
}

static void prepare_alone(void *context, size_t operations) {
    name_newcomers(context, operations, ROOM_MEMBERS_ALONE);
}

static void join(void *context, size_t operations) {
    struct bench *bench = context;
    struct shard *shard = bench->crowd.shard;
    for (size_t i = 0; i < operations; i++) {
        struct newcomer *newcomer = &bench->newcomers[i];
        struct registered registered;
        enum refusal refusal;
        struct writer none = writer_over(NULL, 0);
        if (shard_register(shard, &newcomer->registration, bench->now, &registered, &none) != REGISTERED ||
            shard_confirm(shard, registered.session_id, bench->now, &refusal) != REGISTERED)
            measure_die("table: a newcomer was refused");
        newcomer->id = registered.session_id;
        if (i % QUIESCENT_EVERY == 0) rcu_reader_quiescent();
    }
}

static void leave(void *context, size_t operations) {
    struct bench *bench = context;
    for (size_t i = 0; i < operations; i++) {
        if (!shard_leave(bench->crowd.shard, bench->newcomers[i].id, LEAVE_SAID, bench->now))
            measure_die("table: nobody to leave");
        if (i % QUIESCENT_EVERY == 0) rcu_reader_quiescent();
    }
}

/* The reaper */

/* Each was heard at some time within the last expiry, so that they come to lie in all slots, without order. */
static void hear_all(void *context, size_t operations) {
    struct bench *bench = context;
    bench->now += bench->crowd.shard->limits.expiry_ms + WHEEL_TICK_MS;
    for (size_t i = 0; i < operations; i++)
        crowd_beat(&bench->crowd, i, bench->now - randombytes_uniform(bench->crowd.shard->limits.expiry_ms - 1));
}

static void look_at_all(void *context, size_t operations) {
    struct bench *bench = context;
    while (shard_expire(bench->crowd.shard, bench->now, bench->now)) {
    }
    if (bench->crowd.shard->counters.sessions != operations) measure_die("table: a session expired");
}

/* Life */

static void hash_all(struct bench *bench) {
    unsigned long buckets = 1;
    while (buckets < bench->crowd.size) buckets *= 2;
    bench->table = cds_lfht_new(buckets, buckets, 0, 0, NULL);
    bench->hashed = aligned_alloc(alignof(struct hashed), bench->crowd.size * sizeof *bench->hashed);
    if (!bench->table || !bench->hashed) measure_die("table: no memory");
    for (size_t i = 0; i < bench->crowd.size; i++) {
        struct hashed *hashed = &bench->hashed[i];
        hashed->id = bench->crowd.ids[i];
        cds_lfht_node_init(&hashed->node);
        cds_lfht_add(bench->table, hash_of(hashed->id), &hashed->node);
    }
}

static void start(struct bench *bench, uint64_t sessions) {
    struct crowd *crowd = &bench->crowd;
    *crowd = (struct crowd){.shard = crowd_shard_create(),
                            .ids = malloc(sessions * sizeof *crowd->ids),
                            .size = sessions,
                            .rooms = (sessions + CROWD_ROOM_MEMBERS - 1) / CROWD_ROOM_MEMBERS};
    bench->asked = malloc(LOOK_UPS * sizeof *bench->asked);
    bench->newcomers = malloc(NEWCOMERS * sizeof *bench->newcomers);
    bench->now = CROWD_START;
    if (!crowd->shard || !crowd->ids || !bench->asked || !bench->newcomers || !crowd_fill(crowd, bench->now))
        measure_die("table: no memory");
    uint32_t *order = measure_shuffled(sessions);
    for (size_t i = 0; i < LOOK_UPS; i++) bench->asked[i] = crowd->ids[order[i % sessions]];
    free(order);
    hash_all(bench);
}

static void stop(struct bench *bench) {
    for (size_t i = 0; i < bench->crowd.size; i++) cds_lfht_del(bench->table, &bench->hashed[i].node);
    crowd_shard_destroy(bench->crowd.shard);
    cds_lfht_destroy(bench->table, NULL);
    free(bench->hashed);
    free(bench->newcomers);
    free(bench->asked);
    free(bench->crowd.ids);
}

int main(int argc, char **argv) {
    static struct bench bench;
    uint64_t sessions = argc > 1 ? strtoull(argv[1], NULL, 10) : 1000000;
    if (sessions < 1 || sessions > UINT32_MAX || sodium_init() < 0) measure_die("usage: table [SESSIONS]");
    log_set_level(LOG_LEVEL_ERROR);
    rcu_reader_register();
    start(&bench, sessions);
    printf("%llu live sessions in rooms of %u; reclaiming is another thread's and not counted\n",
           (unsigned long long)sessions, CROWD_ROOM_MEMBERS);

#define LOOK(what, function)                                                                                           \
    { .name = (what), .operations = LOOK_UPS, .run = (function), .context = &bench }
    struct variant finding[] = {LOOK("slabs, by session id, in random order", look_up),
                                LOOK("slabs, in the order of slots", look_up_in_order),
                                LOOK("cds_lfht, the same ids, in random order", look_up_hashed)};
    measure("look-up", finding, sizeof finding / sizeof *finding);
    struct variant beating[] = {LOOK("one by one", beat_one_by_one), LOOK("16 fetched ahead", beat_windows_16),
                                LOOK("32 fetched ahead", beat_windows_32), LOOK("64 fetched ahead", beat_windows_64)};
    measure("look-up in random order, check of the tag, time heard", beating, sizeof beating / sizeof *beating);
#undef LOOK

#define CHANGE(what, before, function)                                                                                 \
    { .name = (what), .operations = NEWCOMERS, .prepare = (before), .run = (function), .context = &bench }
    struct variant changing[] = {CHANGE("join: register, confirm; new rooms of 64", prepare_rooms, join),
                                 CHANGE("leave; rooms of 64", NULL, leave),
                                 CHANGE("join: register, confirm; new rooms of 1", prepare_alone, join),
                                 CHANGE("leave; rooms of 1", NULL, leave)};
    measure("membership, without cryptography", changing, sizeof changing / sizeof *changing);
#undef CHANGE

    struct variant reaping = {.name = "a due session that was heard moves on",
                              .operations = sessions,
                              .prepare = hear_all,
                              .run = look_at_all,
                              .context = &bench};
    measure("reaper", &reaping, 1);
    stop(&bench);
    rcu_reader_unregister();
    return 0;
}
