#include "bench/load/beats.h"

#include <string.h>

#include "bench/load/fleet_parts.h"

/* A whole search for sessions to keep alive takes this long, so none is found later than that. */
#define SWEEP_US 500000
#define SWEEP_LOOKS_MAX 65536
/* Turns that may be passed over, of members that just left, before a socket has nothing to send. */
#define TURNS_LOOKED_AT 64
#define PREFETCH_AHEAD 4
#define REORDER_US 2000000
/* So much later than its row's turn may a session beat. */
#define INTERVAL_SLACK_MS 1000
/* Beyond it a session at rest would be too close to its expiry. */
#define INTERVAL_MOST_MS 12000

/* The bootnode's expiry counts from when it heard the beat before. */
#define EXPIRY_SLACK_MS 500
/* RESET that a late beat draws has come by then, so what is reset later was so for another reason. */
#define RESET_COMES_MS 500

bool beats_overdue(const struct fleet *fleet, uint32_t member, uint64_t now_us) {
    const struct member *self = &fleet->members[member];
    if (self->state != MEMBER_ACTIVE) return false;
    uint32_t rested_ms = fleet_ms(now_us) - fleet->beaten_ms[member];
    return (self->flags & MEMBER_OVERDUE) || rested_ms + EXPIRY_SLACK_MS >= fleet->expiry_ms;
}

static void note_lateness(struct fleet *fleet, uint32_t member, uint64_t now_us) {
    struct member *self = &fleet->members[member];
    if (fleet_ms(now_us) - fleet->beaten_ms[member] >= RESET_COMES_MS) self->flags &= (uint8_t)~MEMBER_OVERDUE;
    if (beats_overdue(fleet, member, now_us)) self->flags |= MEMBER_OVERDUE;
}

size_t beats_write(struct fleet *fleet, uint32_t member, bool ask, uint64_t now_us, uint8_t *out) {
    struct member *self = &fleet->members[member];
    const struct beat beat = {.flag = ask,
                              .token = self->token,
                              .session_id = self->session_id,
                              .counter = ++fleet->counter,
                              .version = self->version};
    size_t size = beat_encode(MESSAGE_HEARTBEAT, &beat, out, PACKET_MAX);
    link_tag_beat(self->beat_key, out);
    note_lateness(fleet, member, now_us);
    fleet->beaten_ms[member] = fleet_ms(now_us);
    self->flags &= (uint8_t)~MEMBER_OWES_BEAT;
    fleet->counts.beats++;
    return size;
}

uint32_t beats_send(struct fleet *fleet, uint32_t member, bool ask, uint64_t now_us) {
    size_t socket = fleet_socket(fleet, member);
    fleet_commit(fleet, socket, beats_write(fleet, member, ask, now_us, fleet_space(fleet, socket)));
    return fleet->counter;
}

void beats_shuffle(struct fleet *fleet, uint64_t now_us) {
    struct beat_turn *turns = fleet->order.turns;
    fleet->order.since_us = now_us;
    fleet->order.stale = false;
    memset(turns, 0, fleet->sockets * sizeof *turns);
    for (uint32_t i = 0; i < fleet->places; i++)
        turns[fleet_socket(fleet, i)].count += fleet->members[i].state == MEMBER_ACTIVE;
    for (size_t i = 1; i < fleet->sockets; i++) turns[i].first = turns[i - 1].first + turns[i - 1].count;
    for (size_t i = 0; i < fleet->sockets; i++) turns[i].count = 0;
    /* Fisher and Yates, inside out. */
    for (uint32_t i = 0; i < fleet->places; i++) {
        if (fleet->members[i].state != MEMBER_ACTIVE) continue;
        struct beat_turn *turn = &turns[fleet_socket(fleet, i)];
        uint32_t *members = fleet->order.members + turn->first;
        uint32_t place = (uint32_t)(fleet_random(fleet) % (turn->count + 1));
        members[turn->count++] = members[place];
        members[place] = i;
    }
}

void beats_reorder(struct fleet *fleet, uint64_t now_us) {
    if (fleet->homes && fleet->order.stale && now_us - fleet->order.since_us >= REORDER_US)
        beats_shuffle(fleet, now_us);
}

/* Nodes have more or fewer sessions behind as many sockets: each session beats as often as any other. */
static bool is_early(const struct fleet *fleet, const struct beat_turn *turn, uint64_t now_us) {
    if (!fleet->homes || fleet->row.options.pace != PACE_INTERVAL) return false;
    uint64_t since_us = fleet->order.since_us > fleet->row.began_us ? fleet->order.since_us : fleet->row.began_us;
    if (now_us < since_us) return false;
    return turn->taken > (double)(now_us - since_us) / 1e6 / fleet->row.options.interval_s * turn->count;
}

/* Where sessions are to beat once in an interval, those that are back do not beat for those that are away. */
static unsigned turns_to_look_at(const struct fleet *fleet) {
    return fleet->row.options.pace == PACE_INTERVAL && fleet_missing(fleet) > 0 ? 1 : TURNS_LOOKED_AT;
}

bool beats_next_turn(struct fleet *fleet, size_t socket, uint64_t now_us, uint32_t *member) {
    struct beat_turn *turn = &fleet->order.turns[socket];
    const uint32_t *members = fleet->order.members + turn->first;
    unsigned looks = turns_to_look_at(fleet);
    if (is_early(fleet, turn, now_us)) return false;
    for (unsigned i = 0; i < looks && i < turn->count; i++) {
        *member = members[turn->next];
        turn->next = turn->next + 1 < turn->count ? turn->next + 1 : 0;
        uint32_t ahead = turn->next + PREFETCH_AHEAD;
        if (ahead < turn->count) __builtin_prefetch(&fleet->members[members[ahead]], 1);
        if (fleet->members[*member].state != MEMBER_ACTIVE || fleet_socket(fleet, *member) != socket) continue;
        turn->taken++;
        return true;
    }
    return false;
}

/* A row whose beats come seldom is not filled up with others. */
static uint32_t longest_rest_ms(const struct fleet *fleet) {
    const struct row_options *row = &fleet->row.options;
    if (!fleet->row.running || row->traffic != TRAFFIC_BEATS || row->pace != PACE_INTERVAL) return KEEP_ALIVE_MS;
    double most = row->interval_s * 1000 + INTERVAL_SLACK_MS;
    return most < KEEP_ALIVE_MS ? KEEP_ALIVE_MS : most > INTERVAL_MOST_MS ? INTERVAL_MOST_MS : (uint32_t)most;
}

void beats_keep_alive(struct fleet *fleet, uint64_t now_us) {
    uint64_t share = (now_us - fleet->swept_us) * fleet->places / SWEEP_US;
    if (share == 0) return;
    fleet->swept_us = now_us;
    uint32_t looks = share > SWEEP_LOOKS_MAX ? SWEEP_LOOKS_MAX : (uint32_t)share;
    uint32_t now_ms = fleet_ms(now_us), rest = longest_rest_ms(fleet);
    if (looks > fleet->places) looks = fleet->places;
    for (; looks > 0; looks--) {
        uint32_t member = fleet->swept++;
        if (fleet->swept >= fleet->places) fleet->swept = 0;
        if (now_ms - fleet->beaten_ms[member] >= rest && fleet->members[member].state == MEMBER_ACTIVE)
            beats_send(fleet, member, false, now_us);
    }
}
