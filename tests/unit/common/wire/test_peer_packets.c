#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "common/wire/bootnode_packets.h"
#include "tests/support/layout.h"
#include "tests/support/recode_peer_packets.h"

/* PROTOCOL.md §3.1. */
static const struct field probe[] = {FIXED(0x90), FIXED(1), ZERO(6), ANY(8), ZERO(96), TAG(16), {0}};
static const struct field initiation[] = {FIXED(0x91), FIXED(1), FIXED(0), ZERO(1), NONZERO(4), ANY(8),
                                          ZERO(4),     ANY(32),  ZERO(44), ANY(16), TAG(16),    {0}};
static const struct field initiation_bound[] = {FIXED(0x91), FIXED(1), FIXED(1), ZERO(1), NONZERO(4), ANY(8),
                                                NONZERO(4),  ANY(32),  ZERO(44), ANY(16), TAG(16),    {0}};
static const struct field initiation_psk[] = {FIXED(0x91), FIXED(1), FIXED(0), ZERO(1), NONZERO(4), ANY(8),
                                              ZERO(4),     ANY(48),  ZERO(28), ANY(16), TAG(16),    {0}};
static const struct field response[] = {FIXED(0x92), FIXED(1), ZERO(2), NONZERO(4), NONZERO(4),
                                        ZERO(4),     ANY(96),  TAG(16), {0}};
static const struct field confirmation[] = {FIXED(0x93), FIXED(1),          ZERO(2), NONZERO(4), NONZERO(4),
                                            ZERO(4),     ANY(48 + 62 + 16), TAG(16), {0}};
static const struct field cookie_reply[] = {FIXED(0x95), FIXED(1), ZERO(2), NONZERO(4), ANY(16),
                                            ANY(16),     ZERO(72), TAG(16), {0}};
static const struct field data[] = {FIXED(0x94), ZERO(3), NONZERO(4), ANY(8), ANY(16), {0}};
/* §3.3. */
static const struct field introduction[] = {ANY(32), ANY(8), ANY(4), ANY(8), LENGTH(9), ANY(9), {0}};
static const struct field introduction_frame[] = {LENGTH(1), FIXED(0), FIXED(58), ANY(52), FIXED(5), ANY(5), {0}};
/* With fewer bytes than an age has: with more, the flag of an aged one would be taken. */
static const struct field segment[] = {LENGTH(2), FIXED(0), FIXED(12), ANY(8), FLAGS(3), ANY(3), {0}};
static const struct field aged_segment[] = {LENGTH(2),         FIXED(0),   FIXED(34), ANY(8),
                                            BYTES(1, 5, 7, 2), NONZERO(4), ANY(21),   {0}};
static const struct field acknowledgement[] = {LENGTH(3), FIXED(0), FIXED(16), ANY(4), ANY(4), ANY(8), {0}};
static const struct field ping[] = {LENGTH(4), FIXED(0), FIXED(8), ANY(8), {0}};
static const struct field pong[] = {LENGTH(5), FIXED(0), FIXED(8), ANY(8), {0}};
static const struct field bye[] = {LENGTH(6), FIXED(0), FIXED(0), {0}};

static const struct field relay[] = {LENGTH(7), FIXED(0), FIXED(48), ANY(16), BYTES(1, 0x90, 0x95, 1), ANY(31), {0}};
static const struct field relayed[] = {LENGTH(8), FIXED(0), FIXED(48), ANY(16), BYTES(1, 0x90, 0x95, 1), ANY(31), {0}};
static const struct field no_candidates[] = {LENGTH(9), FIXED(0), FIXED(3), FLAGS(1), BYTES(1, 0, 2, 1), FIXED(0), {0}};
static const struct field probing[] = {LENGTH(10), FIXED(0), FIXED(6), BYTES(1, 0, 2, 1), FLAGS(1), ANY(4), {0}};
/* As with segments: too few bytes for an age. */
static const struct field piece[] = {LENGTH(11), FIXED(0), FIXED(16), ANY(8), FLAGS(3), FIXED(0),
                                     FIXED(16),  FIXED(0), FIXED(19), ANY(3), {0}};
static const struct field aged_piece[] = {LENGTH(11),        FIXED(0),   FIXED(20), ANY(8),
                                          BYTES(1, 5, 7, 2), NONZERO(4), FIXED(0),  FIXED(16),
                                          FIXED(0),          FIXED(19),  ANY(3),    {0}};
/* Bodies of frames that are not always as long. */
static const struct field relay_body[] = {ANY(16), BYTES(1, 0x90, 0x95, 1), ANY(31), {0}};
static const struct field candidates_body[] = {FLAGS(1), BYTES(1, 0, 2, 1), COUNT(8), CANDIDATES, {0}};
static const struct field probing_body[] = {BYTES(1, 0, 2, 1), FLAGS(1), ANY(4), {0}};
static const struct field piece_body[] = {ANY(8), FLAGS(3), FIXED(0), FIXED(16), FIXED(0), FIXED(19), ANY(3), {0}};

static size_t recode_frame(const uint8_t *in, size_t size, uint8_t *out, size_t capacity) {
    struct frame frame;
    struct reader reader = reader_over(in, size);
    struct writer writer = writer_over(out, capacity);
    if (!frame_next(&reader, &frame) || !reader_finished(&reader)) return 0;
    frame_write(&writer, &frame);
    return writer_size(&writer);
}

static const struct form {
    const struct field *layout;
    recode_function recode;
    size_t least, most;
} forms[] = {
    {probe, recode_peer_probe, 0, 0},
    {initiation, recode_peer_initiation, 0, 0},
    {initiation_bound, recode_peer_initiation, 0, 0},
    {initiation_psk, recode_peer_initiation_psk, 0, 0},
    {response, recode_peer_response, 0, 0},
    {confirmation, recode_peer_confirmation, 16 + 48 + 62 + 16 + 16, 16 + 48 + 93 + 16 + 16},
    {cookie_reply, recode_peer_cookie_reply, 0, 0},
    {introduction, recode_introduction, 0, 0},
    {introduction_frame, recode_frame, 0, 0},
    {segment, recode_frame, 0, 0},
    {acknowledgement, recode_frame, 0, 0},
    {ping, recode_frame, 0, 0},
    {pong, recode_frame, 0, 0},
    {bye, recode_frame, 0, 0},
    {relay, recode_frame, 0, 0},
    {relayed, recode_frame, 0, 0},
    {no_candidates, recode_frame, 0, 0},
    {probing, recode_frame, 0, 0},
    {piece, recode_frame, 0, 0},
    {relay_body, recode_relay_body, 16 + 32, LAYOUT_MAX},
    {relay_body, recode_relayed_body, 16 + 32, LAYOUT_MAX},
    {candidates_body, recode_candidates_body, 0, 0},
    {probing_body, recode_probing_body, 0, 0},
    {piece_body, recode_piece_body, 0, 0},
};
#define FORMS (sizeof forms / sizeof *forms)

static void round_trips(void **state) {
    (void)state;
    for (size_t i = 0; i < FORMS; i++) layout_check_round_trip(forms[i].layout, forms[i].recode);
    layout_check_round_trip(data, recode_peer_data);
}

static void every_field_is_judged(void **state) {
    (void)state;
    for (size_t i = 0; i < FORMS; i++) layout_check_fields(forms[i].layout, forms[i].recode);
    layout_check_fields(data, recode_peer_data);
}

static void every_length_is_judged(void **state) {
    (void)state;
    for (size_t i = 0; i < FORMS; i++)
        layout_check_lengths(forms[i].layout, forms[i].recode, forms[i].least, forms[i].most);
}

static void encoders_write_every_byte_within_bounds(void **state) {
    (void)state;
    for (size_t i = 0; i < FORMS; i++) layout_check_encoder(forms[i].layout, forms[i].recode);
    layout_check_encoder(data, recode_peer_data);
}

static void data_comes_in_steps_of_sixteen(void **state) {
    (void)state;
    uint8_t packet[LAYOUT_MAX], out[LAYOUT_MAX];
    layout_fill(data, packet);
    for (size_t size = 0; size <= sizeof packet; size++)
        assert_int_equal(recode_peer_data(packet, size, out, sizeof out) != 0,
                         size >= 32 && size <= 1200 && size % 16 == 0);
}

/* The kind of room decides how long the first Noise message is, never the packet. */
static void initiation_fits_the_room(void **state) {
    (void)state;
    uint8_t packet[LAYOUT_MAX], out[LAYOUT_MAX];
    size_t size = layout_fill(initiation_psk, packet);
    packet[60] = 1;
    assert_int_equal(recode_peer_initiation(packet, size, out, sizeof out), 0);
    for (size_t noise_size = 0; noise_size < 2048; noise_size++) {
        struct peer_initiation message = {.noise_size = noise_size};
        assert_int_equal(peer_initiation_decode(packet, size, &message), noise_size == 48);
    }
}

static void unfit_noise_is_not_encoded(void **state) {
    (void)state;
    static const uint8_t noise[256];
    uint8_t out[LAYOUT_MAX];
    for (size_t size = 0; size < sizeof noise; size++) {
        const struct peer_initiation first = {.sender_index = 1, .noise = noise, .noise_size = size};
        const struct peer_answer answer = {1, 2, noise, size};
        bool first_fits = size == 32 || size == 48, last_fits = size >= 48 + 62 + 16 && size <= 48 + 93 + 16;
        assert_int_equal(peer_initiation_encode(&first, out, sizeof out), first_fits ? 128 : 0);
        assert_int_equal(peer_response_encode(&answer, out, sizeof out), size == 96 ? 128 : 0);
        assert_int_equal(peer_confirmation_encode(&answer, out, sizeof out), last_fits ? 32 + size : 0);
    }
}

static void packet_fields_stand_where_they_should(void **state) {
    (void)state;
    uint8_t p[LAYOUT_MAX];
    struct peer_probe opening;
    assert_true(peer_probe_decode(p, layout_fill(probe, p), &opening));
    assert_memory_equal(opening.pair_tag, p + 8, 8);
    struct peer_initiation first = {.noise_size = 32};
    assert_true(peer_initiation_decode(p, layout_fill(initiation_bound, p), &first));
    assert_true(first.bound && first.sender_index == layout_number(p + 4, 4));
    assert_memory_equal(first.pair_tag, p + 8, 8);
    assert_true(first.bound_index == layout_number(p + 16, 4) && first.noise == p + 20);
    assert_memory_equal(first.second_mac, p + 96, 16);
    struct peer_answer answer;
    assert_true(peer_response_decode(p, layout_fill(response, p), &answer));
    assert_int_equal(answer.sender_index, layout_number(p + 4, 4));
    assert_int_equal(answer.receiver_index, layout_number(p + 8, 4));
    assert_true(answer.noise == p + 16 && answer.noise_size == 96);
    assert_true(peer_confirmation_decode(p, layout_fill(confirmation, p), &answer));
    assert_true(answer.noise == p + 16 && answer.noise_size == 48 + 62 + 16);
    struct peer_cookie_reply reply;
    assert_true(peer_cookie_reply_decode(p, layout_fill(cookie_reply, p), &reply));
    assert_int_equal(reply.receiver_index, layout_number(p + 4, 4));
    assert_memory_equal(reply.echo, p + 8, 16);
    assert_memory_equal(reply.cookie, p + 24, 16);
    struct peer_data sealed;
    assert_true(peer_data_decode(p, layout_fill(data, p), &sealed));
    assert_int_equal(sealed.receiver_index, layout_number(p + 4, 4));
    assert_true(sealed.counter == layout_number(p + 8, 8) && sealed.sealed == p + 16 && sealed.sealed_size == 16);
}

static struct frame only_frame(const struct field *layout, uint8_t p[static LAYOUT_MAX]) {
    struct reader reader = reader_over(p, layout_fill(layout, p));
    struct frame frame;
    assert_true(frame_next(&reader, &frame));
    assert_false(frame_next(&reader, &(struct frame){0}));
    assert_int_equal(frame.type, p[0]);
    return frame;
}

static void frame_fields_stand_where_they_should(void **state) {
    (void)state;
    uint8_t p[LAYOUT_MAX];
    struct frame frame = only_frame(introduction_frame, p);
    assert_memory_equal(frame.introduction.identity, p + 3, 32);
    assert_true(frame.introduction.run == layout_number(p + 35, 8));
    assert_int_equal(frame.introduction.epoch, layout_number(p + 43, 4));
    assert_true(frame.introduction.wall_ms == layout_number(p + 47, 8));
    assert_int_equal(frame.introduction.nick_size, 5);
    assert_memory_equal(frame.introduction.nick, p + 56, 5);
    assert_int_equal(frame.introduction.nick[5], 0);
    frame = only_frame(segment, p);
    assert_true(frame.segment.stream == layout_number(p + 3, 4) && frame.segment.sequence == layout_number(p + 7, 4));
    assert_true(frame.segment.first == (p[11] & 1) && frame.segment.last == (p[11] >> 1));
    assert_true(frame.segment.data == p + 12 && frame.segment.size == 3 && frame.segment.age == 0);
    frame = only_frame(aged_segment, p);
    assert_true(frame.segment.first && frame.segment.last == (p[11] >> 1 & 1));
    assert_int_equal(frame.segment.age, layout_number(p + 12, 4));
    assert_true(frame.segment.data == p + 16 && frame.segment.size == 21);
    frame = only_frame(aged_piece, p);
    assert_true(frame.piece.segment.stream == layout_number(p + 3, 4) && frame.piece.segment.first);
    assert_int_equal(frame.piece.segment.sequence, layout_number(p + 7, 4));
    assert_int_equal(frame.piece.segment.age, layout_number(p + 12, 4));
    assert_true(frame.piece.offset == 16 && frame.piece.total == 19);
    assert_true(frame.piece.segment.data == p + 20 && frame.piece.segment.size == 3);
    frame = only_frame(acknowledgement, p);
    assert_int_equal(frame.acknowledgement.stream, layout_number(p + 3, 4));
    assert_int_equal(frame.acknowledgement.cumulative, layout_number(p + 7, 4));
    assert_true(frame.acknowledgement.bitmap == layout_number(p + 11, 8));
    frame = only_frame(ping, p);
    assert_true(frame.token == layout_number(p + 3, 8));
    assert_int_equal(only_frame(bye, p).type, FRAME_BYE);
}

static void path_frame_fields_stand_where_they_should(void **state) {
    (void)state;
    uint8_t p[LAYOUT_MAX];
    static const struct field *const relays[] = {relay, relayed};
    for (size_t i = 0; i < 2; i++) {
        struct frame frame = only_frame(relays[i], p);
        assert_memory_equal(frame.relay.member, p + 3, 16);
        assert_true(frame.relay.packet == p + 19 && frame.relay.size == 32);
    }
    static const struct field one_candidate[] = {FIXED(9), FIXED(0), FIXED(10), FIXED(1), FIXED(2),
                                                 FIXED(1), FIXED(4), ANY(6),    {0}};
    struct frame frame = only_frame(one_candidate, p);
    assert_true(frame.candidates.answer && frame.candidates.mapping == NAT_MAPPING_DEPENDENT);
    assert_int_equal(frame.candidates.candidates.count, 1);
    assert_memory_equal(frame.candidates.candidates.items[0].ip + 12, p + 7, 4);
    assert_int_equal(frame.candidates.candidates.items[0].port, layout_number(p + 11, 2));
    frame = only_frame(probing, p);
    assert_true(frame.probing.step == (enum probing_step)p[3] && frame.probing.hard == p[4]);
    assert_int_equal(frame.probing.attempt, layout_number(p + 5, 4));
}

/* What is relayed leaves as long as what came in needs room: a whole packet of our own, in either kind of envelope. */
static void own_packets_fit_into_every_relay(void **state) {
    (void)state;
    uint8_t packet[PACKET_MAX] = {PEER_DATA}, out[PACKET_MAX];
    const size_t own = PEER_FRAMES_OWN_MAX + PEER_DATA_OVERHEAD;
    assert_int_equal(PEER_FRAMES_OWN_MAX % FRAMES_ALIGNMENT, 0);
    const struct relay_message through_bootnode = {.packet = packet, .packet_size = own};
    assert_int_equal(relay_encode(&through_bootnode, out, sizeof out), own + RELAY_OVERHEAD);
    const struct frame_relay through_member = {.packet = packet, .size = own};
    struct writer writer = writer_over(out, PEER_FRAMES_MAX);
    frame_write(&writer, &(struct frame){.type = FRAME_RELAY, .relay = through_member});
    frames_pad(&writer);
    assert_int_equal(writer_size(&writer) % FRAMES_ALIGNMENT, 0);
    assert_in_range(writer_size(&writer), own + FRAME_RELAY_OVERHEAD, PEER_FRAMES_MAX);
    /* And what must travel whole fits into it: a full segment with an acknowledgement, every handshake packet. */
    assert_true(FRAME_SEGMENT_OVERHEAD + 1024 + FRAME_HEADER_SIZE + 16 <= PEER_FRAMES_OWN_MAX);
    assert_true(PEER_HANDSHAKE_SIZE <= own && PEER_PROBE_SIZE <= own && PEER_CONFIRMATION_MAX <= own);
}

/* An age is only where a message begins, and is none when it is zero. */
static void an_aged_segment_is_judged(void **state) {
    (void)state;
    uint8_t in[LAYOUT_MAX], out[LAYOUT_MAX];
    layout_check_round_trip(aged_segment, recode_frame);
    layout_check_encoder(aged_segment, recode_frame);
    size_t size = layout_fill(aged_segment, in);
    for (unsigned flags = 0; flags < 256; flags++) {
        in[11] = (uint8_t)flags;
        assert_int_equal(recode_frame(in, size, out, sizeof out) > 0, flags < 4 || flags == 5 || flags == 7);
    }
    in[11] = 5;
    memset(in + 12, 0, 4);
    assert_int_equal(recode_frame(in, size, out, sizeof out), 0);
    struct writer writer = writer_over(out, sizeof out);
    frame_write(&writer, &(struct frame){.type = FRAME_SEGMENT, .segment = {.age = 1}});
    assert_true(writer.failed);
}

/* It lies within its segment, and begins and ends at a multiple of 16, or with it. */
static void a_piece_lies_within_its_segment(void **state) {
    (void)state;
    static const uint8_t bytes[64];
    uint8_t out[LAYOUT_MAX], again[LAYOUT_MAX];
    layout_check_round_trip(aged_piece, recode_frame);
    layout_check_encoder(aged_piece, recode_frame);
    for (uint16_t total = 0; total <= 80; total++)
        for (uint16_t offset = 0; offset <= 80; offset++)
            for (size_t size = 0; size <= sizeof bytes; size++) {
                struct frame frame = {.type = FRAME_PIECE, .piece = {.offset = offset, .total = total}};
                struct writer writer = writer_over(out, sizeof out);
                size_t end = offset + size;
                bool fits = size > 0 && end <= total && offset % 16 == 0 && (end == total || end % 16 == 0);
                frame.piece.segment.data = bytes;
                frame.piece.segment.size = size;
                frame_write(&writer, &frame);
                assert_int_equal(writer_size(&writer), fits ? FRAME_PIECE_OVERHEAD + size : 0);
                /* The same by hand, for the decoder. */
                uint8_t body[13 + sizeof bytes] = {[10] = (uint8_t)offset, [12] = (uint8_t)total};
                assert_int_equal(recode_piece_body(body, 13 + size, again, sizeof again), fits ? 13 + size : 0);
            }
    struct frame huge = {.type = FRAME_PIECE, .piece = {.offset = UINT16_MAX - 15, .total = UINT16_MAX}};
    struct writer writer = writer_over(out, sizeof out);
    huge.piece.segment.data = bytes;
    huge.piece.segment.size = 16;
    frame_write(&writer, &huge);
    assert_true(writer.failed);
}

static void unfit_packets_are_not_relayed(void **state) {
    (void)state;
    uint8_t out[PACKET_MAX], packet[64];
    for (unsigned first = 0; first < 256; first++) {
        for (size_t size = 1; size <= sizeof packet; size++) {
            struct writer writer = writer_over(out, sizeof out);
            packet[0] = (uint8_t)first;
            memset(packet + 1, 0, sizeof packet - 1);
            frame_write(&writer, &(struct frame){.type = FRAME_RELAYED, .relay = {.packet = packet, .size = size}});
            assert_int_equal(writer_size(&writer) != 0, first >= 0x90 && first <= 0x95 && size >= 32);
        }
    }
    struct frame many = {.type = FRAME_CANDIDATES, .candidates.candidates.count = RECORD_CANDIDATES_MAX + 1};
    struct writer writer = writer_over(out, sizeof out);
    frame_write(&writer, &many);
    assert_true(writer.failed);
    struct frame marked = {.type = FRAME_CANDIDATES, .candidates.candidates = {.count = 1, .seen = 1}};
    writer = writer_over(out, sizeof out);
    frame_write(&writer, &marked);
    assert_true(writer.failed);
}

static void nicks_have_1_to_32_bytes(void **state) {
    (void)state;
    uint8_t body[53 + 255], out[LAYOUT_MAX];
    for (unsigned size = 0; size < 256; size++) {
        layout_random_bytes(body, sizeof body);
        body[52] = (uint8_t)size;
        bool valid = size >= 1 && size <= 32;
        assert_int_equal(recode_introduction(body, 53 + size, out, sizeof out) != 0, valid);
        struct frame_introduction person = {.nick_size = (uint8_t)size};
        struct writer writer = writer_over(out, sizeof out);
        if (!valid) write_introduction(&writer, &person);
        assert_int_equal(writer_size(&writer), 0);
    }
}

static size_t all_frames(uint8_t *out) {
    static const struct field *const frames[] = {
        ping, segment, bye, introduction_frame, acknowledgement, pong, relay, probing, no_candidates, relayed, NULL};
    size_t size = 0;
    for (size_t i = 0; frames[i]; i++) size += layout_fill(frames[i], out + size);
    return size;
}

static void frames_follow_each_other_and_are_padded(void **state) {
    (void)state;
    uint8_t in[LAYOUT_MAX] = {0}, out[LAYOUT_MAX];
    size_t size = all_frames(in), padded = (size + 15) / 16 * 16;
    assert_int_not_equal(size, padded);
    assert_int_equal(recode_frames(in, padded, out, sizeof out), padded);
    assert_memory_equal(in, out, padded);
    assert_int_equal(recode_frames(in, padded + 32, out, sizeof out), padded);
    for (size_t at = size + 1; at < padded; at++) {
        in[at] = 0xee;
        assert_int_equal(recode_frames(in, padded, out, sizeof out), 0);
        in[at] = 0;
    }
}

static void padding_ends_at_sixteen_and_at_the_capacity(void **state) {
    (void)state;
    static const uint8_t ones[33] = {[0 ... 32] = 0xff};
    uint8_t out[34];
    for (size_t size = 0; size <= 33; size++) {
        struct writer writer = writer_over(out, 33);
        memset(out, 0xff, sizeof out);
        write_bytes(&writer, ones, size);
        frames_pad(&writer);
        size_t expected = size > 32 ? 33 : (size + 15) / 16 * 16;
        assert_int_equal(writer.at, expected);
        assert_false(writer.failed);
        for (size_t i = size; i < expected; i++) assert_int_equal(out[i], 0);
        assert_int_equal(out[expected], 0xff);
    }
}

static void unknown_frames_are_skipped(void **state) {
    (void)state;
    uint8_t bytes[LAYOUT_MAX];
    for (unsigned type = FRAME_PIECE + 1; type < 256; type++) {
        struct writer writer = writer_over(bytes, sizeof bytes);
        write_u8(&writer, (uint8_t)type);
        write_u16(&writer, 5);
        write_zeros(&writer, 5);
        frame_write(&writer, &(struct frame){.type = FRAME_PING, .token = 77});
        struct reader reader = reader_over(bytes, writer_size(&writer));
        struct frame frame;
        assert_true(frame_next(&reader, &frame));
        assert_true(frame.type == FRAME_PING && frame.token == 77);
        assert_false(frame_next(&reader, &frame));
        assert_false(reader.failed);
    }
}

/* What came before a malformed frame was handed out; nothing after it is. */
static void a_malformed_frame_ends_the_packet(void **state) {
    (void)state;
    static const uint8_t bytes[] = {6, 0, 0, 4, 0, 7, 1, 2, 3, 4, 5, 6, 7, 6, 0, 0};
    struct reader reader = reader_over(bytes, sizeof bytes);
    struct frame frame;
    assert_true(frame_next(&reader, &frame));
    assert_int_equal(frame.type, FRAME_BYE);
    assert_false(frame_next(&reader, &frame));
    assert_true(reader.failed);
    assert_false(frame_next(&reader, &frame));
}

static void what_is_no_frame_is_not_written(void **state) {
    (void)state;
    static const uint8_t much[70000];
    static uint8_t out[80000];
    struct writer writer = writer_over(out, sizeof out);
    frame_write(&writer, &(struct frame){.type = FRAME_PADDING});
    assert_int_equal(writer_size(&writer), 0);
    writer = writer_over(out, sizeof out);
    frame_write(&writer, &(struct frame){.type = FRAME_PROBING + 1});
    assert_true(writer.failed);
    writer = writer_over(out, sizeof out);
    frame_write(&writer, &(struct frame){.type = FRAME_SEGMENT, .segment = {.data = much, .size = sizeof much}});
    assert_true(writer.failed);
}

static void a_mac_fails_for_every_flipped_bit(void **state) {
    (void)state;
    static const struct field *const layouts[] = {probe, initiation, response, confirmation, NULL};
    uint8_t key[ROOM_MAC_KEY_SIZE], other_key[ROOM_MAC_KEY_SIZE], packet[LAYOUT_MAX];
    layout_random_bytes(key, sizeof key);
    layout_random_bytes(other_key, sizeof other_key);
    for (size_t i = 0; layouts[i]; i++) {
        size_t size = layout_fill(layouts[i], packet);
        peer_mac_write(key, packet, size);
        assert_true(peer_mac_check(key, packet, size));
        assert_false(peer_mac_check(other_key, packet, size));
        for (size_t bit = 0; bit < size * 8; bit++) {
            packet[bit / 8] ^= (uint8_t)(1u << bit % 8);
            assert_false(peer_mac_check(key, packet, size));
            packet[bit / 8] ^= (uint8_t)(1u << bit % 8);
        }
        for (size_t shorter = 0; shorter < size; shorter++) assert_false(peer_mac_check(key, packet, shorter));
    }
}

/* SipHash-2-4-128's own vector (its reference implementation): key 00 01 … 0f over 00 01 … 0f. */
static void the_mac_is_siphash_2_4_128(void **state) {
    (void)state;
    static const uint8_t expected[16] = {0x6e, 0xe2, 0xa4, 0xca, 0x67, 0xb0, 0x54, 0xbb,
                                         0xfd, 0x33, 0x15, 0xbf, 0x85, 0x23, 0x05, 0x77};
    uint8_t key[16], packet[32];
    for (uint8_t i = 0; i < 16; i++) key[i] = packet[i] = i;
    peer_mac_write(key, packet, sizeof packet);
    assert_memory_equal(packet + 16, expected, sizeof expected);
}

static void a_pair_tag_has_a_direction(void **state) {
    (void)state;
    uint8_t key[ROOM_MAC_KEY_SIZE] = {1}, a[MEMBER_ID_SIZE] = {2}, b[MEMBER_ID_SIZE] = {3};
    uint8_t a_to_b[PAIR_TAG_SIZE], b_to_a[PAIR_TAG_SIZE], again[PAIR_TAG_SIZE], packet[4 + 32 + 16] = "pair";
    pair_tag_derive(key, a, b, a_to_b);
    pair_tag_derive(key, b, a, b_to_a);
    pair_tag_derive(key, a, b, again);
    assert_memory_equal(a_to_b, again, sizeof again);
    assert_memory_not_equal(a_to_b, b_to_a, sizeof a_to_b);
    memcpy(packet + 4, a, sizeof a);
    memcpy(packet + 20, b, sizeof b);
    peer_mac_write(key, packet, sizeof packet);
    assert_memory_equal(a_to_b, packet + 36, sizeof a_to_b);
    key[15] = 1;
    pair_tag_derive(key, a, b, again);
    assert_memory_not_equal(a_to_b, again, sizeof again);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(round_trips),
        cmocka_unit_test(every_field_is_judged),
        cmocka_unit_test(every_length_is_judged),
        cmocka_unit_test(encoders_write_every_byte_within_bounds),
        cmocka_unit_test(data_comes_in_steps_of_sixteen),
        cmocka_unit_test(initiation_fits_the_room),
        cmocka_unit_test(unfit_noise_is_not_encoded),
        cmocka_unit_test(packet_fields_stand_where_they_should),
        cmocka_unit_test(frame_fields_stand_where_they_should),
        cmocka_unit_test(path_frame_fields_stand_where_they_should),
        cmocka_unit_test(own_packets_fit_into_every_relay),
        cmocka_unit_test(an_aged_segment_is_judged),
        cmocka_unit_test(a_piece_lies_within_its_segment),
        cmocka_unit_test(unfit_packets_are_not_relayed),
        cmocka_unit_test(nicks_have_1_to_32_bytes),
        cmocka_unit_test(frames_follow_each_other_and_are_padded),
        cmocka_unit_test(padding_ends_at_sixteen_and_at_the_capacity),
        cmocka_unit_test(unknown_frames_are_skipped),
        cmocka_unit_test(a_malformed_frame_ends_the_packet),
        cmocka_unit_test(what_is_no_frame_is_not_written),
        cmocka_unit_test(a_mac_fails_for_every_flipped_bit),
        cmocka_unit_test(the_mac_is_siphash_2_4_128),
        cmocka_unit_test(a_pair_tag_has_a_direction),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("peer_packets", tests, NULL, NULL);
}
