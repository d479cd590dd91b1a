#include "bench/load/traffic_register.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "bench/load/interrupt.h"
#include "bench/load/load_now.h"
#include "bench/load/mix.h"
#include "bench/load/wire.h"
#include "common/link.h"
#include "common/possession.h"
#include "common/suite.h"
#include "common/wire/bootnode_bodies.h"
#include "common/wire/bootnode_packets.h"

/* A cookie is good for 120 s (PROTOCOL.md §2.2): it is renewed after half of that, and the stock within 30 s more. */
#define RENEW_US 60000000
#define REMAKE_US 30000000
#define RETRY_US 500000
#define PREPARE_US 5000000 /* without a cookie more */
#define PREPARE_WAIT_US 20000
#define MEANWHILE_US 100000
#define KEYS 64 /* of members; the rooms are random, so the same key is another member each time */
#define FORGED_NOISE_SIZE 200

struct passport { /* what a socket may register with */
    struct cookie cookie;
    uint64_t nonce;
    uint64_t since_us; /* when the cookie came; 0: none yet */
    uint64_t asked_us; /* 0: no HELLO is out */
    size_t next;       /* of the stock, its own part */
};

struct prepared {
    uint64_t since_us; /* of the cookie in it */
    uint8_t packet[REGISTER_SIZE];
};

struct member_keys {
    uint8_t secret[MEMBER_KEY_SIZE], public[MEMBER_KEY_SIZE];
};

struct registers {
    struct traffic traffic;
    bool forged;
    size_t sockets, have_cookie;
    struct passport *passports;
    size_t count; /* of the stock; item i is socket i % sockets' */
    struct prepared *stock;
    size_t remade;      /* where making it anew goes on */
    uint64_t looked_us; /* when it was looked at last */
    double debt;        /* items that ought to have been looked at by now */
    uint64_t random;
    uint8_t bootnode_public[32];
    struct member_keys keys[KEYS];
};

/* --- Packets --- */

static size_t write_hello(struct registers *all, size_t socket, uint64_t now_us, uint8_t *out) {
    struct passport *passport = &all->passports[socket];
    passport->asked_us = now_us;
    passport->nonce = mix_next(&all->random);
    const struct hello hello = {.version = PROTOCOL_VERSION, .nonce = passport->nonce};
    return hello_encode(&hello, out, PACKET_MAX);
}

static size_t write_payload(const struct member_keys *keys, uint8_t out[static REGISTER_BODY_MAX]) {
    struct register_body body = {.suite_mask = SUITE_CHACHA20_POLY1305, .revision = 1};
    struct writer writer = writer_over(out, REGISTER_BODY_MAX);
    randombytes_buf(body.room_tag, sizeof body.room_tag);
    memcpy(body.member_key, keys->public, sizeof body.member_key);
    write_register_body(&writer, &body);
    return writer_size(&writer);
}

static void make(struct registers *all, size_t item) {
    struct prepared *prepared = &all->stock[item];
    const struct passport *passport = &all->passports[item % all->sockets];
    const struct member_keys *keys = &all->keys[item % KEYS];
    uint8_t prologue[LINK_PROLOGUE_SIZE], payload[REGISTER_BODY_MAX];
    struct noise noise;
    size_t payload_size = write_payload(keys, payload);
    const struct register_message message = {.attempt = mix_next(&all->random),
                                             .cookie = passport->cookie,
                                             .noise_size = NOISE_NK_1_OVERHEAD + payload_size};
    size_t start = register_start(&message, prepared->packet, sizeof prepared->packet);
    link_prologue(prepared->packet, prologue);
    noise_init(&noise, &(struct noise_config){.pattern = NOISE_NK,
                                              .suite = SUITE_CHACHA20_POLY1305,
                                              .initiator = true,
                                              .prologue = prologue,
                                              .prologue_size = sizeof prologue,
                                              .remote_static = all->bootnode_public});
    size_t size = possession_write(&noise, keys->secret, payload, payload_size, prepared->packet + start,
                                   sizeof prepared->packet - start);
    prepared->since_us = register_finish(prepared->packet, size, sizeof prepared->packet) > 0 ? passport->since_us : 0;
    noise_wipe(&noise);
}

static size_t write_forged(struct registers *all, const struct passport *passport, uint8_t *out) {
    const struct register_message message = {
        .attempt = mix_next(&all->random), .cookie = passport->cookie, .noise_size = FORGED_NOISE_SIZE};
    size_t start = register_start(&message, out, PACKET_MAX);
    struct writer writer = writer_over(out + start, FORGED_NOISE_SIZE);
    while (writer_size(&writer) < FORGED_NOISE_SIZE) write_u64(&writer, mix_next(&all->random));
    return register_finish(out, FORGED_NOISE_SIZE, PACKET_MAX);
}

/* The next of this socket's part of the stock. */
static size_t take_stock(struct registers *all, size_t socket, uint8_t *out) {
    struct passport *passport = &all->passports[socket];
    const struct prepared *prepared = &all->stock[passport->next];
    if (prepared->since_us == 0) make(all, passport->next);
    passport->next = passport->next + all->sockets < all->count ? passport->next + all->sockets : socket;
    memcpy(out, prepared->packet, sizeof prepared->packet);
    return sizeof prepared->packet;
}

/* --- The traffic --- */

static bool wants_cookie(const struct passport *passport, uint64_t now_us) {
    bool old = passport->since_us == 0 || now_us > passport->since_us + RENEW_US;
    return old && (passport->asked_us == 0 || now_us > passport->asked_us + RETRY_US);
}

static size_t request(void *context, size_t socket, uint64_t *number, uint64_t now_us, uint8_t *out) {
    struct registers *all = context;
    struct passport *passport = &all->passports[socket];
    *number = TRAFFIC_NO_ANSWER;
    if (wants_cookie(passport, now_us)) return write_hello(all, socket, now_us, out);
    if (passport->since_us == 0) return 0;
    return all->forged ? write_forged(all, passport, out) : take_stock(all, socket, out);
}

static uint64_t answer(void *context, size_t socket, const uint8_t *data, size_t size, uint64_t now_us) {
    struct registers *all = context;
    struct passport *passport = &all->passports[socket];
    struct cookie_message message;
    if (!cookie_message_decode(data, size, &message) || passport->asked_us == 0 || message.nonce != passport->nonce)
        return TRAFFIC_NO_ANSWER;
    all->have_cookie += passport->since_us == 0;
    passport->cookie = message.cookie;
    passport->since_us = now_us;
    passport->asked_us = 0;
    memcpy(all->bootnode_public, message.bootnode_public, sizeof all->bootnode_public);
    return TRAFFIC_NO_ANSWER;
}

/* Looks at so many items that all had their turn within REMAKE_US, and makes those anew whose socket has a newer
 * cookie. */
static void renew_stock(void *context, uint64_t now_us) {
    struct registers *all = context;
    if (all->looked_us == 0) all->looked_us = now_us;
    if (all->forged) return;
    all->debt += (double)(now_us - all->looked_us) * (double)all->count / REMAKE_US;
    all->looked_us = now_us;
    size_t due = (size_t)all->debt;
    all->debt -= (double)due;
    for (; due > 0; due--) {
        size_t item = all->remade;
        all->remade = item + 1 < all->count ? item + 1 : 0;
        if (all->stock[item].since_us != all->passports[item % all->sockets].since_us) make(all, item);
    }
}

static void destroy(void *context) {
    struct registers *all = context;
    free(all->passports);
    free(all->stock);
    free(all);
}

static void make_keys(struct registers *all) {
    for (size_t i = 0; i < KEYS; i++) {
        randombytes_buf(all->keys[i].secret, sizeof all->keys[i].secret);
        (void)crypto_scalarmult_base(all->keys[i].public, all->keys[i].secret);
    }
}

struct traffic *traffic_register(size_t sockets, size_t stock, bool forged) {
    struct registers *all = calloc(1, sizeof *all);
    if (!all) return NULL;
    all->traffic =
        (struct traffic){.request = request, .answer = answer, .idle = renew_stock, .destroy = destroy, .context = all};
    all->forged = forged;
    all->sockets = sockets;
    all->count = stock > sockets ? stock : sockets;
    all->passports = calloc(sockets, sizeof *all->passports);
    all->stock = calloc(forged ? 1 : all->count, sizeof *all->stock);
    if (!all->passports || !all->stock) {
        destroy(all);
        return NULL;
    }
    for (size_t i = 0; i < sockets; i++) all->passports[i].next = i;
    randombytes_buf(&all->random, sizeof all->random);
    make_keys(all);
    return &all->traffic;
}

/* --- Before the row --- */

static void take(void *context, size_t socket, const uint8_t *data, size_t size) {
    (void)answer(context, socket, data, size, load_now_us());
}

static void ask_for_cookies(struct registers *all, struct wire *wire, uint64_t now_us) {
    for (size_t i = 0; i < all->sockets; i++) {
        uint8_t *place = wants_cookie(&all->passports[i], now_us) ? wire_reserve(wire, i) : NULL;
        if (!place) continue;
        wire_commit(wire, i, write_hello(all, i, now_us, place));
        wire_flush(wire, i);
    }
}

static bool fetch_cookies(struct registers *all, struct wire *wire, void (*meanwhile)(void *context), void *context,
                          struct why *why) {
    uint64_t now_us = load_now_us(), end_us = now_us + PREPARE_US;
    for (; all->have_cookie < all->sockets && now_us < end_us && !interrupted(); now_us = load_now_us()) {
        size_t had = all->have_cookie;
        ask_for_cookies(all, wire, now_us);
        wire_receive(wire, PREPARE_WAIT_US, WIRE_BURST, take, all);
        if (all->have_cookie > had) end_us = now_us + PREPARE_US;
        meanwhile(context);
    }
    if (all->have_cookie == all->sockets || interrupted()) return true;
    return why_fail(why, "--register: the bootnode does not answer HELLO: %zu of %zu sockets have a cookie",
                    all->have_cookie, all->sockets);
}

bool traffic_register_prepare(struct traffic *traffic, struct wire *wire, void (*meanwhile)(void *context),
                              void *context, struct why *why) {
    struct registers *all = traffic->context;
    if (!fetch_cookies(all, wire, meanwhile, context, why)) return false;
    uint64_t due_us = 0;
    for (size_t i = 0; !all->forged && i < all->count && !interrupted(); i++) {
        make(all, i);
        if (load_now_us() < due_us) continue;
        meanwhile(context);
        due_us = load_now_us() + MEANWHILE_US;
    }
    return true;
}
