#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tests/support/layout.h"
#include "tests/support/recode_bootnode_packets.h"

/* PROTOCOL.md §2, packets. Where one decoder takes several types, another test judges the type. */
static const struct field hello[] = {FIXED(0x80), LENGTH(1), BYTES(1, 0, 3, 1), ANY(1), ANY(8),
                                     ANY(32),     FLAGS(1),  ZERO(155),         {0}};
static const struct field cookie_message[] = {FIXED(0x81), FIXED(1), ANY(2), ANY(8),  ANY(32), ADDRESS,
                                              FIXED(0),    FIXED(0), ANY(4), ANY(16), {0}};
static const struct field cookie_message_homes[] = {FIXED(0x81), FIXED(1),  ANY(2),     ANY(8),    ANY(32),  ADDRESS,
                                                    LENGTH(2),   LENGTH(2), ANY(4),     ANY(16),   ANY(1),   LENGTH(7),
                                                    FIXED(1),    FIXED(4),  ANY(6),     LENGTH(9), FIXED(2), FIXED(4),
                                                    ANY(6),      FIXED(6),  LENGTH(32), ANY(17),   {0}};
static const struct field register_packet[] = {
    FIXED(0x82), FIXED(1), LENGTH(0), LENGTH(140), ANY(8), ANY(20), ANY(140), ZERO(548 - 32 - 140), {0}};
static const struct field welcome[] = {FIXED(0x83), ZERO(3), ANY(8), ANY(16 + 32 + 50), {0}};
static const struct field heartbeat[] = {LENGTH(0x84), FLAGS(1), ANY(2), ANY(8), ANY(4), ANY(8), TAG(16), {0}};
static const struct field beat_ack[] = {LENGTH(0x85), FLAGS(1), ANY(2), ANY(8), ANY(4), ANY(8), TAG(16), {0}};
static const struct field path[] = {FIXED(0x89), ZERO(3), ANY(8), ANY(20), TAG(8), {0}};
static const struct field relay[] = {FIXED(0x8f), ZERO(3), ANY(8), ANY(16), BYTES(1, 0x90, 0x95, 1),
                                     ANY(31),     TAG(16), {0}};
static const struct field reset[] = {FIXED(0x8c), ZERO(3), ANY(8), ANY(16), {0}};
static const struct field refused[] = {FIXED(0x8d), BYTES(1, 1, 7, 1), ANY(2), ANY(8), {0}};
/* Sealed ones with the shortest body. */
static const struct field changes[] = {LENGTH(0x86), ZERO(1), ANY(2), ANY(8), NONZERO(8), ANY(14 + 16), {0}};
static const struct field update[] = {LENGTH(0x87), ZERO(3), ANY(8), NONZERO(8), ANY(6 + 16), {0}};
static const struct field introduce[] = {LENGTH(0x88), ZERO(1), ANY(2), ANY(8), NONZERO(8), ANY(16 + 16), {0}};
static const struct field move[] = {LENGTH(0x8a), ZERO(3), ANY(8), NONZERO(8), ANY(20 + 16), {0}};
static const struct field leave[] = {LENGTH(0x8b), ZERO(3), ANY(8), NONZERO(8), ANY(1 + 16), {0}};
static const struct field notice[] = {LENGTH(0x8e), ZERO(1), ANY(2), ANY(8), NONZERO(8), ANY(5 + 16), {0}};
/* Bodies. */
static const struct field register_body[] = {ANY(64), BYTES(1, 1, 3, 2), COUNT(6), ANY(4), CANDIDATES, FIXED(0), {0}};
static const struct field register_body_proof[] = {ANY(64),   BYTES(1, 1, 3, 2), COUNT(6), ANY(4), CANDIDATES,
                                                   LENGTH(1), ADDRESS,           ANY(20),  {0}};
static const struct field welcome_body[] = {ANY(8), ANY(16), ANY(2), ANY(2), ANY(1), FLAGS(3),
                                            ANY(2), ANY(2),  ANY(8), ANY(8), {0}};
static const struct field welcome_body_succeeded[] = {ANY(8), ANY(16), ANY(2), ANY(2), ANY(1),  BYTES(1, 4, 7, 1),
                                                      ANY(2), ANY(2),  ANY(8), ANY(8), ANY(32), {0}};
static const struct field member_record[] = {ANY(16), BYTES(1, 1, 3, 2), COUNT(8), ANY(4), MARKED_CANDIDATES, {0}};
static const struct field changes_delta[] = {FIXED(0), ZERO(1), ANY(8), ANY(4), {0}};
static const struct field changes_full[] = {LENGTH(1), ZERO(1),   ANY(8),  ZERO(4), LENGTH(7),
                                            ANY(15),   LENGTH(8), ANY(15), {0}};
static const struct field entry_joined[] = {BYTES(1, 1, 3, 2), ANY(16), BYTES(1, 1, 3, 2), COUNT(8), ANY(4),
                                            MARKED_CANDIDATES, {0}};
static const struct field entry_left[] = {FIXED(2), ANY(16), BYTES(1, 0, 2, 1), {0}};
static const struct field entry_present[] = {FIXED(4),          ANY(16), BYTES(1, 1, 3, 2), COUNT(8), ANY(4),
                                             MARKED_CANDIDATES, {0}};
static const struct field update_body[] = {ANY(4), COUNT(6), CANDIDATES, FIXED(0), {0}};
static const struct field update_body_proof[] = {ANY(4), COUNT(6), CANDIDATES, LENGTH(1), ADDRESS, ANY(20), {0}};
static const struct field notice_body[] = {BYTES(1, 1, 2, 1), ANY(4), {0}};
static const struct field notice_body_elsewhere[] = {FIXED(3), LENGTH(1), LENGTH(1), ANY(1), ANY(1),
                                                     FIXED(1), FIXED(4),  ANY(6),    {0}};
static const struct field leave_body[] = {BYTES(1, 1, 2, 1), {0}};
static const struct field cookie[] = {ANY(4), ANY(16), {0}};

static size_t recode_entry(enum changes_kind kind, const uint8_t *in, size_t size, uint8_t *out, size_t capacity) {
    struct change_entry entry;
    struct reader reader = reader_over(in, size);
    struct writer writer = writer_over(out, capacity);
    read_change_entry(&reader, kind, &entry);
    if (!reader_finished(&reader)) return 0;
    write_change_entry(&writer, &entry);
    return writer_size(&writer);
}

static size_t recode_delta_entry(const uint8_t *in, size_t size, uint8_t *out, size_t capacity) {
    return recode_entry(CHANGES_DELTA, in, size, out, capacity);
}

static size_t recode_full_entry(const uint8_t *in, size_t size, uint8_t *out, size_t capacity) {
    return recode_entry(CHANGES_FULL, in, size, out, capacity);
}

/* Which lengths are valid, where more than its own are. */
static const struct form {
    const struct field *layout;
    recode_function recode;
    size_t least, most;
} forms[] = {
    {hello, recode_hello, 200, 1200},
    {cookie_message, recode_cookie_message, 0, 0},
    {cookie_message_homes, recode_cookie_message, 0, 0},
    {register_packet, recode_register, 548, 1200},
    {welcome, recode_welcome, 12 + 48 + 50, 548},
    {heartbeat, recode_beat, 0, 0},
    {beat_ack, recode_beat, 0, 0},
    {path, recode_path, 0, 0},
    {relay, recode_relay, 28 + 32 + 16, 1200},
    {reset, recode_reset, 0, 0},
    {refused, recode_refused, 0, 0},
    {changes, recode_sealed, 36 + 14, 1200},
    {update, recode_sealed, 36 + 6, 36 + 6 + 6 * 19 + 38},
    {introduce, recode_sealed, 36 + 16, 36 + 22 + 8 * 19},
    {move, recode_sealed, 0, 0},
    {leave, recode_sealed, 0, 0},
    {notice, recode_sealed, 36 + 5, 36 + 3 + 1 + 4 * 28},
    {register_body, recode_register_body, 0, 0},
    {register_body_proof, recode_register_body, 0, 0},
    {welcome_body, recode_welcome_body, 0, 0},
    {welcome_body_succeeded, recode_welcome_body, 0, 0},
    {member_record, recode_member_record, 0, 0},
    {changes_delta, recode_changes_body, 0, 0},
    {changes_full, recode_changes_body, 0, 0},
    {entry_joined, recode_delta_entry, 0, 0},
    {entry_left, recode_delta_entry, 0, 0},
    {entry_present, recode_full_entry, 0, 0},
    {update_body, recode_update_body, 0, 0},
    {update_body_proof, recode_update_body, 0, 0},
    {notice_body, recode_notice_body, 0, 0},
    {notice_body_elsewhere, recode_notice_body, 0, 0},
    {leave_body, recode_leave_body, 0, 0},
    {cookie, recode_cookie, 0, 0},
};
#define FORMS (sizeof forms / sizeof *forms)

static void round_trips(void **state) {
    (void)state;
    for (size_t i = 0; i < FORMS; i++) layout_check_round_trip(forms[i].layout, forms[i].recode);
}

static void every_field_is_judged(void **state) {
    (void)state;
    for (size_t i = 0; i < FORMS; i++) layout_check_fields(forms[i].layout, forms[i].recode);
}

static void every_length_is_judged(void **state) {
    (void)state;
    for (size_t i = 0; i < FORMS; i++)
        layout_check_lengths(forms[i].layout, forms[i].recode, forms[i].least, forms[i].most);
}

static void encoders_write_every_byte_within_bounds(void **state) {
    (void)state;
    for (size_t i = 0; i < FORMS; i++) layout_check_encoder(forms[i].layout, forms[i].recode);
}

static bool is_sealed(unsigned type, size_t size) {
    for (size_t i = 0; i < FORMS; i++) {
        uint8_t message[LAYOUT_MAX];
        size_t own = layout_fill(forms[i].layout, message);
        if (forms[i].recode != recode_sealed || message[0] != type) continue;
        return forms[i].most ? size >= forms[i].least && size <= forms[i].most : size == own;
    }
    return false;
}

static void sealed_types_are_told_apart(void **state) {
    (void)state;
    uint8_t packet[LAYOUT_MAX] = {[19] = 1};
    struct sealed_header header;
    for (unsigned type = 0; type < 256; type++) {
        packet[0] = (uint8_t)type;
        for (size_t size = 0; size < 256; size++)
            assert_int_equal(sealed_header_decode(packet, size, &header), is_sealed(type, size));
        if (!is_sealed(type, 36 + 5) && type != MESSAGE_LEAVE && type != MESSAGE_MOVE && type != MESSAGE_UPDATE)
            continue;
        (void)sealed_header_decode(packet, 36 + 5, &header); /* a size that not each of them has */
        assert_int_equal(header.type, type);
    }
}

static void beats_are_heartbeat_and_beat_ack(void **state) {
    (void)state;
    uint8_t packet[BEAT_SIZE] = {0};
    struct beat beat;
    for (unsigned type = 0; type < 256; type++) {
        packet[0] = (uint8_t)type;
        assert_int_equal(beat_decode(packet, sizeof packet, &beat),
                         type == MESSAGE_HEARTBEAT || type == MESSAGE_BEAT_ACK);
    }
}

/* Nothing but the nonce is read of a foreign HELLO, so that REFUSED can say so. */
static void hello_of_another_version_is_decoded(void **state) {
    (void)state;
    uint8_t packet[LAYOUT_MAX];
    struct hello message;
    for (unsigned version = 0; version < 256; version++) {
        layout_random_bytes(packet, sizeof packet);
        packet[0] = MESSAGE_HELLO;
        packet[1] = (uint8_t)version;
        packet[2] = 1;
        assert_int_equal(hello_decode(packet, 200, &message), version != 1);
        assert_int_equal(message.version, version);
        if (version != 1) assert_true(message.nonce == layout_number(packet + 4, 8));
        assert_false(hello_decode(packet, 199, &message));
        assert_false(hello_decode(packet, 1201, &message));
    }
}

static void register_noise_is_bounded(void **state) {
    (void)state;
    uint8_t packet[LAYOUT_MAX], out[LAYOUT_MAX];
    size_t size = layout_fill(register_packet, packet);
    memset(packet + 32, 0, size - 32);
    for (unsigned noise = 0; noise <= UINT16_MAX; noise++) {
        packet[2] = (uint8_t)(noise >> 8);
        packet[3] = (uint8_t)noise;
        assert_int_equal(recode_register(packet, size, out, sizeof out) != 0,
                         noise >= 48 + 71 && noise <= 48 + 71 + 6 * 19 + 38);
        struct register_message message = {.noise_size = noise};
        assert_int_equal(register_start(&message, out, sizeof out) != 0,
                         noise >= 48 + 71 && noise <= 48 + 71 + 6 * 19 + 38);
    }
}

static void register_finish_wants_the_length_of_the_header(void **state) {
    (void)state;
    uint8_t packet[LAYOUT_MAX];
    struct register_message message = {.noise_size = 140};
    assert_int_equal(register_start(&message, packet, sizeof packet), REGISTER_HEADER_SIZE);
    assert_int_equal(register_finish(packet, 140, sizeof packet), REGISTER_SIZE);
    assert_int_equal(register_finish(packet, 139, sizeof packet), 0);
    assert_int_equal(register_finish(packet, 140, REGISTER_SIZE - 1), 0);
    assert_int_equal(register_finish(packet, REGISTER_SIZE, sizeof packet), 0);
}

/* Where each field stands: round trips would not notice two that were swapped. */
static void packet_fields_stand_where_they_should(void **state) {
    (void)state;
    uint8_t p[LAYOUT_MAX];
    struct hello h;
    assert_true(hello_decode(p, layout_fill(hello, p), &h));
    assert_true(h.version == 1 && h.nonce == layout_number(p + 4, 8) && h.asks);
    assert_memory_equal(h.key, p + 12, 32);
    assert_true(h.bucket == layout_number(p + 2, 2) && h.homes_silent == p[44]);
    memset(p + 12, 0, 32);
    assert_true(hello_decode(p, HELLO_SIZE, &h) && !h.asks);
    struct cookie_message c;
    assert_true(cookie_message_decode(p, layout_fill(cookie_message, p), &c));
    assert_int_equal(c.spread_ms, layout_number(p + 2, 2));
    assert_true(c.nonce == layout_number(p + 4, 8));
    assert_memory_equal(c.bootnode_public, p + 12, 32);
    assert_memory_equal(c.seen.ip, p + 44, 16);
    assert_int_equal(c.seen.port, layout_number(p + 60, 2));
    assert_int_equal(c.cookie.time, layout_number(p + 64, 4));
    assert_memory_equal(c.cookie.tag, p + 68, 16);
    struct register_message r;
    assert_true(register_decode(p, layout_fill(register_packet, p), &r));
    assert_true(r.attempt == layout_number(p + 4, 8));
    assert_int_equal(r.cookie.time, layout_number(p + 12, 4));
    assert_true(r.noise == p + 32 && r.noise_size == 140);
    struct welcome_message w;
    assert_true(welcome_decode(p, layout_fill(welcome, p), &w));
    assert_true(w.attempt == layout_number(p + 4, 8) && w.noise == p + 12 && w.noise_size == 98);
}

static void session_fields_stand_where_they_should(void **state) {
    (void)state;
    uint8_t p[LAYOUT_MAX];
    struct beat b;
    assert_true(beat_decode(p, layout_fill(heartbeat, p), &b));
    assert_int_equal(b.flag, p[1]);
    assert_int_equal(b.token, layout_number(p + 2, 2));
    assert_true(b.session_id == layout_number(p + SESSION_ID_OFFSET, 8));
    assert_int_equal(b.counter, layout_number(p + 12, 4));
    assert_int_equal(b.version.epoch, layout_number(p + 16, 4));
    assert_int_equal(b.version.count, layout_number(p + 20, 4));
    struct path_message m;
    assert_true(path_decode(p, layout_fill(path, p), &m));
    assert_true(m.session_id == layout_number(p + SESSION_ID_OFFSET, 8));
    assert_int_equal(m.cookie.time, layout_number(p + 12, 4));
    struct relay_message y;
    size_t size = layout_fill(relay, p);
    assert_true(relay_decode(p, size, &y));
    assert_true(y.session_id == layout_number(p + SESSION_ID_OFFSET, 8));
    assert_memory_equal(y.member_id, p + 12, 16);
    assert_true(y.packet == p + 28 && y.packet_size == 32 && size == 76);
    struct reset t;
    assert_true(reset_decode(p, layout_fill(reset, p), &t));
    assert_true(t.session_id == layout_number(p + SESSION_ID_OFFSET, 8));
    assert_memory_equal(t.token, p + 12, 16);
    struct refused f;
    assert_true(refused_decode(p, layout_fill(refused, p), &f));
    assert_int_equal(f.reason, p[1]);
    assert_int_equal(f.retry_s, layout_number(p + 2, 2));
    assert_true(f.nonce == layout_number(p + 4, 8));
    struct sealed_header s;
    assert_true(sealed_header_decode(p, layout_fill(move, p), &s));
    assert_int_equal(s.type, MESSAGE_MOVE);
    assert_int_equal(s.token, 0);
    assert_true(s.session_id == layout_number(p + SESSION_ID_OFFSET, 8) && s.counter == layout_number(p + 12, 8));
}

static void body_fields_stand_where_they_should(void **state) {
    (void)state;
    uint8_t p[LAYOUT_MAX];
    struct reader reader = reader_over(p, layout_fill(register_body, p));
    struct register_body r;
    read_register_body(&reader, &r);
    assert_memory_equal(r.room_tag, p, 16);
    assert_memory_equal(r.member_key, p + 16, 32);
    assert_memory_equal(r.possession, p + 48, 16);
    assert_true(r.suite_mask == p[64] && r.candidates.count == p[65] && r.revision == layout_number(p + 66, 4));
    reader = reader_over(p, layout_fill(welcome_body, p));
    struct welcome_body w;
    read_welcome_body(&reader, &w);
    assert_true(w.session_id == layout_number(p, 8) && w.complete == (p[29] & 1) && w.relays == p[29] >> 1);
    assert_memory_equal(w.reset_token, p + 8, 16);
    assert_true(w.beat_ms == layout_number(p + 24, 2) && w.expiry_ms == layout_number(p + 26, 2));
    assert_true(w.answer_every == p[28] && w.room_limit == layout_number(p + 30, 2));
    assert_int_equal(w.token, layout_number(p + 32, 2));
    assert_true(w.version.epoch == layout_number(p + 34, 4) && w.version.count == layout_number(p + 38, 4));
    assert_true(w.wall_ms == layout_number(p + 42, 8) && !w.succeeded);
    reader = reader_over(p, layout_fill(welcome_body_succeeded, p));
    read_welcome_body(&reader, &w);
    assert_true(w.succeeded && reader_finished(&reader));
    assert_memory_equal(w.successor, p + 50, 32);
    reader = reader_over(p, layout_fill(changes_full, p));
    struct changes_header c;
    read_changes_header(&reader, &c);
    assert_true(c.kind == CHANGES_FULL && c.to.epoch == layout_number(p + 2, 4) &&
                c.to.count == layout_number(p + 6, 4));
    assert_memory_equal(c.low, p + 14, 16);
    assert_memory_equal(c.high, p + 30, 16);
    reader = reader_over(p, layout_fill(changes_delta, p));
    read_changes_header(&reader, &c);
    assert_true(c.kind == CHANGES_DELTA && c.from == layout_number(p + 10, 4));
    assert_memory_equal(c.low, c.high, 16);
    reader = reader_over(p, layout_fill(notice_body, p));
    struct notice_body n;
    read_notice_body(&reader, &n);
    assert_true(n.kind == p[0] && n.retry_ms == layout_number(p + 1, 4));
}

/* What is relayed goes on as long as it came, so a packet that the encoder refuses could not have come. */
static void unfit_packets_are_not_relayed(void **state) {
    (void)state;
    static const uint8_t packet[PACKET_MAX] = {0x90};
    uint8_t out[LAYOUT_MAX];
    struct relay_message message = {.packet = packet};
    for (; message.packet_size <= sizeof packet; message.packet_size++) {
        size_t expected = message.packet_size >= 32 && message.packet_size <= 1156 ? 44 + message.packet_size : 0;
        assert_int_equal(relay_encode(&message, out, sizeof out), expected);
    }
    for (unsigned first = 0; first < 256; first++) {
        const uint8_t other[32] = {(uint8_t)first};
        message = (struct relay_message){.packet = other, .packet_size = sizeof other};
        assert_int_equal(relay_encode(&message, out, sizeof out), first >= 0x90 && first <= 0x95 ? 76 : 0);
    }
}

static const uint8_t record_start[22] = {[16] = 1, [17] = 1, [21] = 9};

static bool candidate_decodes(const uint8_t *candidate, size_t size, struct address *out) {
    uint8_t bytes[64];
    memcpy(bytes, record_start, sizeof record_start);
    memcpy(bytes + sizeof record_start, candidate, size);
    struct reader reader = reader_over(bytes, sizeof record_start + size);
    struct member_record record;
    read_member_record(&reader, &record);
    *out = record.candidates.items[0];
    return reader_finished(&reader);
}

static void an_address_has_one_form(void **state) {
    (void)state;
    static const uint8_t ipv4[] = {4, 192, 0, 2, 1, 0x12, 0x34};
    static const uint8_t mapped[] = {6, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 192, 0, 2, 1, 0x12, 0x34};
    static const uint8_t ipv6[] = {6, 0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0x12, 0x34};
    struct address address;
    assert_true(candidate_decodes(ipv4, sizeof ipv4, &address));
    assert_true(address_is_ipv4(&address));
    assert_memory_equal(address.ip + 12, ipv4 + 1, 4);
    assert_int_equal(address.port, 0x1234);
    assert_false(candidate_decodes(mapped, sizeof mapped, &address));
    assert_true(candidate_decodes(ipv6, sizeof ipv6, &address));
    assert_memory_equal(address.ip, ipv6 + 1, 16);
}

static void other_families_are_malformed(void **state) {
    (void)state;
    struct address address;
    for (unsigned family = 0; family < 256; family++) {
        if (family == 4 || family == 6 || family == 0x14 || family == 0x16) continue;
        uint8_t candidate[19] = {(uint8_t)family, 0x20, 1};
        for (size_t size = 0; size <= sizeof candidate; size++)
            assert_false(candidate_decodes(candidate, size, &address));
    }
}

static bool body_decodes(void (*read)(struct reader *, uint8_t *), const uint8_t *body, size_t size) {
    uint8_t seen;
    struct reader reader = reader_over(body, size);
    read(&reader, &seen);
    return reader_finished(&reader);
}

static void read_registered(struct reader *reader, uint8_t *seen) {
    struct register_body body;
    read_register_body(reader, &body);
    *seen = body.candidates.seen;
}

static void read_updated(struct reader *reader, uint8_t *seen) {
    struct update_body body;
    read_update_body(reader, &body);
    *seen = body.candidates.seen;
}

/* Only bootnodes say that a member was seen somewhere. */
static void clients_mark_nothing_as_seen(void **state) {
    (void)state;
    uint8_t registers[70 + 7 + 1] = {[64] = 1, [65] = 1, [70] = 4}, updates[5 + 7 + 1] = {[4] = 1, [5] = 4}, out[256];
    assert_true(body_decodes(read_registered, registers, sizeof registers));
    assert_true(body_decodes(read_updated, updates, sizeof updates));
    registers[70] |= 0x10;
    updates[5] |= 0x10;
    assert_false(body_decodes(read_registered, registers, sizeof registers));
    assert_false(body_decodes(read_updated, updates, sizeof updates));
    const struct update_body changed = {.candidates = {.count = 1, .seen = 1}};
    struct writer writer = writer_over(out, sizeof out);
    write_update_body(&writer, &changed);
    assert_int_equal(writer_size(&writer), 0);
    const struct register_body body = {.candidates = {.count = 1, .seen = 1}};
    writer = writer_over(out, sizeof out);
    write_register_body(&writer, &body);
    assert_int_equal(writer_size(&writer), 0);
}

static void records_say_what_was_seen(void **state) {
    (void)state;
    uint8_t bytes[22 + 7 + 19 + 7] = {[16] = 1, [17] = 3, [22] = 0x14, [29] = 6, [48] = 0x14};
    struct reader reader = reader_over(bytes, sizeof bytes);
    struct member_record record;
    read_member_record(&reader, &record);
    assert_true(reader_finished(&reader));
    assert_int_equal(record.candidates.seen, 5);
    for (unsigned i = 0; i < 3; i++) assert_int_equal(candidate_is_seen(&record.candidates, i), i != 1);
}

/* Where an interface would stand in a link-local address, there is nothing on the wire. */
static void a_scope_stays_at_home(void **state) {
    static const struct member_record plain = {
        .suite_mask = 1, .candidates = {.count = 1, .items = {{.ip = {0xfe, 0x80, [15] = 1}, .port = 4000}}}};
    struct member_record scoped = plain, back;
    uint8_t bytes[2][64];
    (void)state;
    scoped.candidates.items[0] = address_scoped(scoped.candidates.items[0], 7);
    struct writer without = writer_over(bytes[0], sizeof bytes[0]), with = writer_over(bytes[1], sizeof bytes[1]);
    write_member_record(&without, &plain);
    write_member_record(&with, &scoped);
    size_t size = writer_size(&with);
    assert_int_equal(size, writer_size(&without));
    assert_memory_equal(bytes[0], bytes[1], size);
    struct reader reader = reader_over(bytes[1], size);
    read_member_record(&reader, &back);
    assert_true(reader_finished(&reader));
    for (size_t at = 4; at < 8; at++) {
        bytes[1][size - 18 + at] = 1;
        reader = reader_over(bytes[1], size);
        read_member_record(&reader, &back);
        assert_true(reader.failed);
        bytes[1][size - 18 + at] = 0;
    }
}

static void a_proof_is_an_address_and_its_cookie(void **state) {
    (void)state;
    uint8_t p[LAYOUT_MAX];
    size_t size = layout_fill(update_body_proof, p);
    struct reader reader = reader_over(p, size);
    struct update_body body;
    read_update_body(&reader, &body);
    const uint8_t *proof = p + size - 38;
    assert_true(reader_finished(&reader) && body.has_proof);
    assert_memory_equal(body.proof.address.ip, proof, 16);
    assert_int_equal(body.proof.address.port, layout_number(proof + 16, 2));
    assert_int_equal(body.proof.cookie.time, layout_number(proof + 18, 4));
    assert_memory_equal(body.proof.cookie.tag, proof + 22, 16);
    p[size - 39] = 2;
    reader = reader_over(p, size);
    read_update_body(&reader, &body);
    assert_false(reader_finished(&reader));
}

static void too_many_candidates_are_not_encoded(void **state) {
    (void)state;
    uint8_t out[256];
    struct register_body body = {.candidates.count = MEMBER_CANDIDATES_MAX + 1};
    struct writer writer = writer_over(out, sizeof out);
    write_register_body(&writer, &body);
    assert_int_equal(writer_size(&writer), 0);
    struct update_body update_too_long = {.candidates.count = MEMBER_CANDIDATES_MAX + 1};
    writer = writer_over(out, sizeof out);
    write_update_body(&writer, &update_too_long);
    assert_int_equal(writer_size(&writer), 0);
    struct member_record record = {.candidates.count = RECORD_CANDIDATES_MAX + 1};
    writer = writer_over(out, sizeof out);
    write_member_record(&writer, &record);
    assert_int_equal(writer_size(&writer), 0);
}

static void changes_hold_entries_to_their_end(void **state) {
    (void)state;
    uint8_t body[LAYOUT_MAX], out[LAYOUT_MAX];
    for (int round = 0; round < 50; round++) {
        size_t size = layout_fill(changes_delta, body);
        for (int i = 0; i < 5; i++) size += layout_fill(i % 2 ? entry_left : entry_joined, body + size);
        assert_int_equal(recode_changes_body(body, size, out, sizeof out), size);
        assert_memory_equal(body, out, size);
        assert_int_equal(recode_changes_body(body, size - 1, out, sizeof out), 0);
        size = layout_fill(changes_full, body);
        for (int i = 0; i < 5; i++) size += layout_fill(entry_present, body + size);
        assert_int_equal(recode_changes_body(body, size, out, sizeof out), size);
        assert_memory_equal(body, out, size);
        size = layout_fill(welcome_body, body);
        for (int i = 0; i < 3; i++) size += layout_fill(member_record, body + size);
        assert_int_equal(recode_welcome_body(body, size, out, sizeof out), size);
        assert_memory_equal(body, out, size);
    }
}

static void a_part_must_not_end_before_it_starts(void **state) {
    (void)state;
    uint8_t body[46] = {[0] = 1, [14] = 7, [30] = 7}, out[64];
    assert_int_equal(recode_changes_body(body, sizeof body, out, sizeof out), sizeof body);
    body[29] = 1;
    assert_int_equal(recode_changes_body(body, sizeof body, out, sizeof out), 0);
}

static void sizes_are_known_before_writing(void **state) {
    (void)state;
    uint8_t bytes[LAYOUT_MAX];
    for (int round = 0; round < 100; round++) {
        struct change_entry entry = {.change = CHANGE_JOINED};
        size_t size = layout_fill(member_record, bytes);
        struct reader reader = reader_over(bytes, size);
        read_member_record(&reader, &entry.record);
        assert_int_equal(member_record_size(&entry.record), size);
        assert_int_equal(change_entry_size(&entry), size + 1);
        assert_true(size <= MEMBER_RECORD_MAX);
        entry.change = CHANGE_LEFT;
        struct writer writer = writer_over(bytes, sizeof bytes);
        write_change_entry(&writer, &entry);
        assert_int_equal(change_entry_size(&entry), writer_size(&writer));
    }
}

static size_t shortest_valid(const struct form *form) {
    uint8_t packet[LAYOUT_MAX], out[LAYOUT_MAX];
    size_t size = layout_fill(form->layout, packet), least = 1;
    memset(packet + size, 0, sizeof packet - size);
    while (least < sizeof packet && form->recode(packet, least, out, sizeof out) == 0) least++;
    return least;
}

/* Rule 1: what may be sent to an address that proved nothing is no longer than what came from there. */
static void no_answer_is_longer_than_its_request(void **state) {
    (void)state;
    static const struct {
        const struct field *request;
        size_t answers[3];
    } exchanges[] = {
        {hello, {COOKIE_MESSAGE_MAX, REFUSED_SIZE}},
        {register_packet, {WELCOME_MAX, REFUSED_SIZE}},
        {heartbeat, {PATH_SIZE, BEAT_SIZE, RESET_SIZE}},
        {update, {RESET_SIZE}},
        {introduce, {RESET_SIZE}},
        {move, {RESET_SIZE}},
        {leave, {RESET_SIZE}},
    };
    for (size_t i = 0; i < sizeof exchanges / sizeof *exchanges; i++) {
        const struct form *form = forms;
        while (form->layout != exchanges[i].request) form++;
        for (size_t j = 0; j < 3; j++) assert_true(exchanges[i].answers[j] <= shortest_valid(form));
    }
}

static struct named_homes homes_of(uint8_t replicas, uint8_t count, uint8_t addresses) {
    struct named_homes homes = {.replicas = replicas, .count = count, .node = 200};
    for (uint8_t i = 0; i < count; i++) {
        homes.list[i] = (struct home){.node = (uint8_t)(2 * i), .address_count = addresses};
        homes.list[i].addresses[0] = (struct address){.ip = {[10] = 0xff, [11] = 0xff, 203, 0, 113, i}, .port = 9595};
        homes.list[i].addresses[1] = (struct address){.ip = {0x20, 1, [15] = i}, .port = 9595};
    }
    return homes;
}

static bool is_taken(const struct named_homes *homes) {
    uint8_t packet[COOKIE_MESSAGE_MAX], again[COOKIE_MESSAGE_MAX];
    struct cookie_message message = {.homes = *homes}, out;
    size_t size = cookie_message_encode(&message, packet, sizeof packet);
    return size > 0 && size == COOKIE_MESSAGE_SIZE + homes_size(homes) && cookie_message_decode(packet, size, &out) &&
           cookie_message_encode(&out, again, sizeof again) == size && memcmp(packet, again, size) == 0;
}

static void homes_are_named_once_each(void **state) {
    (void)state;
    for (uint8_t replicas = 1; replicas <= HOMES_MAX; replicas++)
        for (uint8_t count = 1; count <= HOMES_MAX; count++)
            for (uint8_t addresses = 1; addresses <= 2; addresses++) {
                struct named_homes homes = homes_of(replicas, count, addresses);
                for (uint8_t i = 0; i < count && addresses == 1; i++) homes.list[i].addresses[1] = (struct address){0};
                assert_true(is_taken(&homes));
            }
    struct named_homes homes = homes_of(2, 4, 2);
    assert_int_equal(COOKIE_MESSAGE_SIZE + homes_size(&homes), COOKIE_MESSAGE_MAX);
    homes.list[3].node = homes.list[1].node;
    assert_false(is_taken(&homes));
    homes = homes_of(2, 4, 2);
    homes.list[2].addresses[1] = homes.list[2].addresses[0];
    assert_false(is_taken(&homes));
    homes = homes_of(2, 4, 2);
    homes.count = HOMES_MAX + 1;
    assert_false(is_taken(&homes));
    homes = homes_of(5, 4, 1);
    assert_false(is_taken(&homes));
    homes = homes_of(1, 1, 0);
    assert_false(is_taken(&homes));
    homes = homes_of(1, 1, 3);
    assert_false(is_taken(&homes));
}

static void answers_have_the_size_of_their_name(void **state) {
    (void)state;
    uint8_t out[LAYOUT_MAX];
    assert_int_equal(cookie_message_encode(&(struct cookie_message){0}, out, sizeof out), COOKIE_MESSAGE_SIZE);
    assert_int_equal(refused_encode(&(struct refused){0}, out, sizeof out), REFUSED_SIZE);
    assert_int_equal(reset_encode(&(struct reset){0}, out, sizeof out), RESET_SIZE);
    assert_int_equal(path_encode(&(struct path_message){0}, out, sizeof out), PATH_SIZE);
    assert_int_equal(beat_encode(MESSAGE_BEAT_ACK, &(struct beat){0}, out, sizeof out), BEAT_SIZE);
    assert_int_equal(hello_encode(&(struct hello){.version = 1}, out, sizeof out), HELLO_SIZE);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(round_trips),
        cmocka_unit_test(every_field_is_judged),
        cmocka_unit_test(every_length_is_judged),
        cmocka_unit_test(encoders_write_every_byte_within_bounds),
        cmocka_unit_test(sealed_types_are_told_apart),
        cmocka_unit_test(beats_are_heartbeat_and_beat_ack),
        cmocka_unit_test(hello_of_another_version_is_decoded),
        cmocka_unit_test(register_noise_is_bounded),
        cmocka_unit_test(register_finish_wants_the_length_of_the_header),
        cmocka_unit_test(packet_fields_stand_where_they_should),
        cmocka_unit_test(session_fields_stand_where_they_should),
        cmocka_unit_test(body_fields_stand_where_they_should),
        cmocka_unit_test(unfit_packets_are_not_relayed),
        cmocka_unit_test(an_address_has_one_form),
        cmocka_unit_test(other_families_are_malformed),
        cmocka_unit_test(clients_mark_nothing_as_seen),
        cmocka_unit_test(records_say_what_was_seen),
        cmocka_unit_test(a_scope_stays_at_home),
        cmocka_unit_test(a_proof_is_an_address_and_its_cookie),
        cmocka_unit_test(too_many_candidates_are_not_encoded),
        cmocka_unit_test(changes_hold_entries_to_their_end),
        cmocka_unit_test(a_part_must_not_end_before_it_starts),
        cmocka_unit_test(sizes_are_known_before_writing),
        cmocka_unit_test(no_answer_is_longer_than_its_request),
        cmocka_unit_test(homes_are_named_once_each),
        cmocka_unit_test(answers_have_the_size_of_their_name),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("bootnode_packets", tests, NULL, NULL);
}
