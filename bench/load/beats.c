#include <stdlib.h>
#include <string.h>

#include "bench/load/fleet_parts.h"

/* A whole search for sessions to keep alive takes this long, so none is found later than that. */
#define SWEEP_US 500000
#define SWEEP_LOOKS_MAX 65536
/* Turns that may be passed over, of members that just left, before a socket has nothing to send. */
#define TURNS_LOOKED_AT 64
#define PREFETCH_AHEAD 4
/* So much later than its row's turn may a session beat. */
#define INTERVAL_SLACK_MS 1000
/* Beyond it a session at rest would be too close to its expiry. */
#define INTERVAL_MOST_MS 12000

size_t beat_write(struct fleet *fleet, uint32_t member, bool ask, uint64_t now_us, uint8_t *out) {
    struct member *self = &fleet->members[member];
    const struct beat beat = {
        .flag = ask, .session_id = self->session_id, .counter = ++fleet->counter, .version = self->version};
    size_t size = beat_encode(MESSAGE_HEARTBEAT, &beat, out, PACKET_MAX);
    link_tag_beat(self->beat_key, out);
    fleet->beaten_ms[member] = fleet_ms(now_us);
    self->flags &= (uint8_t)~MEMBER_OWES_BEAT;
    fleet->counts.beats++;
    return size;
}

uint32_t beat_send(struct fleet *fleet, uint32_t member, bool ask, uint64_t now_us) {
    size_t socket = fleet_socket(fleet, member);
    fleet_commit(fleet, socket, beat_write(fleet, member, ask, now_us, fleet_space(fleet, socket)));
    return fleet->counter;
}

/* --- answers --- */

static void remember_asked(struct fleet *fleet, uint32_t member, uint64_t number, uint64_t now_us) {
    fleet->asked[fleet->counter % ASKED_RING] =
        (struct asked){.counter = fleet->counter, .member = member, .number = number};
    fleet->row.asked++;
    fleet->row.asked_at_us = now_us;
}

static uint64_t request_of(struct fleet *fleet, uint32_t member, uint32_t counter) {
    struct asked *asked = &fleet->asked[counter % ASKED_RING];
    if (asked->counter != counter || asked->member != member) return TRAFFIC_NO_ANSWER;
    asked->counter = 0;
    return asked->number;
}

static void note_place(struct fleet *fleet, struct member *member, bool elsewhere) {
    if (elsewhere || !(member->flags & MEMBER_ASTRAY)) return;
    member->flags &= (uint8_t)~MEMBER_ASTRAY;
    fleet->astray--;
    fleet->counts.moved++;
}

uint64_t beat_answered(struct fleet *fleet, const uint8_t *packet, size_t size, uint64_t now_us) {
    struct beat beat;
    if (!beat_decode(packet, size, &beat)) {
        fleet->misdeeds.malformed++;
        return TRAFFIC_NO_ANSWER;
    }
    uint32_t number = session_index_find(&fleet->index, beat.session_id);
    if (number == SESSION_INDEX_NONE) return TRAFFIC_NO_ANSWER;
    struct member *member = &fleet->members[number];
    if (!link_check_beat(member->ack_key, packet)) {
        fleet->misdeeds.forged++;
        return TRAFFIC_NO_ANSWER;
    }
    fleet->heard_us = now_us;
    note_place(fleet, member, beat.flag);
    if (member->state == MEMBER_CONFIRMING) registration_answered(fleet, number, beat.counter);
    if (member->flags & MEMBER_LAST_WORD) silence_answered(fleet, number, beat.counter, now_us);
    return request_of(fleet, number, beat.counter);
}

/* --- who beats when --- */

void beats_shuffle(struct fleet *fleet) {
    struct beat_turn *turns = fleet->order.turns;
    memset(turns, 0, fleet->sockets * sizeof *turns);
    for (uint32_t i = 0; i < fleet->count; i++)
        turns[fleet_socket(fleet, i)].count += fleet->members[i].state == MEMBER_ACTIVE;
    for (size_t i = 1; i < fleet->sockets; i++) turns[i].first = turns[i - 1].first + turns[i - 1].count;
    for (size_t i = 0; i < fleet->sockets; i++) turns[i].count = 0;
    /* Fisher and Yates, inside out. */
    for (uint32_t i = 0; i < fleet->count; i++) {
        if (fleet->members[i].state != MEMBER_ACTIVE) continue;
        struct beat_turn *turn = &turns[fleet_socket(fleet, i)];
        uint32_t *members = fleet->order.members + turn->first;
        uint32_t place = (uint32_t)(fleet_random(fleet) % (turn->count + 1));
        members[turn->count++] = members[place];
        members[place] = i;
    }
}

static bool next_turn(struct fleet *fleet, size_t socket, uint32_t *member) {
    struct beat_turn *turn = &fleet->order.turns[socket];
    const uint32_t *members = fleet->order.members + turn->first;
    for (unsigned i = 0; i < TURNS_LOOKED_AT && i < turn->count; i++) {
        *member = members[turn->next];
        turn->next = turn->next + 1 < turn->count ? turn->next + 1 : 0;
        uint32_t ahead = turn->next + PREFETCH_AHEAD;
        if (ahead < turn->count) __builtin_prefetch(&fleet->members[members[ahead]], 1);
        if (fleet->members[*member].state == MEMBER_ACTIVE) return true;
    }
    return false;
}

static size_t next_beat(void *context, size_t socket, uint64_t *number, uint64_t now_us, uint8_t *out) {
    struct fleet *fleet = context;
    uint32_t member;
    if (fleet->at_rest || !next_turn(fleet, socket, &member)) return 0;
    bool ask = fleet->row.options.answers == ANSWERS_EVERY || fleet->counter % RARE_ANSWERS == 0;
    size_t size = beat_write(fleet, member, ask, now_us, out);
    if (ask)
        remember_asked(fleet, member, *number, now_us);
    else
        *number = TRAFFIC_NO_ANSWER;
    return size;
}

static uint64_t take_answer(void *context, size_t socket, const uint8_t *data, size_t size, uint64_t now_us) {
    (void)socket;
    return fleet_receive(context, data, size, now_us);
}

/* One registration at a time: its public-key work holds up everything else. */
static void live_on(void *context, uint64_t now_us) {
    fleet_step(context, 1, now_us);
}

double fleet_rate(const struct fleet *fleet, const struct row_options *row) {
    uint64_t living = 0;
    if (row->pace == PACE_RATE) return row->rate;
    if (row->pace == PACE_MAX) return 0;
    for (size_t i = 0; i < fleet->sockets; i++) living += fleet->order.turns[i].count;
    return (double)living / row->interval_s;
}

/* A row whose beats come seldom is not filled up with others. */
static uint32_t longest_rest_ms(const struct fleet *fleet) {
    const struct row_options *row = &fleet->row.options;
    if (!fleet->row.running || row->traffic != TRAFFIC_BEATS || row->pace != PACE_INTERVAL) return KEEP_ALIVE_MS;
    double most = row->interval_s * 1000 + INTERVAL_SLACK_MS;
    return most < KEEP_ALIVE_MS ? KEEP_ALIVE_MS : most > INTERVAL_MOST_MS ? INTERVAL_MOST_MS : (uint32_t)most;
}

void beats_keep_alive(struct fleet *fleet, uint64_t now_us) {
    uint64_t share = (now_us - fleet->swept_us) * fleet->count / SWEEP_US;
    if (share == 0) return;
    fleet->swept_us = now_us;
    uint32_t looks = share > SWEEP_LOOKS_MAX ? SWEEP_LOOKS_MAX : (uint32_t)share;
    uint32_t now_ms = fleet_ms(now_us), rest = longest_rest_ms(fleet);
    if (looks > fleet->count) looks = fleet->count;
    for (; looks > 0; looks--) {
        uint32_t member = fleet->swept++;
        if (fleet->swept == fleet->count) fleet->swept = 0;
        if (now_ms - fleet->beaten_ms[member] >= rest && fleet->members[member].state == MEMBER_ACTIVE)
            beat_send(fleet, member, false, now_us);
    }
}

/* --- traffic --- */

static void keep(void *context) {
    (void)context;
}

struct traffic *fleet_beats(struct fleet *fleet, const struct row_options *row) {
    fleet->at_rest = row->traffic == TRAFFIC_NONE;
    fleet->beats = (struct traffic){
        .request = next_beat, .answer = take_answer, .idle = live_on, .destroy = keep, .context = fleet};
    return &fleet->beats;
}

struct beside {
    struct traffic traffic;
    struct fleet *fleet;
    struct traffic *other;
};

static size_t others_request(void *context, size_t socket, uint64_t *number, uint64_t now_us, uint8_t *out) {
    struct traffic *other = ((struct beside *)context)->other;
    return other->request(other->context, socket, number, now_us, out);
}

static uint64_t others_answer(void *context, size_t socket, const uint8_t *data, size_t size, uint64_t now_us) {
    struct traffic *other = ((struct beside *)context)->other;
    return other->answer(other->context, socket, data, size, now_us);
}

static void live_beside(void *context, uint64_t now_us) {
    const struct beside *beside = context;
    if (beside->other->idle) beside->other->idle(beside->other->context, now_us);
    fleet_keep_alive(beside->fleet);
}

static void destroy_beside(void *context) {
    traffic_destroy(((struct beside *)context)->other);
    free(context);
}

struct traffic *fleet_beside(struct fleet *fleet, struct traffic *other) {
    struct beside *beside = calloc(1, sizeof *beside);
    if (!beside) {
        traffic_destroy(other);
        return NULL;
    }
    *beside = (struct beside){.traffic = {.request = others_request,
                                          .answer = others_answer,
                                          .idle = live_beside,
                                          .destroy = destroy_beside,
                                          .context = beside},
                              .fleet = fleet,
                              .other = other};
    return &beside->traffic;
}
