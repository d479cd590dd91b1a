#include "client/peer/cookies.h"

#include <sodium.h>

#include "common/bytes.h"

#define SOURCE_MAX (1 + 16 + 2 + MEMBER_ID_SIZE + 1)
#define FOR_COOKIES 0 /* what a hash is for is hashed, too */
#define FOR_PLACES 1

static void refresh(struct cookies *cookies, uint64_t now) {
    if (cookies->made && now - cookies->since < COOKIES_MS) return;
    randombytes_buf(cookies->secret, sizeof cookies->secret);
    cookies->since = now;
    cookies->made = true;
}

static void hash_of(struct cookies *cookies, uint8_t purpose, const struct path *from, uint64_t now,
                    uint8_t out[static crypto_shorthash_siphashx24_BYTES]) {
    uint8_t source[1 + SOURCE_MAX];
    struct writer writer = writer_over(source, sizeof source);
    refresh(cookies, now);
    write_u8(&writer, purpose);
    write_u8(&writer, (uint8_t)from->kind);
    write_bytes(&writer, from->address.ip, sizeof from->address.ip);
    write_u16(&writer, from->address.port);
    write_bytes(&writer, from->member, sizeof from->member);
    write_u8(&writer, from->bootnode);
    crypto_shorthash_siphashx24(out, source, writer_size(&writer), cookies->secret);
}

void cookies_bake(struct cookies *cookies, const struct path *from, uint64_t now,
                  uint8_t out[static PEER_COOKIE_SIZE]) {
    hash_of(cookies, FOR_COOKIES, from, now, out);
}

unsigned cookies_place(struct cookies *cookies, const struct path *from, unsigned places, uint64_t now) {
    uint8_t hash[crypto_shorthash_siphashx24_BYTES];
    struct path source = *from;
    source.address.port = 0;
    if (!address_is_ipv4(&source.address)) memset(source.address.ip + 8, 0, 8);
    hash_of(cookies, FOR_PLACES, &source, now, hash);
    return hash[0] % places;
}
