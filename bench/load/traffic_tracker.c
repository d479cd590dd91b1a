#include "bench/load/traffic_tracker.h"

#include <stdio.h>
#include <stdlib.h>

#include "bench/load/load_now.h"
#include "bench/load/wire.h"
#include "common/bytes.h"
#include "common/why.h"
#include "common/wire/packet.h"

#define PROTOCOL_ID UINT64_C(0x41727101980)
#define ACTION_CONNECT 0
#define ACTION_ANNOUNCE 1
#define CONNECT_TRANSACTION 0x6c6f6164U
#define TORRENTS 1000
#define HASH_SIZE 20
#define PEER_ID "-GC0001-gochat-load!"
#define PEER_PORT 6881
#define ANSWER_MIN 20
/* BEP 15: a client may use a connection id for one minute, and a tracker takes it for two. */
#define RENEW_US 60000000
#define RETRY_US 500000
#define CONNECT_US 5000000
#define CONNECT_WAIT_US 10000

struct connection {
    uint64_t id;
    uint64_t since_us; /* of the id; 0: none yet */
    uint64_t asked_us; /* 0: not asked */
};

struct tracker {
    struct traffic traffic;
    uint64_t latest; /* the highest number announced so far */
    size_t count, connected;
    struct connection connections[];
};

/* The finalizer of SplitMix64 (Steele, Lea, Flood): neighbours become strangers. */
static uint64_t mix(uint64_t value) {
    value += UINT64_C(0x9e3779b97f4a7c15);
    value = (value ^ value >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    value = (value ^ value >> 27) * UINT64_C(0x94d049bb133111eb);
    return value ^ value >> 31;
}

static void write_info_hash(struct writer *writer, uint64_t number) {
    uint64_t torrent = mix(number) % TORRENTS;
    write_u64(writer, mix(torrent));
    write_u64(writer, mix(torrent + TORRENTS));
    write_u32(writer, (uint32_t)torrent);
}

static size_t write_connect(struct connection *connection, uint64_t now_us, uint8_t *out) {
    struct writer writer = writer_over(out, PACKET_MAX);
    connection->asked_us = now_us;
    write_u64(&writer, PROTOCOL_ID);
    write_u32(&writer, ACTION_CONNECT);
    write_u32(&writer, CONNECT_TRANSACTION);
    return writer_size(&writer);
}

static size_t write_announce(const struct connection *connection, uint64_t number, uint8_t *out) {
    struct writer writer = writer_over(out, PACKET_MAX);
    write_u64(&writer, connection->id);
    write_u32(&writer, ACTION_ANNOUNCE);
    write_u32(&writer, (uint32_t)number);
    write_info_hash(&writer, number);
    write_bytes(&writer, PEER_ID, HASH_SIZE);
    write_zeros(&writer, 24);       /* downloaded, left, uploaded */
    write_u32(&writer, 0);          /* event: none */
    write_u32(&writer, 0);          /* address: the sender's */
    write_u32(&writer, 0);          /* key */
    write_u32(&writer, UINT32_MAX); /* peers wanted: the tracker's default */
    write_u16(&writer, PEER_PORT);
    return writer_size(&writer);
}

static bool wants_connect(const struct connection *connection, uint64_t now_us) {
    bool old = connection->since_us == 0 || now_us > connection->since_us + RENEW_US;
    return old && (connection->asked_us == 0 || now_us > connection->asked_us + RETRY_US);
}

static size_t request(void *context, size_t socket, uint64_t *number, uint64_t now_us, uint8_t *out) {
    struct tracker *tracker = context;
    struct connection *connection = &tracker->connections[socket];
    uint64_t wanted = *number;
    *number = TRAFFIC_NO_ANSWER;
    if (wants_connect(connection, now_us)) return write_connect(connection, now_us, out);
    if (connection->since_us == 0) return 0;
    *number = tracker->latest = wanted;
    return write_announce(connection, wanted, out);
}

static void take_connection(struct tracker *tracker, size_t socket, uint64_t id, uint64_t now_us) {
    struct connection *connection = &tracker->connections[socket];
    if (connection->since_us == 0) tracker->connected++;
    *connection = (struct connection){.id = id, .since_us = now_us};
}

/* The transaction holds the number's low 32 bits: the youngest request with these is meant. */
static uint64_t answer(void *context, size_t socket, const uint8_t *data, size_t size, uint64_t now_us) {
    struct tracker *tracker = context;
    struct reader reader = reader_over(data, size);
    uint32_t action = read_u32(&reader), transaction = read_u32(&reader);
    uint64_t id = read_u64(&reader);
    uint32_t age = (uint32_t)tracker->latest - transaction;
    if (reader.failed) return TRAFFIC_NO_ANSWER;
    if (action == ACTION_CONNECT && transaction == CONNECT_TRANSACTION) take_connection(tracker, socket, id, now_us);
    if (action != ACTION_ANNOUNCE || size < ANSWER_MIN || age > tracker->latest) return TRAFFIC_NO_ANSWER;
    return tracker->latest - age;
}

struct traffic *traffic_tracker(size_t sockets) {
    struct tracker *tracker = calloc(1, sizeof *tracker + sockets * sizeof *tracker->connections);
    if (!tracker) return NULL;
    tracker->traffic = (struct traffic){.request = request, .answer = answer, .destroy = free, .context = tracker};
    tracker->count = sockets;
    return &tracker->traffic;
}

static void take(void *context, size_t socket, const uint8_t *data, size_t size) {
    (void)answer(context, socket, data, size, load_now_us());
}

static void connect_again(struct tracker *tracker, struct wire *wire, uint64_t now_us) {
    for (size_t i = 0; i < tracker->count; i++) {
        struct connection *connection = &tracker->connections[i];
        uint8_t *place = wants_connect(connection, now_us) ? wire_reserve(wire, i) : NULL;
        if (!place) continue;
        wire_commit(wire, i, write_connect(connection, now_us, place));
        wire_flush(wire, i);
    }
}

bool traffic_tracker_connect(struct traffic *traffic, struct wire *wire, struct why *why) {
    struct tracker *tracker = traffic->context;
    uint64_t now_us = load_now_us(), end_us = now_us + CONNECT_US;
    for (; tracker->connected < tracker->count && now_us < end_us; now_us = load_now_us()) {
        connect_again(tracker, wire, now_us);
        wire_receive(wire, CONNECT_WAIT_US, WIRE_BURST, take, tracker);
    }
    if (tracker->connected == tracker->count) return true;
    return why_fail(why, "the tracker does not answer: %zu of %zu sockets have a connection id", tracker->connected,
                    tracker->count);
}
