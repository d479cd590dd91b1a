#include "bench/load/traffic_junk.h"

#include <sodium.h>
#include <stdlib.h>

#include "bench/load/mix.h"
#include "common/bytes.h"
#include "common/wire/bootnode_packets.h"

/* From here to 0xff no type begins, neither ours nor STUN's. */
#define NO_TYPE 0xa0
#define NODE_AND_SHARD UINT64_C(0xffff) /* the low bytes of a session id */

struct junk_traffic {
    struct traffic traffic;
    enum junk kind;
    uint64_t random;
};

static size_t write_bytes_of_no_type(struct junk_traffic *junk, uint8_t *out) {
    struct writer writer = writer_over(out, PACKET_MAX);
    write_u64(&writer, mix_next(&junk->random));
    while (writer_size(&writer) < BEAT_SIZE) write_u64(&writer, mix_next(&junk->random));
    out[0] |= NO_TYPE;
    return writer_size(&writer);
}

/* The counter is above any that a session has seen, so that nothing but the id or the tag is wrong. */
static size_t write_beat(struct junk_traffic *junk, uint8_t *out) {
    struct beat beat = {.flag = true, .session_id = mix_next(&junk->random), .counter = UINT32_MAX};
    if (junk->kind == JUNK_AIMED) beat.session_id &= ~NODE_AND_SHARD;
    size_t size = beat_encode(MESSAGE_HEARTBEAT, &beat, out, PACKET_MAX);
    struct writer tag = writer_over(out + size - TAG_SIZE, TAG_SIZE);
    write_u64(&tag, mix_next(&junk->random));
    write_u64(&tag, mix_next(&junk->random));
    return size;
}

static size_t request(void *context, size_t socket, uint64_t *number, uint64_t now_us, uint8_t *out) {
    (void)socket;
    (void)now_us;
    struct junk_traffic *junk = context;
    *number = TRAFFIC_NO_ANSWER;
    return junk->kind == JUNK_BYTES ? write_bytes_of_no_type(junk, out) : write_beat(junk, out);
}

static uint64_t answer(void *context, size_t socket, const uint8_t *data, size_t size, uint64_t now_us) {
    (void)context;
    (void)socket;
    (void)data;
    (void)size;
    (void)now_us;
    return TRAFFIC_NO_ANSWER;
}

struct traffic *traffic_junk(enum junk kind) {
    struct junk_traffic *junk = malloc(sizeof *junk);
    if (!junk) return NULL;
    *junk = (struct junk_traffic){.traffic = {.request = request, .answer = answer, .destroy = free, .context = junk},
                                  .kind = kind};
    randombytes_buf(&junk->random, sizeof junk->random);
    return &junk->traffic;
}
