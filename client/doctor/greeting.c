#include "client/doctor/greeting.h"

#include <sodium.h>

#include "common/clock.h"
#include "common/wire/packet.h"

void greeting_start(struct greeting *greeting, const struct address *to, uint16_t bucket, unsigned tries,
                    uint64_t now) {
    *greeting = (struct greeting){.state = GREETING_WAITING,
                                  .to = *to,
                                  .hello = {.version = PROTOCOL_VERSION, .bucket = bucket},
                                  .tries = tries,
                                  .due = now};
    randombytes_buf(&greeting->nonce, sizeof greeting->nonce);
}

void greeting_ask_key(struct greeting *greeting, const uint8_t key[static 32], uint64_t now) {
    greeting->state = GREETING_WAITING;
    greeting->hello.asks = true;
    memcpy(greeting->hello.key, key, sizeof greeting->hello.key);
    greeting->sent = 0;
    greeting->due = now;
    randombytes_buf(&greeting->nonce, sizeof greeting->nonce);
}

uint64_t greeting_due(const struct greeting *greeting) {
    return greeting->state == GREETING_WAITING ? greeting->due : NEVER;
}

size_t greeting_tick(struct greeting *greeting, uint64_t now, uint8_t out[static HELLO_SIZE]) {
    if (greeting->state != GREETING_WAITING || now < greeting->due) return 0;
    if (greeting->sent == greeting->tries) {
        greeting->state = greeting->answered ? GREETING_ANSWERED : GREETING_SILENT;
        return 0;
    }
    greeting->hello.nonce = greeting->nonce + greeting->sent;
    greeting->sent_at[greeting->sent++] = now;
    greeting->due = now + GREETING_WAIT_MS;
    return hello_encode(&greeting->hello, out, HELLO_SIZE);
}

static bool take_cookie(struct greeting *greeting, const struct cookie_message *cookie, uint64_t now) {
    uint64_t try = cookie->nonce - greeting->nonce;
    if (try >= greeting->sent) return false;
    if (!greeting->answered) greeting->rtt_ms = now - greeting->sent_at[try];
    greeting->answered = true;
    greeting->cookie = *cookie;
    greeting->state = GREETING_ANSWERED;
    return true;
}

static bool take_refused(struct greeting *greeting, const struct refused *refused) {
    if (refused->nonce - greeting->nonce >= greeting->sent) return false;
    greeting->refusal = refused->reason;
    greeting->state = greeting->answered ? GREETING_ANSWERED : GREETING_REFUSED;
    return true;
}

bool greeting_receive(struct greeting *greeting, const struct address *from, const uint8_t *data, size_t size,
                      uint64_t now) {
    struct cookie_message cookie;
    struct refused refused;
    if (greeting->state != GREETING_WAITING || !address_equal(from, &greeting->to)) return false;
    if (cookie_message_decode(data, size, &cookie)) return take_cookie(greeting, &cookie, now);
    return refused_decode(data, size, &refused) && take_refused(greeting, &refused);
}
