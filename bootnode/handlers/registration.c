#include "bootnode/handlers/registration.h"

#include <sodium.h>
#include <string.h>

#include "bootnode/handlers/proof.h"
#include "bootnode/handlers/refusal.h"
#include "bootnode/handlers/reset.h"
#include "bootnode/table/shard_join.h"
#include "common/link.h"
#include "common/noise.h"
#include "common/possession.h"

/* The answer: header, Noise's ephemeral key, then the sealed payload. */
#define TOKENS_SIZE 32
#define PAYLOAD_MAX (WELCOME_MAX - WELCOME_HEADER_SIZE - NOISE_NK_2_OVERHEAD)

/* Reads the handshake's first message. False: forged, not for our key, or its member key is not the sender's. */
static bool read_body(const struct node_key *key, const struct packet *packet, const struct register_message *message,
                      struct noise *noise, struct register_body *body) {
    uint8_t prologue[LINK_PROLOGUE_SIZE], payload[REGISTER_BODY_MAX];
    size_t size;
    link_prologue(packet->data, prologue);
    noise_init(noise, &(struct noise_config){.pattern = NOISE_NK,
                                             .suite = SUITE_CHACHA20_POLY1305,
                                             .prologue = prologue,
                                             .prologue_size = sizeof prologue,
                                             .static_secret = key->secret,
                                             .static_public = key->public});
    if (!noise_read(noise, message->noise, message->noise_size, payload, sizeof payload, &size)) return false;
    struct reader reader = reader_over(payload, size);
    read_register_body(&reader, body);
    if (!reader_finished(&reader) || !possession_check(noise, payload, size)) return false;
    member_id_of_key(body->member_key, body->member_id);
    return true;
}

static struct welcome_body welcome_of(const struct node *node, const struct registered *registered, bool succeeded) {
    const struct bootnode_config *config = node_config(node);
    struct welcome_body body = {.session_id = registered->session_id,
                                .beat_ms = BEAT_INTERVAL_MS,
                                .expiry_ms = SESSION_EXPIRY_MS,
                                .answer_every = BEAT_ANSWER_EVERY,
                                .complete = registered->complete,
                                .relays = config->relay != RELAY_NEVER,
                                .room_limit = (uint16_t)config->room_members,
                                .token = registered->token,
                                .version = registered->version,
                                .wall_ms = node->wall_ms(node->wall_context),
                                .succeeded = succeeded};
    if (succeeded) memcpy(body.successor, node->key.public, sizeof body.successor);
    reset_token(node->reset_key, registered->session_id, body.reset_token);
    return body;
}

/* Joins the shard of the room and writes WELCOME's payload, with as many members as fit: no answer is larger than the
 * smallest REGISTER. */
static enum registering join(struct context *context, const struct registration *registration,
                             uint8_t payload[static PAYLOAD_MAX], size_t *payload_size, struct registered *registered) {
    struct node *node = context->node;
    uint8_t shard = shard_of_room(node->shard_hash_key, registration->body->room_tag, node->shard_count);
    size_t head_size = WELCOME_BODY_SIZE + (registration->by_previous_key ? WELCOME_SUCCESSOR_SIZE : 0);
    struct writer members = writer_over(payload + head_size, PAYLOAD_MAX - head_size);
    enum registering result = shard_register(node->shards[shard], registration, context->now, registered, &members);
    if (result != REGISTERED) return result;
    struct writer head = writer_over(payload, head_size);
    const struct welcome_body body = welcome_of(node, registered, registration->by_previous_key);
    write_welcome_body(&head, &body);
    *payload_size = head_size + members.at;
    return REGISTERED;
}

/* In a cluster: what the client was told of the room's homes, by the COOKIE that it brings. One that is older than
 * these homes told of others, and this client is to be told of them. */
static void place(const struct context *context, const struct register_message *message,
                  struct registration *registration) {
    const struct homes *homes = node_homes(context->node);
    const struct cookie_jar *jar = &context->node->cookies;
    const uint16_t bucket = room_bucket(registration->body->room_tag);
    if (!homes) return;
    const uint64_t made = cookie_second(jar, &message->cookie, context_cookie_second(context));
    registration->lent = !homes_are_here(homes, bucket);
    registration->homes_known = (uint16_t)(homes->stamps[bucket] - (made <= homes->since_s[bucket]));
}

/* The session's keys must exist before it can be found, and its id before the payload is written: so the handshake's
 * second message is written in two steps around the join. */
static void answer_register(struct context *context, const struct packet *packet,
                            const struct register_message *message, struct noise *noise,
                            const struct register_body *body) {
    uint8_t answer[WELCOME_MAX], payload[PAYLOAD_MAX];
    struct registration registration = {.body = body,
                                        .attempt = message->attempt,
                                        .address = packet->from,
                                        .endpoint = packet_endpoint(context, packet),
                                        .by_previous_key =
                                            cookie_note(&context->node->cookies, &message->cookie).key > 0};
    place(context, message, &registration);
    struct noise_keys keys;
    size_t payload_size = 0, size = welcome_start(message->attempt, answer, sizeof answer);
    size_t tokens = noise_write_last_tokens(noise, answer + size, TOKENS_SIZE);
    if (tokens == 0 || !noise_foresee_keys(noise, &keys)) {
        counters_count(context->counters, COUNTER_HANDSHAKE_BAD);
        return;
    }
    size += tokens;
    link_secret(&keys, true, registration.secret);
    struct registered registered;
    enum registering result = join(context, &registration, payload, &payload_size, &registered);
    if (result == REGISTERED) {
        size += noise_write_last_payload(noise, payload, payload_size, answer + size, sizeof answer - size);
        if (packet_answer(context, packet, answer, size)) counters_count(context->counters, COUNTER_WELCOME);
        if (registration.by_previous_key) counters_count(context->counters, COUNTER_PREVIOUS_KEY);
    }
    sodium_memzero(&keys, sizeof keys);
    sodium_memzero(registration.secret, sizeof registration.secret);
    if (result != REGISTERING_REFUSED) return;
    context->limited = registered.limit;
    refusal_answer(context, packet, registered.refusal, message->attempt);
}

/* In a cluster, where another view of it, or a client, is wrong; or where the homes do not answer that client, who said
 * so, and then it is not. */
static bool is_elsewhere(const struct context *context, const struct register_message *message,
                         const struct register_body *body) {
    const struct homes *homes = node_homes(context->node);
    return homes && !homes_are_here(homes, room_bucket(body->room_tag)) &&
           !cookie_note(&context->node->cookies, &message->cookie).lent;
}

static void register_client(struct context *context, const struct packet *packet,
                            const struct register_message *message) {
    /* Ours named it under its tag; the cookie was checked. */
    const struct node_key *key = node_key_at(context->node, cookie_note(&context->node->cookies, &message->cookie).key);
    struct noise noise = {.failed = true};
    struct register_body body;
    if (!key || !read_body(key, packet, message, &noise, &body)) {
        counters_count(context->counters, COUNTER_HANDSHAKE_BAD);
    } else if (is_elsewhere(context, message, &body)) {
        refusal_answer(context, packet, REFUSAL_ELSEWHERE, message->attempt);
    } else {
        proof_judge(context, &body.has_proof, &body.proof);
        answer_register(context, packet, message, &noise, &body);
    }
    noise_wipe(&noise);
}

/* While REGISTERs wait, no source has more of them served than its share: so the time goes to many. */
static bool had_its_share(const struct context *context, const struct address *source) {
    return context->register_behind &&
           !rate_limit_source(context->node->limits, RATE_REGISTER_BUSY, source, context->now);
}

static void register_measured(struct context *context, const struct packet *packet,
                              const struct register_message *message) {
    uint64_t began = context->nanoseconds ? context->nanoseconds() : 0;
    spread_count(&context->node->spread, context->node->shard_count, context->now);
    register_client(context, packet, message);
    if (context->nanoseconds) spread_measured(&context->node->spread, context->nanoseconds() - began);
}

void handle_register(struct context *context, const struct packet *packet) {
    struct register_message message;
    if (packet_is_kept_out(context, packet)) return;
    if (!register_decode(packet->data, packet->size, &message)) {
        counters_count(context->counters, COUNTER_MALFORMED);
        return;
    }
    if (!cookie_check(&context->node->cookies, &packet->from, context_cookie_second(context), &message.cookie)) {
        counters_count(context->counters, COUNTER_COOKIE_BAD);
        return;
    }
    counters_count(context->counters, COUNTER_REGISTER);
    if (!rate_limit_source(context->node->limits, RATE_REGISTER, &packet->from, context->now)) {
        counters_count(context->counters, COUNTER_RATE_LIMITED_REGISTER);
        refusal_answer_register(context, packet, REFUSAL_SOURCE_LIMIT, message.attempt);
    } else if (node_is_lost(context->node)) {
        refusal_answer_register(context, packet, REFUSAL_BUSY, message.attempt);
    } else if (node_fate(context->node) != NODE_SERVES) {
        refusal_draining(context, packet, message.attempt);
    } else if (had_its_share(context, &packet->from)) {
        counters_count(context->counters, COUNTER_REGISTER_BUSY);
        refusal_answer_register(context, packet, REFUSAL_BUSY, message.attempt);
    } else {
        register_measured(context, packet, &message);
    }
}
