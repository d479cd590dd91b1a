#include "client/engine.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* PROBEs and INITIATIONs over all peers: with a full bucket, too, no second sees more (PROTOCOL.md §3.2 rule 1). */
#define PUNCH_MOST 200
#define PUNCH_BURST 50
#define PUNCH_RATE (PUNCH_MOST - PUNCH_BURST)
#define END_WAIT_MS 10000
#define LEAVE_WAIT_MS 2000

enum engine_state {
    ENGINE_RUNNING,
    ENGINE_ENDING /* input ended; messages are under way */,
    ENGINE_LEAVING,
    ENGINE_FINISHED
};

struct engine {
    struct engine_io io;
    struct engine_options options;
    enum engine_state state;
    uint64_t state_since;
    int final_status; /* 0 when stopped by a signal */
    bool barred;
    struct indices indices;
    uint32_t streams, epochs;
    uint64_t punch_tokens, punch_filled; /* thousandths; ms */
    struct chatroom_host chatroom_host;
    struct chatroom room;
};

static void on_send(void *context, const struct address *to, const uint8_t *data, size_t size) {
    struct engine *engine = context;
    engine->io.send(engine->io.context, to, data, size);
}

static void on_emit(void *context, struct event *event) {
    struct engine *engine = context;
    engine->io.emit(engine->io.context, event);
}

static bool on_busy(void *context) {
    struct engine *engine = context;
    return engine->io.busy(engine->io.context);
}

static uint64_t on_wall_ms(void *context) {
    struct engine *engine = context;
    return engine->io.wall_ms(engine->io.context);
}

static uint64_t on_punch_wait(void *context, uint64_t now) {
    struct engine *engine = context;
    uint64_t tokens = engine->punch_tokens + (now - engine->punch_filled) * PUNCH_RATE;
    engine->punch_tokens = tokens > PUNCH_BURST * 1000 ? PUNCH_BURST * 1000 : tokens;
    engine->punch_filled = now;
    if (engine->punch_tokens < 1000) return (1000 - engine->punch_tokens) / PUNCH_RATE + 1;
    engine->punch_tokens -= 1000;
    return 0;
}

static bool pinned_matches(const struct engine *engine, const uint8_t key[static 32], char *why, size_t why_size) {
    if (memcmp(engine->options.bootnode_key, key, 32) == 0) return true;
    char given[65], seen[65];
    sodium_bin2hex(given, sizeof given, engine->options.bootnode_key, 32);
    sodium_bin2hex(seen, sizeof seen, key, 32);
    snprintf(why, why_size, "the bootnode at %s has the key %s, not the configured %s: refused",
             engine->options.bootnode_name, seen, given);
    return false;
}

/* As ssh does: the first key of a name is remembered, a changed one is refused. */
static bool on_trusted(void *context, const uint8_t key[static 32], char *why, size_t why_size) {
    struct engine *engine = context;
    if (engine->options.bootnode_key) return pinned_matches(engine, key, why, why_size);
    const struct known_keys *known = engine->options.known_bootnodes;
    unsigned line = 0;
    if (known_keys_check(known, engine->options.bootnode_name, key, &line) != KNOWN_CHANGED) return true;
    char seen[65];
    sodium_bin2hex(seen, sizeof seen, key, 32);
    snprintf(why, why_size,
             "the bootnode at %s has another key (%s) than the one remembered in %s:%u: refused, somebody may be in "
             "between. If its operator really changed the key, remove that line",
             engine->options.bootnode_name, seen, known->file, line);
    return false;
}

/* Remembered only now: a forged COOKIE must not put a key into the file. */
static void on_proven(void *context, const uint8_t key[static 32]) {
    struct engine *engine = context;
    const struct known_keys *known = engine->options.known_bootnodes;
    const char *name = engine->options.bootnode_name;
    char why[512];
    unsigned line;
    if (engine->options.bootnode_key || known_keys_check(known, name, key, &line) != KNOWN_NEW) return;
    if (!known_keys_remember(known, name, key, why, sizeof why))
        on_emit(engine, event_create(EVENT_ERROR, why, strlen(why)));
}

static void on_barred(void *context, const char *why) {
    struct engine *engine = context;
    on_emit(engine, event_create(EVENT_ERROR, why, strlen(why)));
    engine->barred = true;
}

struct engine *engine_create(const struct engine_options *options, const struct engine_io *io, uint64_t now) {
    struct engine *engine = calloc(1, sizeof *engine);
    if (!engine) abort();
    engine->io = *io;
    engine->options = *options;
    engine->punch_tokens = PUNCH_BURST * 1000;
    engine->punch_filled = now;
    engine->chatroom_host = (struct chatroom_host){.context = engine,
                                                   .identity = options->identity,
                                                   .indices = &engine->indices,
                                                   .known_peers = options->known_peers,
                                                   .nick = options->nick,
                                                   .suite_mask = options->suite_mask,
                                                   .streams = &engine->streams,
                                                   .epochs = &engine->epochs,
                                                   .send = on_send,
                                                   .punch_wait = on_punch_wait,
                                                   .emit = on_emit,
                                                   .busy = on_busy,
                                                   .wall_ms = on_wall_ms,
                                                   .trusted = on_trusted,
                                                   .barred = on_barred,
                                                   .proven = on_proven};
    randombytes_buf(&engine->chatroom_host.run, sizeof engine->chatroom_host.run);
    if (chatroom_init(&engine->room, &engine->chatroom_host, options->room_name, options->secret, options->secret_size,
                      options->bootnodes, options->bootnode_count, now))
        return engine;
    free(engine);
    return NULL;
}

void engine_destroy(struct engine *engine) {
    if (!engine) return;
    chatroom_clear(&engine->room);
    sodium_memzero(engine, sizeof *engine);
    free(engine);
}

static void enter(struct engine *engine, enum engine_state state, uint64_t now) {
    engine->state = state;
    engine->state_since = now;
}

static int status(const struct engine *engine) {
    const struct chatroom *room = &engine->room;
    if (chatroom_has_outgoing(room) || room->any_undelivered) return ENGINE_STATUS_UNDELIVERED;
    if (room->any_alone) return ENGINE_STATUS_ALONE;
    return room->sequence == 0 && chatroom_present(room) == 0 ? ENGINE_STATUS_ALONE : 0;
}

static void finish(struct engine *engine, int result, uint64_t now) {
    enter(engine, ENGINE_FINISHED, now);
    struct event *event = event_create(EVENT_FINISHED, NULL, 0);
    event->status = result;
    on_emit(engine, event);
}

static void leave(struct engine *engine, uint64_t now) {
    enter(engine, ENGINE_LEAVING, now);
    chatroom_leave(&engine->room, now);
}

void engine_receive(struct engine *engine, const struct address *from, const uint8_t *data, size_t size, uint64_t now) {
    if (engine->state == ENGINE_FINISHED) return;
    chatroom_receive(&engine->room, from, data, size, now);
}

void engine_say(struct engine *engine, const char *text, size_t size, uint64_t now) {
    if (engine->state == ENGINE_RUNNING) chatroom_say(&engine->room, text, size, now);
}

void engine_end_of_input(struct engine *engine, uint64_t now) {
    if (engine->state == ENGINE_RUNNING) enter(engine, ENGINE_ENDING, now);
}

void engine_stop(struct engine *engine, uint64_t now) {
    if (engine->state >= ENGINE_LEAVING) return;
    engine->final_status = 0;
    leave(engine, now);
}

void engine_set_candidates(struct engine *engine, const struct candidate_list *candidates, uint64_t now) {
    chatroom_set_candidates(&engine->room, candidates, now);
}

/* The status is decided when leaving begins: who leaves later than we do did not miss anything. */
static void ending_tick(struct engine *engine, uint64_t now) {
    bool waited = now - engine->state_since >= END_WAIT_MS;
    if (chatroom_has_outgoing(&engine->room) && !waited) return;
    engine->final_status = status(engine);
    leave(engine, now);
}

void engine_tick(struct engine *engine, uint64_t now) {
    if (engine->state == ENGINE_FINISHED) return;
    chatroom_tick(&engine->room, now);
    if (engine->barred) {
        finish(engine, ENGINE_STATUS_BARRED, now);
        return;
    }
    if (engine->state == ENGINE_ENDING) ending_tick(engine, now);
    if (engine->state != ENGINE_LEAVING) return;
    if (chatroom_left(&engine->room, now) || now - engine->state_since >= LEAVE_WAIT_MS)
        finish(engine, engine->final_status, now);
}

uint64_t engine_due(const struct engine *engine, uint64_t now) {
    if (engine->state == ENGINE_FINISHED) return UINT64_MAX;
    if (engine->barred) return now;
    uint64_t due = chatroom_due(&engine->room, now), own = UINT64_MAX;
    if (engine->state == ENGINE_ENDING)
        own = chatroom_has_outgoing(&engine->room) ? engine->state_since + END_WAIT_MS : now;
    if (engine->state == ENGINE_LEAVING)
        own = chatroom_left(&engine->room, now) ? now : engine->state_since + LEAVE_WAIT_MS;
    return due < own ? due : own;
}

bool engine_finished(const struct engine *engine) {
    return engine->state == ENGINE_FINISHED;
}
