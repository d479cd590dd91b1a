#include "client/doctor/lifetime.h"

#include <string.h>

#include "common/clock.h"

#define OPENING_EVERY_MS 20 /* no burst */

/* Steps of 5 s up to one minute, of 15 s up to three, of 30 s up to the most. */
static uint64_t idle_s(size_t rung) {
    if (rung < 12) return 5 * (rung + 1);
    if (rung < 20) return 60 + 15 * (rung - 11);
    return 180 + 30 * (rung - 19);
}

void lifetime_start(struct lifetime *lifetime, const struct address *server, uint64_t now) {
    static const struct stun_request plain;
    memset(lifetime, 0, sizeof *lifetime);
    lifetime->server = *server;
    lifetime->started = true;
    for (size_t i = 0; i < LIFETIME_RUNGS; i++)
        stun_query_start(&lifetime->rungs[i].opening, server, &plain, STUN_QUERY_TRIES, now + i * OPENING_EVERY_MS);
}

static bool is_over(const struct lifetime *lifetime) {
    return !lifetime->started || lifetime->refused || lifetime->dead_s > 0;
}

/* The mapping was used last when the answer to its opening came. */
static void begin_check(struct lifetime *lifetime, size_t i) {
    struct lifetime_rung *rung = &lifetime->rungs[i];
    const struct stun_request ask = {.response_port = rung->opening.response.mapped.port};
    if (ask.response_port < STUN_RESPONSE_PORT_MIN) return;
    stun_query_start(&rung->check, &lifetime->server, &ask, STUN_QUERY_TRIES,
                     rung->opening.answered_at + idle_s(i) * 1000);
}

/* Two through which nothing came, and none that was idle for longer lives: one alone may be bad luck. */
static void look_for_the_dead(struct lifetime *lifetime) {
    uint64_t first = 0;
    for (size_t i = 0; i < LIFETIME_RUNGS && lifetime->dead_s == 0; i++) {
        if (lifetime->rungs[i].check.state != STUN_QUERY_SILENT || idle_s(i) <= lifetime->alive_s) continue;
        if (first > 0) lifetime->dead_s = first;
        first = idle_s(i);
    }
}

size_t lifetime_tick(struct lifetime *lifetime, uint64_t now, uint16_t *socket, struct address *to,
                     uint8_t out[static STUN_REQUEST_MAX]) {
    *to = lifetime->server;
    for (size_t i = 0; i < LIFETIME_RUNGS && !is_over(lifetime); i++) {
        struct lifetime_rung *rung = &lifetime->rungs[i];
        size_t size = stun_query_tick(&rung->opening, now, out);
        *socket = (uint16_t)(LIFETIME_SOCKETS_FROM + i);
        if (size > 0) return size;
        size = stun_query_tick(&rung->check, now, out);
        *socket = LIFETIME_ASKS_FROM;
        if (size > 0) return size;
    }
    look_for_the_dead(lifetime);
    return 0;
}

uint64_t lifetime_due(const struct lifetime *lifetime) {
    uint64_t due = NEVER;
    for (size_t i = 0; i < LIFETIME_RUNGS && !is_over(lifetime); i++) {
        due = earlier(due, stun_query_due(&lifetime->rungs[i].opening));
        due = earlier(due, stun_query_due(&lifetime->rungs[i].check));
    }
    return due;
}

bool lifetime_receive(struct lifetime *lifetime, uint16_t socket, const struct address *from, const uint8_t *data,
                      size_t size, uint64_t now) {
    for (size_t i = 0; i < LIFETIME_RUNGS && !is_over(lifetime); i++) {
        struct lifetime_rung *rung = &lifetime->rungs[i];
        if (stun_query_receive(&rung->opening, from, data, size, now)) {
            if (rung->opening.state == STUN_QUERY_ANSWERED) begin_check(lifetime, i);
            return true;
        }
        if (!stun_query_receive(&rung->check, from, data, size, now)) continue;
        bool through = rung->check.state == STUN_QUERY_ANSWERED && socket == LIFETIME_SOCKETS_FROM + i;
        if (!through) lifetime->refused = true;
        if (through && idle_s(i) > lifetime->alive_s) lifetime->alive_s = idle_s(i);
        return true;
    }
    return false;
}
