/* hostile_member BOOTNODE SEED COUNT: what a bootnode meets behind the cookie. Asks for one as any client does, then
 * sends COUNT REGISTERs in turn: of random bytes, with a mutated Noise message, with a true one around a mutated
 * payload, and true ones; as the member that these become, mutated RELAYs with a true tag, and sealed packets around
 * mutated bodies. Prints how many members came of it. */
#include <errno.h>
#include <stdbool.h>
#include <sys/socket.h>
#include <unistd.h>

#include <sodium.h>

#include "common/link.h"
#include "common/noise.h"
#include "common/possession.h"
#include "common/wire/bootnode_bodies.h"
#include "common/wire/bootnode_packets.h"
#include "common/wire/packet.h"
#include "common/wire/peer_packets.h"
#include "tests/tools/hostile.h"

#define ANSWER_MS 200
#define HELLO_TRIES 50
#define SEALED_PER_MEMBER 20
#define RELAYS_PER_MEMBER 20

struct intruder {
    int socket;
    struct chance chance;
    struct cookie_message cookie;
    size_t member_count;
    uint8_t member_secret[MEMBER_KEY_SIZE]; /* of the last payload */
    struct noise noise;
    uint64_t attempt;
    struct welcome_body session;
    uint8_t secret[LINK_SECRET_SIZE];
};

/* Refusals and rate limits are the bootnode's right: an answer that does not come is no error. */
static size_t receive(struct intruder *intruder, uint8_t packet[static PACKET_MAX]) {
    ssize_t size = recv(intruder->socket, packet, PACKET_MAX, 0);
    return size > 0 ? (size_t)size : 0;
}

/* ECONNREFUSED would be the answer to the one before. */
static void transmit(const struct intruder *intruder, const uint8_t *packet, size_t size) {
    if (send(intruder->socket, packet, size, 0) < 0) hostile_fail("the bootnode does not listen: %s", strerror(errno));
}

static void open_socket(struct intruder *intruder, const char *text) {
    struct timeval limit = {.tv_usec = ANSWER_MS * 1000};
    struct sockaddr_storage to;
    struct address address;
    if (!address_parse(text, 0, &address)) hostile_fail("%s: ADDR:PORT was expected", text);
    int family = address_is_ipv4(&address) ? AF_INET : AF_INET6;
    socklen_t size = address_to_sockaddr(&address, family, &to);
    intruder->socket = socket(family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (intruder->socket < 0 || connect(intruder->socket, (struct sockaddr *)&to, size) != 0 ||
        setsockopt(intruder->socket, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit) != 0)
        hostile_fail("%s: %s", text, strerror(errno));
}

static void fetch_cookie(struct intruder *intruder) {
    uint8_t packet[PACKET_MAX];
    for (int i = 0; i < HELLO_TRIES; i++) {
        struct hello hello = {.version = PROTOCOL_VERSION, .nonce = chance_next(&intruder->chance)};
        transmit(intruder, packet, hello_encode(&hello, packet, sizeof packet));
        size_t size = receive(intruder, packet);
        if (cookie_message_decode(packet, size, &intruder->cookie) && intruder->cookie.nonce == hello.nonce) return;
    }
    hostile_fail("no COOKIE came");
}

/* A room of its own for each: nobody else is to notice. */
static size_t true_payload(struct intruder *intruder, uint8_t out[static MUTANT_MAX]) {
    struct register_body body = {.suite_mask = 1, .revision = 1, .candidates = {.count = 1}};
    struct writer writer = writer_over(out, MUTANT_MAX);
    chance_fill(&intruder->chance, body.room_tag, sizeof body.room_tag);
    chance_fill(&intruder->chance, intruder->member_secret, sizeof intruder->member_secret);
    crypto_scalarmult_base(body.member_key, intruder->member_secret);
    body.candidates.items[0] = intruder->cookie.seen;
    write_register_body(&writer, &body);
    return writer_size(&writer);
}

static size_t clip(size_t size, size_t least, size_t most) {
    return size < least ? least : size > most ? most : size;
}

/* --- The four kinds of REGISTER: each writes a Noise message of `size` bytes behind the header in `packet`. --- */

static void noise_true(struct intruder *intruder, uint8_t *packet, const uint8_t *payload, size_t size) {
    uint8_t prologue[LINK_PROLOGUE_SIZE], proven[REGISTER_BODY_MAX];
    size_t payload_size = size - NOISE_NK_1_OVERHEAD;
    memcpy(proven, payload, payload_size);
    link_prologue(packet, prologue);
    noise_init(&intruder->noise, &(struct noise_config){.pattern = NOISE_NK,
                                                        .suite = SUITE_CHACHA20_POLY1305,
                                                        .initiator = true,
                                                        .prologue = prologue,
                                                        .prologue_size = sizeof prologue,
                                                        .remote_static = intruder->cookie.bootnode_public});
    uint8_t *out = packet + REGISTER_HEADER_SIZE;
    if (possession_write(&intruder->noise, intruder->member_secret, proven, payload_size, out, size) != size)
        hostile_fail("a REGISTER cannot be written");
}

static void noise_mutated(struct intruder *intruder, uint8_t *packet, const uint8_t *payload, size_t size) {
    struct mutant message = {.size = size}, none = {.size = 0};
    noise_true(intruder, packet, payload, size);
    memcpy(message.data, packet + REGISTER_HEADER_SIZE, size);
    mutate(&message, &none, &intruder->chance);
    memcpy(packet + REGISTER_HEADER_SIZE, message.data, size);
}

static void noise_random(struct intruder *intruder, uint8_t *packet, const uint8_t *payload, size_t size) {
    (void)payload;
    chance_fill(&intruder->chance, packet + REGISTER_HEADER_SIZE, size);
}

struct registration {
    const char *name;
    void (*write)(struct intruder *intruder, uint8_t *packet, const uint8_t *payload, size_t size);
    bool mutates_payload;
};
static const struct registration registrations[] = {
    {"random", noise_random, false},
    {"mutated", noise_mutated, false},
    {"true with a mutated payload", noise_true, true},
    {"true", noise_true, false},
};
#define REGISTRATIONS (sizeof registrations / sizeof *registrations)

static void send_register(struct intruder *intruder, const struct registration *registration) {
    struct mutant payload = {.size = 0}, random = {.size = REGISTER_BODY_MAX};
    uint8_t packet[PACKET_MAX];
    payload.size = true_payload(intruder, payload.data);
    chance_fill(&intruder->chance, random.data, random.size);
    if (registration->mutates_payload) mutate(&payload, &random, &intruder->chance);
    payload.size = clip(payload.size, REGISTER_BODY_MIN, REGISTER_BODY_MAX);
    intruder->attempt = chance_next(&intruder->chance);
    struct register_message message = {.attempt = intruder->attempt,
                                       .cookie = intruder->cookie.cookie,
                                       .noise_size = payload.size + NOISE_NK_1_OVERHEAD};
    (void)register_start(&message, packet, sizeof packet);
    registration->write(intruder, packet, payload.data, message.noise_size);
    transmit(intruder, packet, register_finish(packet, message.noise_size, sizeof packet));
}

/* --- As a member ---------------------------------------------------------------------------------------------------
 */

/* True when this is the answer to our last REGISTER, and we are a member by it. */
static bool welcomed(struct intruder *intruder, const uint8_t *packet, size_t size) {
    uint8_t payload[WELCOME_MAX];
    struct welcome_message message;
    struct noise_keys keys;
    size_t payload_size;
    if (!welcome_decode(packet, size, &message) || message.attempt != intruder->attempt) return false;
    if (!noise_read(&intruder->noise, message.noise, message.noise_size, payload, sizeof payload, &payload_size))
        return false;
    struct reader reader = reader_over(payload, payload_size);
    read_welcome_body(&reader, &intruder->session);
    if (!noise_split(&intruder->noise, &keys)) return false;
    link_secret(&keys, false, intruder->secret);
    return !reader.failed;
}

static void send_beat(const struct intruder *intruder, uint32_t counter) {
    uint8_t packet[BEAT_SIZE], key[LINK_TAG_KEY_SIZE];
    struct beat beat = {
        .token = intruder->session.token, .session_id = intruder->session.session_id, .counter = counter};
    (void)beat_encode(MESSAGE_HEARTBEAT, &beat, packet, sizeof packet);
    link_tag_key(intruder->secret, LINK_TO_BOOTNODE, key);
    link_tag_beat(key, packet);
    transmit(intruder, packet, sizeof packet);
}

static size_t true_body(struct intruder *intruder, uint8_t type, uint8_t out[static MUTANT_MAX]) {
    struct update_body update = {.revision = 2, .candidates = {.count = 1, .items = {intruder->cookie.seen}}};
    struct writer writer = writer_over(out, MUTANT_MAX);
    switch (type) {
    case MESSAGE_UPDATE: write_update_body(&writer, &update); break;
    case MESSAGE_INTRODUCE: chance_fill(&intruder->chance, write_space(&writer, MEMBER_ID_SIZE), MEMBER_ID_SIZE); break;
    case MESSAGE_MOVE: write_cookie(&writer, &intruder->cookie.cookie); break;
    default: write_leave_body(&writer, LEAVE_SAID); break;
    }
    return writer_size(&writer);
}

static void send_sealed(struct intruder *intruder, uint64_t counter) {
    static const uint8_t types[] = {MESSAGE_UPDATE, MESSAGE_INTRODUCE, MESSAGE_MOVE, MESSAGE_UPDATE, MESSAGE_LEAVE};
    struct mutant body = {.size = 0}, random = {.size = 64};
    uint8_t packet[PACKET_MAX], key[SUITE_KEY_SIZE];
    struct sealed_header header = {.session_id = intruder->session.session_id, .counter = counter};
    size_t most = counter < SEALED_PER_MEMBER ? sizeof types - 1 : sizeof types;
    header.type = types[chance_below(&intruder->chance, most)];
    body.size = true_body(intruder, header.type, body.data);
    chance_fill(&intruder->chance, random.data, random.size);
    if (header.type != MESSAGE_LEAVE) mutate(&body, &random, &intruder->chance);
    body.size = clip(body.size, 0, 128);
    link_seal_key(intruder->secret, LINK_TO_BOOTNODE, key);
    transmit(intruder, packet, link_seal(key, &header, body.data, body.size, packet, sizeof packet));
}

/* With its true tag, whatever stands in it. */
static void send_relay(struct intruder *intruder) {
    uint8_t carried[RELAY_PACKET_MAX], packet[PACKET_MAX], key[LINK_TAG_KEY_SIZE];
    struct mutant message = {.size = 0}, random = {.size = 64};
    struct relay_message relay = {.session_id = intruder->session.session_id, .packet = carried};
    relay.packet_size = RELAY_PACKET_MIN + chance_below(&intruder->chance, RELAY_PACKET_MAX - RELAY_PACKET_MIN + 1);
    chance_fill(&intruder->chance, carried, relay.packet_size);
    chance_fill(&intruder->chance, relay.member_id, sizeof relay.member_id);
    carried[0] = PEER_DATA;
    message.size = relay_encode(&relay, packet, sizeof packet);
    memcpy(message.data, packet, message.size);
    chance_fill(&intruder->chance, random.data, random.size);
    if (chance_below(&intruder->chance, 2)) mutate(&message, &random, &intruder->chance);
    message.size = clip(message.size, TAG_SIZE, sizeof packet);
    link_tag_key(intruder->secret, LINK_TO_BOOTNODE, key);
    link_tag_relay(key, message.data, message.size);
    transmit(intruder, message.data, message.size);
}

static void behave_badly(struct intruder *intruder) {
    send_beat(intruder, 1);
    for (unsigned i = 0; i < RELAYS_PER_MEMBER; i++) send_relay(intruder);
    for (uint64_t counter = 1; counter <= SEALED_PER_MEMBER; counter++) send_sealed(intruder, counter);
}

/* Takes answers until the last REGISTER has its own, or nothing comes any more. */
static bool wait_for_welcome(struct intruder *intruder) {
    uint8_t packet[PACKET_MAX];
    size_t size;
    while ((size = receive(intruder, packet)) > 0)
        if (welcomed(intruder, packet, size)) return true;
    return false;
}

int main(int argc, char **argv) {
    static struct intruder intruder;
    if (argc != 4) hostile_fail("usage: hostile_member BOOTNODE SEED COUNT");
    if (sodium_init() < 0) hostile_fail("libsodium does not start");
    intruder.chance.state = hostile_number(argv[2]);
    uint64_t count = hostile_number(argv[3]);
    open_socket(&intruder, argv[1]);
    fetch_cookie(&intruder);
    for (uint64_t i = 0; i < count; i++) {
        const struct registration *registration = &registrations[i % REGISTRATIONS];
        send_register(&intruder, registration);
        bool honest = registration->write == noise_true && !registration->mutates_payload;
        if (!honest || !wait_for_welcome(&intruder)) continue;
        intruder.member_count++;
        behave_badly(&intruder);
    }
    printf("seed %s registers %llu members %zu\n", argv[2], (unsigned long long)count, intruder.member_count);
    close(intruder.socket);
    return EXIT_SUCCESS;
}
