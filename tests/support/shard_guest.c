#include "tests/support/shard_guest.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

const struct shard_limits guest_limits = {.expiry_ms = 15000, .places = {.members = 128}, .sessions = 1000000};

void guest_open(struct shard *shard, const struct shard_limits *limits, int bell) {
    static const uint8_t hash_key[16] = "no secret here";
    assert_true(shard_init(shard, GUEST_NODE, GUEST_SHARD, limits, hash_key, bell, GUEST_START));
}

static void name(unsigned number, uint8_t kind, uint8_t *out, size_t size) {
    memset(out, kind, size);
    struct writer writer = writer_over(out, size);
    write_u32(&writer, number * 2654435761U);
}

void guest_tag(unsigned room, uint8_t out[static ROOM_TAG_SIZE]) {
    name(room, 1, out, ROOM_TAG_SIZE);
}

void guest_member_id(unsigned member, uint8_t out[static MEMBER_ID_SIZE]) {
    name(member, 2, out, MEMBER_ID_SIZE);
}

void guest_secret(unsigned member, uint8_t out[static LINK_SECRET_SIZE]) {
    name(member, 3, out, LINK_SECRET_SIZE);
}

struct address guest_address(unsigned member) {
    struct address address;
    assert_true(address_parse("198.51.100.1:1", 0, &address));
    address.port = (uint16_t)(1024 + member % 60000);
    return address;
}

static uint64_t next_attempt(void) {
    static _Atomic uint64_t last;
    return atomic_fetch_add_explicit(&last, 1, memory_order_relaxed);
}

enum registering guest_register(struct shard *shard, struct guest guest, uint64_t now, struct registered *out,
                                struct writer *members) {
    struct register_body body = {.suite_mask = 1, .revision = 1};
    guest_tag(guest.room, body.room_tag);
    guest_member_id(guest.member, body.member_id);
    struct registration registration = {
        .body = &body, .attempt = next_attempt(), .address = guest_address(guest.member), .endpoint = 1};
    guest_secret(guest.member, registration.secret);
    struct registered unused;
    struct writer none = writer_over(NULL, 0);
    return shard_register(shard, &registration, now, out ? out : &unused, members ? members : &none);
}

enum refusal guest_refusal(struct shard *shard, struct guest guest, uint64_t now) {
    struct registered refused = {0};
    assert_int_equal(guest_register(shard, guest, now, &refused, NULL), REGISTERING_REFUSED);
    return refused.refusal;
}

enum registering guest_confirm(struct shard *shard, uint64_t id, uint64_t now) {
    enum refusal refusal;
    return shard_confirm(shard, id, now, &refusal);
}

enum refusal guest_confirm_refusal(struct shard *shard, uint64_t id, uint64_t now) {
    enum refusal refusal = 0;
    assert_int_equal(shard_confirm(shard, id, now, &refusal), REGISTERING_REFUSED);
    return refusal;
}

uint64_t guest_join(struct shard *shard, struct guest guest, uint64_t now) {
    struct registered registered = {0};
    assert_int_equal(guest_register(shard, guest, now, &registered, NULL), REGISTERED);
    assert_int_equal(guest_confirm(shard, registered.session_id, now), REGISTERED);
    return registered.session_id;
}

struct session *guest_session(struct shard *shard, uint64_t id) {
    struct session_name parts = session_name_of(id);
    return slabs_find(&shard->slabs, parts.slot, parts.generation);
}

struct room *guest_room(struct shard *shard, unsigned room) {
    uint8_t tag[ROOM_TAG_SIZE];
    guest_tag(room, tag);
    return shard_room(shard, tag);
}
