#include "bench/load/relays.h"

#include <stdlib.h>
#include <string.h>

#include "bench/load/beats.h"
#include "bench/load/fleet.h"
#include "bench/load/fleet_parts.h"
#include "bench/load/inbox.h"
#include "bench/load/traffic.h"
#include "common/link.h"
#include "common/wire/peer_packets.h"

#define CARRIED_SIZE 160 /* a line of text between peers */
#define CHOICES 8

struct relays {
    struct traffic traffic;
    struct fleet *fleet;
    bool forged;
};

/* Somebody else of the room who lives; false where, as far as one looks, nobody does. */
static bool choose_roommate(struct fleet *fleet, uint32_t member, uint32_t *out) {
    uint32_t first = fleet_room(fleet, member) * fleet->room_size;
    uint32_t most = fleet->count - first, members = most < fleet->room_size ? most : fleet->room_size;
    for (unsigned i = 0; i < CHOICES && members > 1; i++) {
        *out = first + (uint32_t)((member - first + 1 + fleet_random(fleet) % (members - 1)) % members);
        if (fleet->members[*out].state == MEMBER_ACTIVE) return true;
    }
    return false;
}

static void write_carried(uint64_t number, uint8_t out[static CARRIED_SIZE]) {
    struct writer writer = writer_over(out, CARRIED_SIZE);
    write_u8(&writer, PEER_DATA);
    write_u64(&writer, number);
    write_zeros(&writer, CARRIED_SIZE - writer_size(&writer));
}

static bool read_carried(const struct relay_message *relay, uint64_t *number) {
    struct reader reader = reader_over(relay->packet, relay->packet_size);
    uint8_t type = read_u8(&reader);
    *number = read_u64(&reader);
    return !reader.failed && type == PEER_DATA && relay->packet_size == CARRIED_SIZE;
}

static size_t request(void *context, size_t socket, uint64_t *number, uint64_t now_us, uint8_t *out) {
    struct relays *relays = context;
    struct fleet *fleet = relays->fleet;
    uint32_t from, to;
    uint8_t carried[CARRIED_SIZE];
    if (!beats_next_turn(fleet, socket, now_us, &from) || !choose_roommate(fleet, from, &to)) return 0;
    struct relay_message relay = {
        .session_id = fleet->members[from].session_id, .packet = carried, .packet_size = sizeof carried};
    memcpy(relay.member_id, fleet_names_key(&fleet->names, fleet_key_number(fleet, to))->id, sizeof relay.member_id);
    write_carried(*number, carried);
    size_t size = relay_encode(&relay, out, PACKET_MAX);
    link_tag_relay(fleet->members[from].beat_key, out, size);
    if (relays->forged) {
        out[size - 1] ^= 1;
        *number = TRAFFIC_NO_ANSWER;
    }
    return size;
}

static uint64_t take_relay(struct fleet *fleet, const uint8_t *data, size_t size) {
    struct relay_message relay;
    uint64_t number;
    if (!relay_decode(data, size, &relay) || !read_carried(&relay, &number)) {
        fleet->misdeeds.malformed++;
        return TRAFFIC_NO_ANSWER;
    }
    uint32_t to = session_index_find(&fleet->index, relay.session_id);
    if (to == SESSION_INDEX_NONE) return TRAFFIC_NO_ANSWER;
    if (link_check_relay(fleet->members[to].ack_key, data, size)) return number;
    fleet->misdeeds.forged++;
    return TRAFFIC_NO_ANSWER;
}

static uint64_t answer(void *context, size_t socket, const uint8_t *data, size_t size, uint64_t now_us) {
    const struct relays *relays = context;
    (void)socket;
    if (size > 0 && data[0] == MESSAGE_RELAY) return take_relay(relays->fleet, data, size);
    return inbox_receive(relays->fleet, data, size, now_us);
}

static void live_on(void *context, uint64_t now_us) {
    fleet_step(((struct relays *)context)->fleet, 1, now_us);
}

struct traffic *relays_traffic(struct fleet *fleet, bool forged) {
    struct relays *relays = malloc(sizeof *relays);
    if (!relays) return NULL;
    *relays = (struct relays){
        .traffic = {.request = request, .answer = answer, .idle = live_on, .destroy = free, .context = relays},
        .fleet = fleet,
        .forged = forged};
    return &relays->traffic;
}
