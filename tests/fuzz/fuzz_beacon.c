/* Beacons of a cluster, and what follows from them: what is decoded comes back the same, and a view holds whatever
 * nodes say that have the key. What comes is sealed here, so that what stands behind the seal is tried, too. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "bootnode/cluster/beacon.h"
#include "bootnode/cluster/view.h"
#include "bootnode/cluster/view_intake.h"
#include "bootnode/cluster/view_record.h"

#define BEGAN 1000000
#define WALL UINT64_C(1795996800000)
#define BEACONS_MAX 64

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct seal_keys keys = {.items = {{7}}, .count = 1};
static struct view view;
static struct view_record record;

static void require(bool condition) {
    if (!condition) abort();
}

static void begin(void) {
    const struct view_own own = {.id = 1,
                                 .replicas = 2,
                                 .weight = 100,
                                 .boot = 1,
                                 .started_ms = WALL,
                                 .address_count = 1,
                                 .addresses = {{.ip = {[10] = 0xff, [11] = 0xff, 127, 0, 0, 1}, .port = 1}}};
    view_init(&view, &own, BEGAN);
    view_board(&view, true, BEGAN);
}

static void take(const uint8_t *data, size_t size, uint64_t now) {
    uint8_t sealed[512], again[BEACON_SIZE_MAX];
    struct beacon beacon;
    struct writer writer = writer_over(sealed, sizeof sealed);
    write_bytes(&writer, data, size);
    seal_write(&writer, &keys);
    const size_t whole = writer_size(&writer);
    if (beacon_decode(sealed, whole, &keys, &beacon) != BEACON_TAKEN) return;
    require(whole <= BEACON_SIZE_MAX);
    require(beacon_encode(&beacon, &keys, again, sizeof again) == whole && memcmp(sealed, again, whole) == 0);
    const enum beacon_refusal refusal = view_intake(&view, &beacon, now, WALL + now - BEGAN);
    require(refusal < BEACON_REFUSALS && view_refusal_name(refusal) != NULL);
}

static void step(uint64_t now) {
    (void)!view_step(&view, now);
    require(view_holds(&view, now) && view.list_count <= CLUSTER_NODES_MAX);
    view.event_count = 0;
}

/* The input is beacons, each with its size before it, and a byte: how long it is to the next step, or that it is not
 * yet time for one. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct beacon beacon;
    uint64_t now = BEGAN;
    (void)!beacon_decode(data, size, &keys, &beacon);
    (void)!view_record_decode(data, size, "town", &record);
    begin();
    for (unsigned i = 0; i < BEACONS_MAX && size > 2; i++) {
        const size_t part = data[0] > size - 2 ? size - 2 : data[0];
        take(data + 2, part, now);
        if (data[1] > 0) step(now += 50 * (uint64_t)data[1]);
        data += 2 + part;
        size -= 2 + part;
    }
    return 0;
}
