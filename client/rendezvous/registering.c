#include "client/rendezvous/registering.h"

#include <sodium.h>
#include <string.h>

#include "common/link.h"
#include "common/possession.h"

void registering_init(struct registering *registering, const struct room_keys *room,
                      const uint8_t tag[static ROOM_TAG_SIZE], const struct identity *identity, uint8_t suite_mask) {
    *registering = (struct registering){.suite_mask = suite_mask};
    memcpy(registering->tag, tag, sizeof registering->tag);
    registering->has_secret = member_key_derive(room, identity->public, registering->member_key) &&
                              member_secret_derive(room, identity->secret, registering->member_secret);
    member_id_of_key(registering->member_key, registering->member_id);
}

void registering_clear(struct registering *registering) {
    sodium_memzero(registering, sizeof *registering);
}

void registering_forget(struct registering *registering) {
    sodium_memzero(registering->attempts, sizeof registering->attempts);
}

bool registering_has_key(const struct registering *registering, const uint8_t key[static 32]) {
    return memcmp(registering->bootnode_key, key, sizeof registering->bootnode_key) == 0;
}

void registering_take_key(struct registering *registering, const uint8_t key[static 32]) {
    if (registering_has_key(registering, key)) return;
    registering_forget(registering);
    memcpy(registering->bootnode_key, key, sizeof registering->bootnode_key);
}

/* All but the proof. */
static size_t write_payload(const struct registering *registering, const struct update_body *own,
                            uint8_t out[static REGISTER_BODY_MAX]) {
    struct register_body body = {.suite_mask = registering->suite_mask,
                                 .revision = own->revision,
                                 .candidates = own->candidates,
                                 .has_proof = own->has_proof,
                                 .proof = own->proof};
    memcpy(body.room_tag, registering->tag, ROOM_TAG_SIZE);
    memcpy(body.member_key, registering->member_key, MEMBER_KEY_SIZE);
    struct writer writer = writer_over(out, REGISTER_BODY_MAX);
    write_register_body(&writer, &body);
    return writer_size(&writer);
}

size_t registering_write(struct registering *registering, const struct cookie *cookie, const struct update_body *own,
                         uint8_t packet[static REGISTER_SIZE]) {
    struct registering_attempt *attempt = &registering->attempts[registering->next++ % REGISTERING_ATTEMPTS];
    uint8_t prologue[LINK_PROLOGUE_SIZE], payload[REGISTER_BODY_MAX];
    size_t payload_size = write_payload(registering, own, payload);
    size_t noise_size = payload_size + NOISE_NK_1_OVERHEAD;
    struct register_message message = {.cookie = *cookie, .noise_size = noise_size};
    randombytes_buf(&message.attempt, sizeof message.attempt);
    (void)register_start(&message, packet, REGISTER_SIZE); /* it has room */
    size_t size = register_finish(packet, noise_size, REGISTER_SIZE);
    link_prologue(packet, prologue);

    attempt->number = message.attempt;
    attempt->revision = own->revision;
    noise_init(&attempt->noise, &(struct noise_config){.pattern = NOISE_NK,
                                                       .suite = SUITE_CHACHA20_POLY1305,
                                                       .initiator = true,
                                                       .prologue = prologue,
                                                       .prologue_size = sizeof prologue,
                                                       .remote_static = registering->bootnode_key});
    uint8_t *space = packet + REGISTER_HEADER_SIZE;
    bool written = registering->has_secret && possession_write(&attempt->noise, registering->member_secret, payload,
                                                               payload_size, space, noise_size) == noise_size;
    sodium_memzero(payload, sizeof payload);
    return written ? size : 0;
}

static const struct registering_attempt *find(const struct registering *registering, uint64_t number) {
    for (size_t i = 0; number != 0 && i < REGISTERING_ATTEMPTS; i++)
        if (registering->attempts[i].number == number) return &registering->attempts[i];
    return NULL;
}

bool registering_awaits(const struct registering *registering, uint64_t number) {
    return find(registering, number);
}

bool registering_read(const struct registering *registering, const struct welcome_message *message,
                      struct registering_welcome *out) {
    const struct registering_attempt *attempt = find(registering, message->attempt);
    if (!attempt) return false;
    struct noise noise = attempt->noise; /* a forged WELCOME must not spoil the real one */
    size_t size;
    if (!noise_read(&noise, message->noise, message->noise_size, out->payload, sizeof out->payload, &size))
        return false;
    if (!noise_split(&noise, &out->keys)) return false;
    out->members = reader_over(out->payload, size);
    read_welcome_body(&out->members, &out->body);
    out->revision = attempt->revision;
    return !out->members.failed;
}

const char *registering_refusal(enum refusal reason) {
    static const char *const texts[] = {
        [REFUSAL_VERSION] = "the bootnode speaks another version of the protocol",
        [REFUSAL_ROOM_FULL] = "the room is full",
        [REFUSAL_SOURCE_LIMIT] = "the bootnode serves no more clients from this network right now",
        [REFUSAL_BOOTNODE_FULL] = "the bootnode is full",
        [REFUSAL_DRAINING] = "the bootnode is shutting down",
        [REFUSAL_BUSY] = "the bootnode is busy",
        [REFUSAL_ELSEWHERE] = "the room is at other nodes of the bootnode",
    };
    return (size_t)reason < sizeof texts / sizeof *texts && texts[reason] ? texts[reason] : "the bootnode refused";
}
