#include "tests/scenario/support/rendezvous_client.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>
#include <sodium.h>

#include "common/possession.h"

static void emit(struct rendezvous_client *client, const uint8_t *packet, size_t size) {
    assert_true(size > 0);
    client->send(client->context, &client->address, packet, size);
}

void client_init(struct rendezvous_client *client, const char *room, uint32_t number, const struct address *address) {
    *client = (struct rendezvous_client){.address = *address};
    struct register_body *identity = &client->identity;
    crypto_generichash(identity->room_tag, ROOM_TAG_SIZE, (const uint8_t *)room, strlen(room), NULL, 0);
    crypto_generichash(client->member_secret, MEMBER_KEY_SIZE, (const uint8_t *)&number, sizeof number, NULL, 0);
    crypto_scalarmult_base(identity->member_key, client->member_secret);
    member_id_of_key(identity->member_key, identity->member_id);
    identity->suite_mask = SUITE_CHACHA20_POLY1305;
    identity->revision = 1;
}

size_t client_hello(struct rendezvous_client *client, uint8_t packet[static PACKET_MAX]) {
    randombytes_buf(&client->nonce, sizeof client->nonce);
    struct hello hello = {.version = PROTOCOL_VERSION,
                          .nonce = client->nonce,
                          .bucket = room_bucket(client->identity.room_tag),
                          .homes_silent = client->homes_silent};
    memcpy(hello.key, client->asks_for, sizeof hello.key);
    return hello_encode(&hello, packet, PACKET_MAX);
}

size_t client_register(struct rendezvous_client *client, uint8_t packet[static PACKET_MAX]) {
    unsigned slot = client->attempt_count++ % CLIENT_ATTEMPTS;
    struct noise *noise = &client->attempts[slot].noise;
    uint8_t prologue[LINK_PROLOGUE_SIZE], payload[REGISTER_BODY_MAX];
    randombytes_buf(&client->attempts[slot].id, sizeof client->attempts[slot].id);
    struct writer writer = writer_over(payload, sizeof payload);
    write_register_body(&writer, &client->identity);
    struct register_message message = {.attempt = client->attempts[slot].id,
                                       .cookie = client->cookie.cookie,
                                       .noise_size = NOISE_NK_1_OVERHEAD + writer_size(&writer)};
    size_t start = register_start(&message, packet, PACKET_MAX);
    link_prologue(packet, prologue);
    noise_init(noise, &(struct noise_config){.pattern = NOISE_NK,
                                             .suite = SUITE_CHACHA20_POLY1305,
                                             .initiator = true,
                                             .prologue = prologue,
                                             .prologue_size = sizeof prologue,
                                             .remote_static = client->cookie.bootnode_public});
    size_t size = possession_write(noise, client->member_secret, payload, writer_size(&writer), packet + start,
                                   PACKET_MAX - start);
    assert_int_equal(size, message.noise_size);
    return register_finish(packet, size, PACKET_MAX);
}

size_t client_beat(struct rendezvous_client *client, bool ask, uint8_t packet[static PACKET_MAX]) {
    uint8_t key[LINK_TAG_KEY_SIZE];
    const struct beat beat = {.flag = ask,
                              .token = client->session.token,
                              .session_id = client->session.session_id,
                              .counter = ++client->beat,
                              .version = client->view.list.version};
    size_t size = beat_encode(MESSAGE_HEARTBEAT, &beat, packet, PACKET_MAX);
    link_tag_key(client->secret, LINK_TO_BOOTNODE, key);
    link_tag_beat(key, packet);
    client->echoed = true;
    return size;
}

size_t client_seal(struct rendezvous_client *client, enum message_type type, const void *body, size_t size,
                   uint8_t packet[static PACKET_MAX]) {
    uint8_t key[SUITE_KEY_SIZE];
    const struct sealed_header header = {
        .type = (uint8_t)type, .session_id = client->session.session_id, .counter = ++client->sealed};
    link_seal_key(client->secret, LINK_TO_BOOTNODE, key);
    return link_seal(key, &header, body, size, packet, PACKET_MAX);
}

size_t client_move(struct rendezvous_client *client, const struct cookie *cookie, uint8_t packet[static PACKET_MAX]) {
    uint8_t body[COOKIE_SIZE];
    struct writer writer = writer_over(body, sizeof body);
    write_cookie(&writer, cookie);
    return client_seal(client, MESSAGE_MOVE, body, sizeof body, packet);
}

size_t client_update(struct rendezvous_client *client, const struct candidate_list *candidates,
                     uint8_t packet[static PACKET_MAX]) {
    uint8_t body[UPDATE_BODY_MAX];
    struct writer writer = writer_over(body, sizeof body);
    const struct update_body update = {.revision = ++client->identity.revision,
                                       .candidates = *candidates,
                                       .has_proof = client->identity.has_proof,
                                       .proof = client->identity.proof};
    client->identity.candidates = *candidates;
    write_update_body(&writer, &update);
    return client_seal(client, MESSAGE_UPDATE, body, writer_size(&writer), packet);
}

size_t client_relay(const struct rendezvous_client *client, const struct rendezvous_client *to, const uint8_t *carried,
                    size_t size, uint8_t packet[static PACKET_MAX]) {
    uint8_t key[LINK_TAG_KEY_SIZE];
    struct relay_message relay = {.session_id = client->session.session_id, .packet = carried, .packet_size = size};
    memcpy(relay.member_id, to->identity.member_id, sizeof relay.member_id);
    size_t written = relay_encode(&relay, packet, PACKET_MAX);
    assert_true(written > 0);
    link_tag_key(client->secret, LINK_TO_BOOTNODE, key);
    link_tag_relay(key, packet, written);
    return written;
}

/* What is due */

static void greet(struct rendezvous_client *client, uint64_t now) {
    uint8_t packet[PACKET_MAX];
    client->state = CLIENT_GREETING;
    client->due = now + CLIENT_RETRY_MS;
    emit(client, packet, client_hello(client, packet));
}

static void try_register(struct rendezvous_client *client, uint64_t now) {
    uint8_t packet[PACKET_MAX];
    client->due = now + CLIENT_RETRY_MS;
    emit(client, packet, client_register(client, packet));
}

static void beat(struct rendezvous_client *client, uint64_t now) {
    uint8_t packet[PACKET_MAX];
    /* The first beat confirms the session: it must not be lost unnoticed. */
    bool ask = client->asked_since != 0 || client->beat % client->session.answer_every == 0;
    emit(client, packet, client_beat(client, ask, packet));
    if (ask && client->asked_since == 0) client->asked_since = client->beat;
    client->due = now + (ask ? CLIENT_RETRY_MS : client->session.beat_ms);
}

static void say_leave(struct rendezvous_client *client, uint64_t now) {
    const uint8_t body[] = {(uint8_t)client->leaves_as};
    uint8_t packet[PACKET_MAX];
    client->due = now + CLIENT_RETRY_MS;
    emit(client, packet, client_seal(client, MESSAGE_LEAVE, body, sizeof body, packet));
}

void client_start(struct rendezvous_client *client, uint64_t now) {
    greet(client, now);
}

void client_leave(struct rendezvous_client *client, uint64_t now) {
    client->leaves_as = LEAVE_SAID;
    client->state = CLIENT_LEAVING;
    say_leave(client, now);
}

void client_move_away(struct rendezvous_client *client, uint64_t now) {
    client->leaves_as = LEAVE_MOVED;
    client->state = CLIENT_LEAVING;
    say_leave(client, now);
}

void client_step(struct rendezvous_client *client, uint64_t now) {
    static void (*const actions[])(struct rendezvous_client * client, uint64_t now) = {
        [CLIENT_GREETING] = greet,  [CLIENT_REGISTERING] = try_register,
        [CLIENT_REGISTERED] = beat, [CLIENT_LEAVING] = say_leave,
        [CLIENT_LEFT] = NULL,
    };
    if (now >= client->due && actions[client->state]) actions[client->state](client, now);
}

/* What arrives */

static void take_cookie(struct rendezvous_client *client, const uint8_t *packet, size_t size, uint64_t now) {
    struct cookie_message message;
    if (!cookie_message_decode(packet, size, &message) || message.nonce != client->nonce ||
        client->state != CLIENT_GREETING)
        return;
    assert_true(address_equal(&message.seen, &client->address));
    client->cookie = message;
    client->state = CLIENT_REGISTERING;
    client->due = now + message.spread_ms;
}

static void take_members(struct rendezvous_client *client, struct reader *reader) {
    memset(&client->view, 0, sizeof client->view);
    while (reader_left(reader) > 0 && !reader->failed && client->view.list.count < ROOM_VIEW_MAX)
        read_member_record(reader, &client->view.list.records[client->view.list.count++]);
    assert_true(reader_finished(reader));
    if (client->session.complete) client->view.list.version = client->session.version;
    if (!client->session.complete) client->view.list.count = 0;
}

static bool open_welcome(struct rendezvous_client *client, const struct welcome_message *message, struct noise *noise,
                         uint64_t now) {
    uint8_t payload[PACKET_MAX];
    struct noise_keys keys;
    size_t size;
    if (!noise_read(noise, message->noise, message->noise_size, payload, sizeof payload, &size)) return false;
    if (!noise_split(noise, &keys)) return false;
    struct reader reader = reader_over(payload, size);
    read_welcome_body(&reader, &client->session);
    link_secret(&keys, false, client->secret);
    take_members(client, &reader);
    client->state = CLIENT_REGISTERED;
    client->beat = client->answered = client->asked_since = 0;
    client->sealed = 0;
    client->due = now;
    replay_window_init(&client->received);
    return true;
}

static void take_welcome(struct rendezvous_client *client, const uint8_t *packet, size_t size, uint64_t now) {
    struct welcome_message message;
    if (!welcome_decode(packet, size, &message)) return;
    client->welcomes++;
    for (size_t i = 0; i < CLIENT_ATTEMPTS && client->state == CLIENT_REGISTERING; i++)
        if (client->attempts[i].id == message.attempt &&
            !open_welcome(client, &message, &client->attempts[i].noise, now))
            client->forged++;
}

static void say_beat(struct rendezvous_client *client) {
    uint8_t packet[PACKET_MAX];
    emit(client, packet, client_beat(client, false, packet));
}

/* Who is idle went away, or does not listen: its beats are those of somebody who hears nothing. */
static void take_token(struct rendezvous_client *client, uint16_t token) {
    if (client->state == CLIENT_IDLE) return;
    client->echoed &= client->session.token == token;
    client->session.token = token;
}

static void take_ack(struct rendezvous_client *client, const uint8_t *packet, size_t size, uint64_t now) {
    uint8_t key[LINK_TAG_KEY_SIZE];
    struct beat ack;
    link_tag_key(client->secret, LINK_TO_CLIENT, key);
    if (!beat_decode(packet, size, &ack) || ack.session_id != client->session.session_id ||
        !link_check_beat(key, packet) || ack.counter <= client->answered) {
        client->forged++;
        return;
    }
    client->answered = ack.counter;
    client->acks++;
    take_token(client, ack.token);
    client->unheard += ack.flag;
    if (ack.flag && !client->echoed && client->state == CLIENT_REGISTERED) say_beat(client);
    if (client->asked_since == 0 || ack.counter < client->asked_since) return;
    client->asked_since = 0;
    client->due = now + client->session.beat_ms;
}

static void take_path(struct rendezvous_client *client, const uint8_t *packet, size_t size) {
    uint8_t key[LINK_TAG_KEY_SIZE], answer[PACKET_MAX];
    struct path_message path;
    link_tag_key(client->secret, LINK_TO_CLIENT, key);
    if (!path_decode(packet, size, &path) || path.session_id != client->session.session_id ||
        !link_check_path(key, packet)) {
        client->forged++;
        return;
    }
    client->paths++;
    emit(client, answer, client_move(client, &path.cookie, answer));
}

static void take_reset(struct rendezvous_client *client, const uint8_t *packet, size_t size, uint64_t now) {
    struct reset reset;
    if (!reset_decode(packet, size, &reset) || reset.session_id != client->session.session_id ||
        memcmp(reset.token, client->session.reset_token, RESET_TOKEN_SIZE) != 0) {
        client->forged++;
        return;
    }
    client->resets++;
    if (client->state == CLIENT_REGISTERED) greet(client, now);
    if (client->state == CLIENT_LEAVING) client->state = CLIENT_LEFT;
}

/* An acknowledgement, or a question about a gap; the parts of a full list are acknowledged together, and asked for
 * again when the last of them do not come. */
static void take_changes(struct rendezvous_client *client, const uint8_t *body, size_t size, uint64_t now) {
    struct room_version before = client->view.list.version;
    assert_true(room_view_apply(&client->view, body, size));
    bool moved = !room_version_equal(before, client->view.list.version);
    if (client->state == CLIENT_REGISTERED && (moved || body[0] == CHANGES_DELTA)) beat(client, now);
    bool partial = !moved && body[0] == CHANGES_FULL;
    if (partial && client->due > now + CLIENT_RETRY_MS) client->due = now + CLIENT_RETRY_MS;
}

static void take_notice(struct rendezvous_client *client, uint16_t token, const uint8_t *body, size_t size) {
    struct reader reader = reader_over(body, size);
    read_notice_body(&reader, &client->notice);
    assert_true(reader_finished(&reader));
    client->notices++;
    if (client->notice.kind != NOTICE_ELSEWHERE) return;
    client->moves++;
    take_token(client, token);
    if (!client->echoed && client->state == CLIENT_REGISTERED) say_beat(client);
}

static void take_sealed(struct rendezvous_client *client, const uint8_t *packet, size_t size, uint64_t now) {
    uint8_t key[SUITE_KEY_SIZE], body[PACKET_MAX];
    struct sealed_header header;
    size_t body_size;
    link_seal_key(client->secret, LINK_TO_CLIENT, key);
    if (!sealed_header_decode(packet, size, &header) || header.session_id != client->session.session_id ||
        !link_open(key, &header, packet, size, body, &body_size) ||
        !replay_window_accept(&client->received, header.counter)) {
        client->forged++;
        return;
    }
    bool brings = header.type == MESSAGE_CHANGES || header.type == MESSAGE_INTRODUCE;
    if (brings) take_token(client, header.token);
    if (header.type == MESSAGE_CHANGES) take_changes(client, body, body_size, now);
    if (header.type == MESSAGE_NOTICE) take_notice(client, header.token, body, body_size);
    if (header.type == MESSAGE_INTRODUCE && !client->echoed) say_beat(client);
    client->introductions += header.type == MESSAGE_INTRODUCE;
}

static void take_relay(struct rendezvous_client *client, const uint8_t *packet, size_t size) {
    uint8_t key[LINK_TAG_KEY_SIZE];
    struct relay_message relay;
    link_tag_key(client->secret, LINK_TO_CLIENT, key);
    if (!relay_decode(packet, size, &relay) || relay.session_id != client->session.session_id ||
        !link_check_relay(key, packet, size)) {
        client->forged++;
        return;
    }
    client->relayed++;
    client->last_relayed.size = relay.packet_size;
    memcpy(client->last_relayed.sender, relay.member_id, sizeof relay.member_id);
    memcpy(client->last_relayed.packet, relay.packet, relay.packet_size);
}

/* What is busy now is asked again when it says, and a while later at random; all else at once, as a nuisance would. */
static void take_refused(struct rendezvous_client *client, const uint8_t *packet, size_t size, uint64_t now) {
    struct refused refused;
    assert_true(refused_decode(packet, size, &refused));
    client->refused = refused.reason;
    if (refused.reason != REFUSAL_BUSY || client->state != CLIENT_REGISTERING) return;
    client->state = CLIENT_GREETING;
    uint32_t wait_ms = refused.retry_s * 1000u;
    client->due = now + wait_ms + randombytes_uniform(wait_ms + 1);
}

void client_receive(struct rendezvous_client *client, const uint8_t *packet, size_t size, uint64_t now) {
    if (client->state == CLIENT_IDLE) return; /* not there: what it sends, somebody sends in its name */
    switch (packet[0]) {
    case MESSAGE_COOKIE: take_cookie(client, packet, size, now); break;
    case MESSAGE_WELCOME: take_welcome(client, packet, size, now); break;
    case MESSAGE_BEAT_ACK: take_ack(client, packet, size, now); break;
    case MESSAGE_PATH: take_path(client, packet, size); break;
    case MESSAGE_RESET: take_reset(client, packet, size, now); break;
    case MESSAGE_RELAY: take_relay(client, packet, size); break;
    case MESSAGE_REFUSED: take_refused(client, packet, size, now); break;
    default: take_sealed(client, packet, size, now);
    }
}
