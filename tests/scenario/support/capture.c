#include "tests/scenario/support/capture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/wire/bootnode_packets.h"
#include "common/wire/peer_packets.h"
#include "tests/scenario/support/keyring.h"

#define TAG_HEADS 65536
#define NONE SIZE_MAX

static struct {
    struct world *world;
    struct wire *wires;
    size_t count, capacity;
} taken;

static bool take(struct world *world, struct wire *wire) {
    (void)world;
    if (taken.count == taken.capacity) {
        taken.capacity = taken.capacity ? 2 * taken.capacity : 1024;
        taken.wires = realloc(taken.wires, taken.capacity * sizeof *taken.wires);
        assert_non_null(taken.wires);
    }
    taken.wires[taken.count++] = *wire;
    return true;
}

void capture_begin(struct world *world) {
    world->tamper = take;
    taken.world = world;
    keyring_watch(world);
}

void capture_end(void) {
    if (taken.world) taken.world->tamper = NULL;
    free(taken.wires);
    memset(&taken, 0, sizeof taken);
    keyring_watch(NULL);
}

struct moment capture_now(void) {
    return (struct moment){taken.count, keyring_sealed()};
}

void look_for(struct looked_for *list, const void *bytes, size_t size) {
    assert_true(list->count < CAPTURE_LOOKED_FOR);
    list->list[list->count].bytes = bytes;
    list->list[list->count++].size = size;
}

/* --- Which sealed things are where: found by their tags --- */

struct places {
    size_t first[TAG_HEADS], *next; /* sealings, by the first bytes of the tag */
    bool *sent;
};

static const uint8_t *tag_of(const struct sealing *sealing) {
    return sealing->sealed + sealing->size - SUITE_TAG_SIZE;
}

static size_t head_of(const uint8_t *tag) {
    return (size_t)tag[0] << 8 | tag[1];
}

static struct places *places_create(void) {
    struct places *places = calloc(1, sizeof *places);
    const size_t count = keyring_sealed();
    assert_non_null(places);
    assert_non_null(places->next = calloc(count + 1, sizeof *places->next));
    assert_non_null(places->sent = calloc(count + 1, sizeof *places->sent));
    for (size_t i = 0; i < TAG_HEADS; i++) places->first[i] = NONE;
    for (size_t i = 0; i < count; i++) {
        size_t *first = &places->first[head_of(tag_of(keyring_sealing(i)))];
        places->next[i] = *first;
        *first = i;
    }
    return places;
}

static void places_destroy(struct places *places) {
    free(places->next);
    free(places->sent);
    free(places);
}

/* The one whose last byte is the one before `end`; NONE: none is. */
static size_t sealing_before(const struct places *places, const uint8_t *data, size_t end) {
    const uint8_t *tag = data + end - SUITE_TAG_SIZE;
    for (size_t i = places->first[head_of(tag)]; i != NONE; i = places->next[i]) {
        const struct sealing *sealing = keyring_sealing(i);
        if (sealing->size <= end && memcmp(data + end - sealing->size, sealing->sealed, sealing->size) == 0) return i;
    }
    return NONE;
}

/* --- Reading --- */

/* Packets between members, through a bootnode or not. */
static const uint8_t *peers_packet(const struct wire *wire, size_t *size) {
    struct relay_message relay;
    *size = wire->size;
    if (peer_type(wire->data[0])) return wire->data;
    if (!relay_decode(wire->data, wire->size, &relay)) return NULL;
    *size = relay.packet_size;
    return relay.packet;
}

static bool concerns(const struct wire *wire, const struct person *person) {
    struct relay_message relay;
    if (wire->sender == person || address_same_ip(&wire->to, &person->nat.outside)) return true;
    return relay_decode(wire->data, wire->size, &relay) && memcmp(relay.member_id, person->id, MEMBER_ID_SIZE) == 0;
}

static void look(struct reading *reading, const struct looked_for *list, const uint8_t *bytes, size_t size) {
    for (size_t i = 0; i < list->count; i++)
        if (memmem(bytes, size, list->list[i].bytes, list->list[i].size)) reading->found |= UINT32_C(1) << i;
}

static bool read_sealed(struct reading *reading, const struct person *by, const struct looked_for *list,
                        size_t number) {
    uint8_t plain[PACKET_MAX];
    const struct sealing *sealing = keyring_sealing(number);
    if (!keyring_open(by, sealing, plain)) return false;
    look(reading, list, plain, sealing->size - SUITE_TAG_SIZE);
    return true;
}

static void read_datagram(struct reading *reading, const struct person *by, const struct looked_for *list,
                          const struct places *places, const struct wire *wire) {
    const bool concerned = concerns(wire, by);
    size_t size;
    const uint8_t *packet = peers_packet(wire, &size);
    reading->datagrams++;
    look(reading, list, wire->data, wire->size);
    if (packet && !concerned) reading->recognised += packet[0] != PEER_DATA && keyring_recognises(by, packet, size);
    if (packet && packet[0] == PEER_DATA)
        reading->unknown += sealing_before(places, wire->data, (size_t)(packet - wire->data) + size) == NONE;
    for (size_t end = SUITE_TAG_SIZE; end <= wire->size; end++) {
        size_t number = sealing_before(places, wire->data, end);
        if (number == NONE) continue;
        reading->sealed++;
        if (read_sealed(reading, by, list, number)) ++*(concerned ? &reading->own : &reading->foreign);
    }
}

/* What went out at any time is no hidden thing. */
static void find_sent(struct places *places) {
    for (size_t i = 0; i < taken.count; i++)
        for (size_t end = SUITE_TAG_SIZE; end <= taken.wires[i].size; end++) {
            size_t number = sealing_before(places, taken.wires[i].data, end);
            if (number != NONE) places->sent[number] = true;
        }
}

struct reading capture_read(const struct person *by, const struct span *span, const struct looked_for *list) {
    struct reading reading = {0};
    struct places *places = places_create();
    find_sent(places);
    for (size_t i = span->from.datagrams; i < span->to.datagrams; i++)
        read_datagram(&reading, by, list, places, &taken.wires[i]);
    for (size_t i = span->from.sealings; i < span->to.sealings; i++) {
        const bool by_itself = keyring_sealing(i)->by == by;
        if (by_itself) {
            uint8_t plain[PACKET_MAX];
            reading.lacking += !keyring_open(by, keyring_sealing(i), plain);
        } else if (!places->sent[i]) {
            reading.hidden++;
            reading.uncovered += read_sealed(&reading, by, list, i);
        }
    }
    places_destroy(places);
    return reading;
}
