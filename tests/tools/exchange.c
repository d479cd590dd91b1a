/* exchange: one whole exchange as our own code makes it, from fixed keys and randomness: what appendix A of PROTOCOL.md
 * shows, in the same form. tests/e2e/exchange.t compares the two, and computes every byte a second time. */
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bootnode/guard/cookie.h"
#include "bootnode/handlers/reset.h"
#include "bootnode/node_key.h"
#include "client/keys/identity.h"
#include "client/message/message.h"
#include "client/peer/handshake.h"
#include "client/peer/transport.h"
#include "common/link.h"
#include "common/possession.h"
#include "tests/support/counting.h"
#include "tests/support/vector_lines.h"

#define ROOM "lobby \xc3\xa9"
#define SECRET "correct horse"
#define COOKIE_SECOND 1000
#define NONCE UINT64_C(0x0102030405060708)
#define ATTEMPT UINT64_C(0x1112131415161718)
#define SESSION_ID UINT64_C(0x0102030004050001)
#define EPOCH 0x0a0b0c0d
#define SENT_MS UINT64_C(1767225600000)
#define A_TOKEN UINT64_C(0x5152535455565758) /* in CONFIRMATION */
#define B_TOKEN UINT64_C(0x3132333435363738)

/* Ends with a word about what our own code refused. */
static void must(bool done, const char *what) {
    if (done) return;
    fprintf(stderr, "exchange: %s: expected to succeed\n", what);
    exit(1);
}

/* The next ephemeral key. */
static void show_ephemeral(const char *name, uint8_t first) {
    uint8_t secret[32];
    counting_bytes(first, secret);
    show(name, secret, sizeof secret);
    counting_from(first);
}

/* --- Names --- */

struct person {
    struct identity identity;
    uint8_t member_secret[MEMBER_KEY_SIZE], member_key[MEMBER_KEY_SIZE];
    uint8_t id[MEMBER_ID_SIZE];
};

static struct person alice, bob;

static void show_room(const struct room_keys *room) {
    show("room key K", room->key, sizeof room->key);
    show("room tag", room->set.tag, sizeof room->set.tag);
    show("blinding key", room->blinding_key, sizeof room->blinding_key);
    show("MAC key", room->set.mac_key, sizeof room->set.mac_key);
    show("psk", room->set.psk, sizeof room->set.psk);
}

static void show_person(const char *who, struct person *person, uint8_t first) {
    uint8_t seed[32];
    char name[32], fingerprint[FINGERPRINT_TEXT_SIZE];
    counting_bytes(first, seed);
    identity_from_seed(seed, &person->identity);
    const struct {
        const char *what;
        const uint8_t *bytes;
    } rows[] = {{"Ed25519 seed", seed},
                {"Ed25519 key", person->identity.public},
                {"X25519 secret", person->identity.noise_secret},
                {"X25519 key", person->identity.noise_public}};
    for (size_t i = 0; i < 4; i++) {
        snprintf(name, sizeof name, "%s %s", who, rows[i].what);
        show(name, rows[i].bytes, 32);
    }
    fingerprint_format(person->identity.public, fingerprint);
    snprintf(name, sizeof name, "%s fingerprint", who);
    show_text(name, fingerprint);
}

static void show_part(const char *who, const char *what, const uint8_t *bytes, size_t size) {
    char name[32];
    snprintf(name, sizeof name, "%s %s", who, what);
    show(name, bytes, size);
}

static void show_id(const char *who, struct person *person, const struct room_keys *room) {
    uint8_t factor[64];
    crypto_generichash(factor, sizeof factor, person->identity.public, 32, room->blinding_key,
                       sizeof room->blinding_key);
    must(member_secret_derive(room, person->identity.secret, person->member_secret), "a member secret");
    must(member_key_derive(room, person->identity.public, person->member_key), "a member key");
    member_id_derive(room, person->identity.public, person->id);
    show_part(who, "blinding factor", factor, sizeof factor);
    show_part(who, "member secret", person->member_secret, MEMBER_KEY_SIZE);
    show_part(who, "member key", person->member_key, MEMBER_KEY_SIZE);
    show_part(who, "member id", person->id, MEMBER_ID_SIZE);
}

static void show_safety_number(void) {
    char spaced[SAFETY_NUMBER_TEXT_SIZE], digits[SAFETY_NUMBER_TEXT_SIZE], *out = digits;
    safety_number_format(alice.identity.public, bob.identity.public, spaced);
    for (const char *at = spaced; *at; at++)
        if (*at != ' ') *out++ = *at;
    *out = '\0';
    show_text("safety number", digits);
}

static void show_names(struct room_keys *room) {
    must(room_keys_derive(ROOM, NULL, 0, room), "an open room");
    show("room name", (const uint8_t *)ROOM, strlen(ROOM));
    show_room(room);
    show_gap();
    show_person("A", &alice, 0x00);
    show_id("A", &alice, room);
    show_gap();
    show_person("B", &bob, 0x50);
    show_id("B", &bob, room);
    show_safety_number();
    show_gap();
}

/* --- A's private room --- */

static void show_set(const uint8_t root[static 32], const uint8_t secret[static 32]) {
    struct key_set set;
    key_set_derive(root, secret, &set);
    show("secret", secret, PRIVATE_SECRET_SIZE);
    show("room tag", set.tag, sizeof set.tag);
    show("MAC key", set.mac_key, sizeof set.mac_key);
    show("psk", set.psk, sizeof set.psk);
    show_gap();
}

static void show_private_room(void) {
    uint8_t nonce[32], root[32], secret[32];
    struct room_keys room;
    counting_bytes(0x80, nonce);
    private_root(alice.identity.public, nonce, root);
    must(private_keys_derive(ROOM, root, &room), "a private room");
    show("nonce", nonce, sizeof nonce);
    show("root R", root, sizeof root);
    show("N", room.key, sizeof room.key);
    show("room id", room.id, sizeof room.id);
    show("blinding key", room.blinding_key, sizeof room.blinding_key);
    show_gap();
    private_first_secret(&room, secret);
    show_set(root, secret);
    counting_bytes(0xa0, secret);
    show_set(root, secret);
}

/* --- A and the bootnode --- */

static const struct address alice_seen = {.ip = {[10] = 0xff, 0xff, 192, 0, 2, 1}, .port = 4000};
static const struct address alice_moved = {.ip = {[10] = 0xff, 0xff, 192, 0, 2, 1}, .port = 4001};
static const struct address alice_other = {.ip = {0x20, 0x01, 0x0d, 0xb8, [15] = 1}, .port = 4000};
static const struct address alice_home = {.ip = {[10] = 0xff, 0xff, 192, 168, 1, 10}, .port = 4000};
static const struct address bob_seen = {.ip = {0x20, 0x01, 0x0d, 0xb8, [15] = 2}, .port = 5000};

static void show_hello(const struct room_keys *room) {
    uint8_t packet[HELLO_SIZE];
    const struct hello hello = {.version = PROTOCOL_VERSION, .bucket = room_bucket(room->set.tag), .nonce = NONCE};
    size_t size = hello_encode(&hello, packet, sizeof packet);
    show("HELLO", packet, size);
}

static void show_cookie(const struct node_key *key, struct cookie_jar *jar, struct cookie *cookie) {
    struct cookie_message message = {.nonce = NONCE, .seen = alice_seen};
    uint8_t packet[COOKIE_MESSAGE_SIZE], secret[32];
    counting_bytes(0x60, secret);
    counting_from(secret[0]);
    cookie_jar_init(jar);
    must(cookie_make(jar, &alice_seen, COOKIE_SECOND, cookie), "a cookie");
    message.cookie = *cookie;
    memcpy(message.bootnode_public, key->public, 32);
    show("cookie secret", secret, 16);
    show("COOKIE", packet, cookie_message_encode(&message, packet, sizeof packet));
}

/* REGISTER as A sends it, its handshake in `noise`; the packet stays in `packet`. */
static void show_register(const struct room_keys *room, const struct node_key *key, struct cookie_jar *jar,
                          const struct cookie *cookie, struct noise *noise, uint8_t packet[static REGISTER_SIZE]) {
    struct register_body body = {
        .suite_mask = SUITE_CHACHA20_POLY1305, .revision = 1, .candidates = {.items = {alice_home}, .count = 1}};
    body.has_proof = true;
    body.proof.address = alice_other;
    must(cookie_make(jar, &alice_other, COOKIE_SECOND, &body.proof.cookie), "a cookie for the other family");
    uint8_t payload[REGISTER_BODY_MAX], prologue[LINK_PROLOGUE_SIZE];
    memcpy(body.room_tag, room->set.tag, ROOM_TAG_SIZE);
    memcpy(body.member_key, alice.member_key, MEMBER_KEY_SIZE);
    struct writer writer = writer_over(payload, sizeof payload);
    write_register_body(&writer, &body);
    size_t noise_size = NOISE_NK_1_OVERHEAD + writer_size(&writer);
    struct register_message message = {.attempt = ATTEMPT, .cookie = *cookie, .noise_size = noise_size};
    must(register_start(&message, packet, REGISTER_SIZE) > 0, "REGISTER begins");
    must(register_finish(packet, noise_size, REGISTER_SIZE) == REGISTER_SIZE, "REGISTER ends");
    link_prologue(packet, prologue);
    show_ephemeral("A ephemeral", 0xa0);
    noise_init(noise, &(struct noise_config){.pattern = NOISE_NK,
                                             .suite = SUITE_CHACHA20_POLY1305,
                                             .initiator = true,
                                             .prologue = prologue,
                                             .prologue_size = sizeof prologue,
                                             .remote_static = key->public});
    must(possession_write(noise, alice.member_secret, payload, writer_size(&writer), packet + REGISTER_HEADER_SIZE,
                          noise_size) == noise_size,
         "REGISTER");
    show("A proof", payload + REGISTER_POSSESSION_OFFSET, POSSESSION_SIZE);
    show("REGISTER payload", payload, writer_size(&writer));
    show("REGISTER", packet, REGISTER_SIZE);
}

static size_t welcome_payload(const struct node_key *key, uint8_t *out, size_t capacity) {
    struct welcome_body body = {.session_id = SESSION_ID,
                                .beat_ms = 4000,
                                .expiry_ms = 15000,
                                .answer_every = 3,
                                .complete = true,
                                .relays = true,
                                .room_limit = 128,
                                .token = 0x2122,
                                .version = {EPOCH, 2},
                                .wall_ms = SENT_MS};
    struct member_record record = {.suite_mask = SUITE_CHACHA20_POLY1305 | SUITE_AES256_GCM,
                                   .revision = 7,
                                   .candidates = {.items = {bob_seen}, .count = 1, .seen = 1}};
    memcpy(record.id, bob.id, MEMBER_ID_SIZE);
    reset_token(key->reset_key, SESSION_ID, body.reset_token);
    struct writer writer = writer_over(out, capacity);
    write_welcome_body(&writer, &body);
    write_member_record(&writer, &record);
    return writer_size(&writer);
}

/* The bootnode reads REGISTER and answers; A reads that. The keys are A's. */
static void show_welcome(const struct node_key *key, const uint8_t packet[static REGISTER_SIZE], struct noise *noise,
                         struct noise_keys *keys) {
    struct register_message message;
    struct noise server;
    uint8_t prologue[LINK_PROLOGUE_SIZE], payload[WELCOME_MAX], answer[WELCOME_MAX];
    size_t payload_size;
    link_prologue(packet, prologue);
    noise_init(&server, &(struct noise_config){.pattern = NOISE_NK,
                                               .suite = SUITE_CHACHA20_POLY1305,
                                               .prologue = prologue,
                                               .prologue_size = sizeof prologue,
                                               .static_secret = key->secret});
    must(register_decode(packet, REGISTER_SIZE, &message) &&
             noise_read(&server, message.noise, message.noise_size, payload, sizeof payload, &payload_size) &&
             possession_check(&server, payload, payload_size),
         "reading REGISTER");
    payload_size = welcome_payload(key, payload, sizeof payload);
    show("WELCOME payload", payload, payload_size);
    show_ephemeral("bootnode ephemeral", 0xe0);
    size_t size = welcome_start(ATTEMPT, answer, sizeof answer);
    size += noise_write(&server, payload, payload_size, answer + size, sizeof answer - size);
    show("WELCOME", answer, size);
    must(noise_read(noise, answer + WELCOME_HEADER_SIZE, size - WELCOME_HEADER_SIZE, payload, sizeof payload,
                    &payload_size) &&
             noise_split(noise, keys),
         "reading WELCOME");
}

struct session_keys {
    uint8_t seal[2][SUITE_KEY_SIZE], tag[2][LINK_TAG_KEY_SIZE]; /* by enum link_direction */
};

static void show_session_keys(const struct noise_keys *keys, struct session_keys *out) {
    uint8_t secret[LINK_SECRET_SIZE];
    show("k1", keys->send, NOISE_KEY_SIZE);
    show("k2", keys->receive, NOISE_KEY_SIZE);
    link_secret(keys, false, secret);
    show("session secret S", secret, sizeof secret);
    for (enum link_direction direction = LINK_TO_BOOTNODE; direction <= LINK_TO_CLIENT; direction++) {
        link_seal_key(secret, direction, out->seal[direction]);
        link_tag_key(secret, direction, out->tag[direction]);
    }
    show("subkey 1", out->seal[LINK_TO_BOOTNODE], SUITE_KEY_SIZE);
    show("subkey 2", out->seal[LINK_TO_CLIENT], SUITE_KEY_SIZE);
    show("subkey 3", out->tag[LINK_TO_BOOTNODE], LINK_TAG_KEY_SIZE);
    show("subkey 4", out->tag[LINK_TO_CLIENT], LINK_TAG_KEY_SIZE);
}

static void show_beats(const struct session_keys *keys) {
    struct beat beat = {.flag = true, .token = 0x2122, .session_id = SESSION_ID, .counter = 1, .version = {EPOCH, 2}};
    uint8_t packet[BEAT_SIZE];
    must(beat_encode(MESSAGE_HEARTBEAT, &beat, packet, sizeof packet) > 0, "HEARTBEAT");
    link_tag_beat(keys->tag[LINK_TO_BOOTNODE], packet);
    show("HEARTBEAT", packet, sizeof packet);
    beat.flag = false;
    beat.token = 0x2324;
    beat.version.count = 3;
    must(beat_encode(MESSAGE_BEAT_ACK, &beat, packet, sizeof packet) > 0, "BEAT_ACK");
    link_tag_beat(keys->tag[LINK_TO_CLIENT], packet);
    show("BEAT_ACK", packet, sizeof packet);
}

static void show_sealed(const char *name, enum message_type type, const uint8_t key[static SUITE_KEY_SIZE],
                        uint64_t counter, const uint8_t *body, size_t body_size) {
    uint8_t packet[PACKET_MAX];
    const struct sealed_header header = {.type = (uint8_t)type,
                                         .session_id = SESSION_ID,
                                         .counter = counter,
                                         .token = type == MESSAGE_CHANGES ? 0x2324 : 0};
    show(name, packet, link_seal(key, &header, body, body_size, packet, sizeof packet));
}

/* A delta that tells of A itself. */
static void show_changes(const struct session_keys *keys) {
    struct change_entry entry = {
        .change = CHANGE_JOINED,
        .record = {.suite_mask = SUITE_CHACHA20_POLY1305,
                   .revision = 1,
                   .candidates = {.items = {alice_seen, alice_other, alice_home}, .count = 3, .seen = 3}}};
    uint8_t body[PACKET_MAX];
    memcpy(entry.record.id, alice.id, MEMBER_ID_SIZE);
    struct writer writer = writer_over(body, sizeof body);
    write_changes_header(&writer, &(struct changes_header){.kind = CHANGES_DELTA, .to = {EPOCH, 3}, .from = 2});
    write_change_entry(&writer, &entry);
    show("CHANGES body", body, writer_size(&writer));
    show_sealed("CHANGES", MESSAGE_CHANGES, keys->seal[LINK_TO_CLIENT], 1, body, writer_size(&writer));
}

static void show_move(const struct session_keys *keys, struct cookie_jar *jar) {
    struct path_message path = {.session_id = SESSION_ID};
    uint8_t packet[PATH_SIZE], body[COOKIE_SIZE];
    must(cookie_make(jar, &alice_moved, COOKIE_SECOND, &path.cookie), "a cookie for the new address");
    must(path_encode(&path, packet, sizeof packet) > 0, "PATH");
    link_tag_path(keys->tag[LINK_TO_CLIENT], packet);
    show("PATH", packet, sizeof packet);
    struct writer writer = writer_over(body, sizeof body);
    write_cookie(&writer, &path.cookie);
    show_sealed("MOVE", MESSAGE_MOVE, keys->seal[LINK_TO_BOOTNODE], 1, body, writer_size(&writer));
}

static void show_relay(const struct room_keys *room, const struct session_keys *keys) {
    struct peer_probe probe;
    uint8_t inner[PEER_PROBE_SIZE], packet[PACKET_MAX];
    pair_tag_derive(room->set.mac_key, alice.id, bob.id, probe.pair_tag);
    size_t inner_size = peer_probe_encode(&probe, inner, sizeof inner);
    peer_mac_write(room->set.mac_key, inner, inner_size);
    struct relay_message relay = {.session_id = SESSION_ID, .packet = inner, .packet_size = inner_size};
    memcpy(relay.member_id, bob.id, MEMBER_ID_SIZE);
    size_t size = relay_encode(&relay, packet, sizeof packet);
    link_tag_relay(keys->tag[LINK_TO_BOOTNODE], packet, size);
    show("pair tag A to B", probe.pair_tag, PAIR_TAG_SIZE);
    show("PROBE", inner, inner_size);
    show("RELAY", packet, size);
}

static void show_leaving(const struct node_key *key, const struct session_keys *keys) {
    struct reset reset = {.session_id = SESSION_ID};
    const uint8_t leaves[] = {LEAVE_SAID};
    uint8_t packet[RESET_SIZE];
    show_sealed("LEAVE", MESSAGE_LEAVE, keys->seal[LINK_TO_BOOTNODE], 2, leaves, sizeof leaves);
    reset_token(key->reset_key, SESSION_ID, reset.token);
    show("RESET", packet, reset_encode(&reset, packet, sizeof packet));
}

static void show_registration(const struct room_keys *room) {
    uint8_t seed[32], packet[REGISTER_SIZE];
    struct node_key key;
    struct cookie_jar jar;
    struct cookie cookie;
    struct noise noise;
    struct noise_keys noise_keys;
    struct session_keys keys = {0};
    counting_bytes(0x40, seed);
    node_key_derive(seed, &key);
    show("bootnode key file", seed, sizeof seed);
    show("bootnode secret", key.secret, 32);
    show("bootnode key", key.public, 32);
    show("reset key", key.reset_key, sizeof key.reset_key);
    show_gap();
    show_hello(room);
    show_cookie(&key, &jar, &cookie);
    show_gap();
    show_register(room, &key, &jar, &cookie, &noise, packet);
    show_gap();
    show_welcome(&key, packet, &noise, &noise_keys);
    show_gap();
    show_session_keys(&noise_keys, &keys);
    show_gap();
    show_beats(&keys);
    show_changes(&keys);
    show_move(&keys, &jar);
    show_relay(room, &keys);
    show_leaving(&key, &keys);
    cookie_jar_destroy(&jar);
    show_gap();
}

/* --- A and B --- */

static struct handshake_pair pair_of(const struct room_keys *room, bool initiator) {
    const struct person *own = initiator ? &alice : &bob, *other = initiator ? &bob : &alice;
    struct handshake_pair pair = {.room = room,
                                  .identity = &own->identity,
                                  .initiator = initiator,
                                  .own_mask = initiator ? 1 : 3,
                                  .other_mask = initiator ? 3 : 1};
    memcpy(pair.own_id, own->id, MEMBER_ID_SIZE);
    memcpy(pair.other_id, other->id, MEMBER_ID_SIZE);
    must(initiator == handshake_is_initiator(pair.own_id, pair.other_id), "A as the lower member id");
    return pair;
}

static struct frame_introduction introduction_of(const struct person *person) {
    struct frame_introduction introduction = {.nick_size = 3};
    memcpy(introduction.identity, person->identity.public, 32);
    memcpy(introduction.nick, person == &alice ? "ann" : "ben", 3);
    introduction.run = person == &alice ? UINT64_C(0x4141414141414141) : UINT64_C(0x4242424242424242);
    introduction.epoch = 1;
    introduction.wall_ms = SENT_MS;
    return introduction;
}

/* One handshake of both sides, A's first. */
struct meeting {
    struct handshake_pair pairs[2];
    uint32_t indices[2];
    struct handshake_attempt attempt;
    struct handshake_pending pending;
    struct handshake_result results[2];
};

static void show_initiation(struct meeting *meeting, const struct transport *bound) {
    must(handshake_initiate(&meeting->pairs[0], &meeting->pairs[0].room->set, meeting->indices[0], bound, 0,
                            &meeting->attempt),
         "INITIATION");
    show("INITIATION", meeting->attempt.packet, sizeof meeting->attempt.packet);
}

/* What B says instead when it has too much to do, and A then. */
static void show_cookie_reply(const struct meeting *meeting) {
    struct peer_initiation initiation = {.noise_size = handshake_initiation_noise_size(meeting->pairs[0].room)};
    struct peer_cookie_reply reply;
    uint8_t cookie[PEER_COOKIE_SIZE], packet[PEER_COOKIE_REPLY_SIZE], again[PEER_HANDSHAKE_SIZE];
    for (size_t i = 0; i < sizeof cookie; i++) cookie[i] = (uint8_t)(0x70 + i);
    must(peer_initiation_decode(meeting->attempt.packet, PEER_HANDSHAKE_SIZE, &initiation), "reading INITIATION");
    handshake_ask_for_cookie(&meeting->pairs[1].room->set, &initiation, cookie, packet);
    show("cookie", cookie, sizeof cookie);
    show("COOKIE_REPLY", packet, sizeof packet);
    must(peer_cookie_reply_decode(packet, sizeof packet, &reply) && handshake_cookie_fits(&meeting->attempt, &reply),
         "COOKIE_REPLY");
    handshake_use_cookie(&meeting->attempt, reply.cookie, again);
    show("INITIATION with it", again, sizeof again);
}

static void show_response(struct meeting *meeting, const struct transport *bound) {
    const uint8_t *packet = meeting->attempt.packet;
    struct peer_initiation initiation = {.noise_size = handshake_initiation_noise_size(meeting->pairs[0].room)};
    must(peer_initiation_decode(packet, PEER_HANDSHAKE_SIZE, &initiation) &&
             handshake_respond(&meeting->pairs[1], &meeting->pairs[1].room->set, packet, &initiation,
                               meeting->indices[1], bound, 0, &meeting->pending),
         "RESPONSE");
    show("RESPONSE", meeting->pending.response, sizeof meeting->pending.response);
}

static void show_confirmation(struct meeting *meeting) {
    const struct frame_introduction introduction = introduction_of(&alice);
    struct peer_answer answer;
    uint8_t packet[PEER_CONFIRMATION_MAX], payload[PEER_INTRODUCTION_MAX];
    struct writer writer = writer_over(payload, sizeof payload);
    write_introduction(&writer, &introduction);
    show("A introduction", payload, writer_size(&writer));
    must(peer_response_decode(meeting->pending.response, PEER_HANDSHAKE_SIZE, &answer), "reading RESPONSE");
    const uint8_t token[] = {0x51, 0x52, 0x53, 0x54, 0x55, 0x56, 0x57, 0x58};
    show("A token", token, sizeof token);
    counting_from(token[0]);
    size_t size =
        handshake_confirm(&meeting->attempt, &answer, &introduction, packet, sizeof packet, &meeting->results[0]);
    must(size > 0 && peer_confirmation_decode(packet, size, &answer) &&
             handshake_accept(&meeting->pairs[1], &meeting->pending, &answer, &meeting->results[1]),
         "CONFIRMATION");
    show("CONFIRMATION", packet, size);
}

/* `number` is that of both indices, `bound` what the two are bound to, or NULL; `first` begins the ephemeral keys. */
static void show_handshake(const struct room_keys *room, uint16_t number, const struct transport *bound, uint8_t first,
                           struct transport out[static 2]) {
    struct meeting meeting = {.pairs = {pair_of(room, true), pair_of(room, false)},
                              .indices = {0xaaaa0000 | number, 0xbbbb0000 | number}};
    show_ephemeral("A ephemeral", first);
    show_initiation(&meeting, bound ? &bound[0] : NULL);
    if (!bound && !room->has_secret) show_cookie_reply(&meeting);
    show_ephemeral("B ephemeral", (uint8_t)(first + 0x40));
    show_response(&meeting, bound ? &bound[1] : NULL);
    show_confirmation(&meeting);
    const struct noise_keys *keys = &meeting.results[0].keys;
    show("handshake hash", keys->hash, NOISE_HASH_SIZE);
    show("key A to B", keys->send, NOISE_KEY_SIZE);
    show("key B to A", keys->receive, NOISE_KEY_SIZE);
    for (size_t i = 0; i < 2; i++)
        transport_start(&out[i], handshake_suite(&meeting.pairs[i]), &meeting.results[i].keys, meeting.indices[i],
                        meeting.indices[1 - i], 0);
}

/* One DATA packet of these frames, from `from`. */
static void show_data(const char *frames_name, const char *name, struct transport *from, const struct frame *frames,
                      size_t count) {
    uint8_t plain[PEER_FRAMES_OWN_MAX], packet[PACKET_MAX];
    struct writer writer = writer_over(plain, sizeof plain);
    for (size_t i = 0; i < count; i++) frame_write(&writer, &frames[i]);
    frames_pad(&writer);
    show(frames_name, plain, writer_size(&writer));
    show(name, packet, transport_seal(from, plain, writer_size(&writer), packet, sizeof packet, 0));
}

static void show_first_data(struct transport *from) {
    const struct frame frames[] = {{.type = FRAME_INTRODUCTION, .introduction = introduction_of(&bob)},
                                   {.type = FRAME_PONG, .token = A_TOKEN},
                                   {.type = FRAME_PING, .token = B_TOKEN}};
    show_data("B frames 0", "B DATA 0", from, frames, 3);
}

static void show_talk(const struct room_keys *room, struct transport transports[static 2]) {
    struct chat_message chat = {.kind = CHAT_TEXT,
                                .run = UINT64_C(0x4141414141414141),
                                .sequence = 1,
                                .sent_ms = SENT_MS,
                                .nick = "ann",
                                .nick_size = 3,
                                .text = "Hello, Ben",
                                .text_size = 10};
    uint8_t message[MESSAGE_OVERHEAD + 16];
    show_first_data(&transports[1]);
    size_t size = message_encode(&alice.identity, room->id, &chat, message, sizeof message);
    show("message", message, size);
    const struct frame said[] = {
        {.type = FRAME_PONG, .token = B_TOKEN},
        {.type = FRAME_PING, .token = UINT64_C(0x2122232425262728)},
        {.type = FRAME_SEGMENT, .segment = {.stream = 1, .first = true, .last = true, .data = message, .size = size}}};
    show_data("A frames 0", "A DATA 0", &transports[0], said, 3);
    const struct frame heard[] = {{.type = FRAME_PONG, .token = UINT64_C(0x2122232425262728)},
                                  {.type = FRAME_ACKNOWLEDGEMENT, .acknowledgement = {.stream = 1, .cumulative = 1}}};
    show_data("B frames 1", "B DATA 1", &transports[1], heard, 2);
}

static void show_peers(const struct room_keys *room) {
    struct transport transports[2], renewed[2];
    show_handshake(room, 1, NULL, 0x80, transports);
    show_gap();
    show_talk(room, transports);
    show_gap();
    show_handshake(room, 2, transports, 0x90, renewed);
    show_gap();
}

static void show_secret_room(void) {
    struct room_keys room;
    struct transport transports[2];
    uint8_t salt[32], stretched[32];
    crypto_generichash_state state;
    must(room_keys_derive(ROOM, SECRET, strlen(SECRET), &room), "a room with a secret");
    show("room secret", (const uint8_t *)SECRET, strlen(SECRET));
    crypto_generichash_init(&state, NULL, 0, sizeof salt);
    crypto_generichash_update(&state, (const uint8_t *)"gochat salt v1", 14);
    crypto_generichash_update(&state, (const uint8_t *)ROOM, strlen(ROOM));
    crypto_generichash_final(&state, salt, sizeof salt);
    show("salt", salt, crypto_pwhash_SALTBYTES);
    must(crypto_pwhash(stretched, sizeof stretched, SECRET, strlen(SECRET), salt, crypto_pwhash_OPSLIMIT_INTERACTIVE,
                       crypto_pwhash_MEMLIMIT_INTERACTIVE, crypto_pwhash_ALG_ARGON2ID13) == 0,
         "Argon2id");
    show("Argon2id", stretched, sizeof stretched);
    show_room(&room);
    show_id("A", &alice, &room);
    show_id("B", &bob, &room);
    show_gap();
    show_handshake(&room, 1, NULL, 0xb0, transports);
    show_first_data(&transports[1]);
}

int main(void) {
    struct room_keys room;
    if (!counting_install() || sodium_init() < 0) return 1;
    show_names(&room);
    show_private_room();
    show_registration(&room);
    show_peers(&room);
    show_secret_room();
    return 0;
}
