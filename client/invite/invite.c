#include "client/invite/invite.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "client/invite/invite_text.h"
#include "common/append.h"
#include "common/memory.h"
#include "common/room_name.h"
#include "common/text.h"
#include "common/wire/bootnode_packets.h"

#define SCHEME "gochat://"
#define CHECKSUM_SIZE 4
#define KIND_BITS 3u
#define HAS_PRINTS 4u
#define HAS_PASSPHRASE 8u
#define KNOWN_BITS (KIND_BITS | HAS_PRINTS | HAS_PASSPHRASE)
#define PAYLOAD_MAX (1 + PRIVATE_ROOT_SIZE + INVITE_SECRET_MAX + BOOTNODES_MAX * KEY_PRINT_SIZE + CHECKSUM_SIZE)
#define PAYLOAD_TEXT_SIZE ((PAYLOAD_MAX + 2) / 3 * 4 + 1)
#define ALPHABET "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
#define SHOWN 40

static const int base64 = sodium_base64_VARIANT_URLSAFE_NO_PADDING;

/* --- Hosts --- */

static void lower(char *text) {
    for (; *text; text++)
        if (*text >= 'A' && *text <= 'Z') *text = (char)(*text - 'A' + 'a');
}

bool invite_host_parse(const char *given, char out[static INVITE_HOST_SIZE]) {
    char host[INVITE_HOST_SIZE], address_text[ADDRESS_TEXT_SIZE];
    struct address address;
    uint16_t port;
    if (!address_split(given, BOOTNODE_PORT, host, sizeof host, &port) || port == 0 || strchr(host, ',')) return false;
    if (strchr(host, '%')) return false;
    if (address_parse(given, BOOTNODE_PORT, &address)) {
        if (address_is_scoped(&address)) return false;
        snprintf(host, sizeof host, "%s", address_format(&address, address_text));
        *strrchr(host, ':') = '\0';
    }
    lower(host);
    int size = port == BOOTNODE_PORT ? snprintf(out, INVITE_HOST_SIZE, "%s", host)
                                     : snprintf(out, INVITE_HOST_SIZE, "%s:%u", host, port);
    return size < INVITE_HOST_SIZE;
}

/* As invites name it, or, where they cannot, as it is. */
static const char *host_named(const char *given, char out[static INVITE_HOST_SIZE]) {
    return invite_host_parse(given, out) ? out : given;
}

bool invite_host_among(const char *host, const char *list) {
    char ours[INVITE_HOST_SIZE], theirs[INVITE_HOST_SIZE], *rest = NULL, *copy = copy_text(list);
    bool among = false;
    for (const char *one = strtok_r(copy, ", ", &rest); one && !among; one = strtok_r(NULL, ", ", &rest))
        among = strcasecmp(host_named(one, theirs), host_named(host, ours)) == 0;
    free(copy);
    return among;
}

/* --- The checksum --- */

/* Zeros between the parts: none of them has one in it but the last. */
static void checksum(const struct invite *invite, const uint8_t *payload, size_t size,
                     uint8_t out[static CHECKSUM_SIZE]) {
    static const char key[] = "gochat invite v1";
    uint8_t digest[crypto_generichash_BYTES_MIN];
    crypto_generichash_state state;
    crypto_generichash_init(&state, (const uint8_t *)key, strlen(key), sizeof digest);
    for (size_t i = 0; i < invite->host_count; i++) {
        if (i > 0) crypto_generichash_update(&state, (const uint8_t *)",", 1);
        crypto_generichash_update(&state, (const uint8_t *)invite->hosts[i].name, strlen(invite->hosts[i].name));
    }
    crypto_generichash_update(&state, (const uint8_t *)"", 1);
    crypto_generichash_update(&state, (const uint8_t *)invite->room, strlen(invite->room) + 1);
    crypto_generichash_update(&state, payload, size);
    crypto_generichash_final(&state, digest, sizeof digest);
    memcpy(out, digest, CHECKSUM_SIZE);
    sodium_memzero(&state, sizeof state);
}

/* --- Sizes --- */

/* Of what stands between the first byte and the prints. Of a secret it may be any. */
static size_t secrets_size(enum invite_kind kind) {
    static const size_t sizes[] = {[INVITE_PRIVATE] = PRIVATE_ROOT_SIZE,
                                   [INVITE_EPOCH] = PRIVATE_ROOT_SIZE + PRIVATE_INVITE_SIZE,
                                   [INVITE_DOOR] = PRIVATE_ROOT_SIZE + PRIVATE_INVITE_SIZE};
    return sizes[kind];
}

static size_t prints_size(unsigned first, size_t hosts) {
    return first & HAS_PRINTS ? hosts * KEY_PRINT_SIZE : 0;
}

bool invite_holds(const struct invite *invite) {
    bool may_be_any = invite->kind == INVITE_SECRET;
    size_t expected = may_be_any ? 0 : secrets_size(invite->kind) - PRIVATE_ROOT_SIZE;
    if (invite->host_count == 0 || invite->host_count > BOOTNODES_MAX || invite->secret_size > INVITE_SECRET_MAX)
        return false;
    if (!*invite->room || !memchr(invite->room, '\0', sizeof invite->room)) return false;
    if (may_be_any ? invite->passphrase && invite->secret_size > 0
                   : invite->passphrase || invite->secret_size != expected)
        return false;
    for (size_t i = 0; i < invite->host_count; i++)
        if (invite->hosts[i].has_print == sodium_is_zero(invite->hosts[i].print, KEY_PRINT_SIZE)) return false;
    return true;
}

/* --- Writing --- */

static bool has_prints(const struct invite *invite) {
    for (size_t i = 0; i < invite->host_count; i++)
        if (invite->hosts[i].has_print) return true;
    return false;
}

static size_t put(uint8_t *payload, size_t size, const void *bytes, size_t count) {
    if (count > 0) memcpy(payload + size, bytes, count);
    return size + count;
}

static size_t write_payload(const struct invite *invite, uint8_t out[static PAYLOAD_MAX]) {
    size_t size = 1;
    out[0] =
        (uint8_t)(invite->kind | (has_prints(invite) ? HAS_PRINTS : 0) | (invite->passphrase ? HAS_PASSPHRASE : 0));
    if (invite->kind != INVITE_SECRET) size = put(out, size, invite->root, sizeof invite->root);
    size = put(out, size, invite->secret, invite->secret_size);
    for (size_t i = 0; i < invite->host_count && has_prints(invite); i++)
        size = put(out, size, invite->hosts[i].print, KEY_PRINT_SIZE);
    checksum(invite, out, size, out + size);
    return size + CHECKSUM_SIZE;
}

void invite_format(const struct invite *invite, char out[static INVITE_TEXT_SIZE]) {
    uint8_t payload[PAYLOAD_MAX];
    char encoded[PAYLOAD_TEXT_SIZE];
    snprintf(out, INVITE_TEXT_SIZE, SCHEME);
    for (size_t i = 0; i < invite->host_count; i++) {
        append_text(out, INVITE_TEXT_SIZE, "%s", i > 0 ? "," : "");
        invite_text_encode(invite->hosts[i].name, "[]:", out, INVITE_TEXT_SIZE);
    }
    append_text(out, INVITE_TEXT_SIZE, "/");
    invite_text_encode(invite->room, "", out, INVITE_TEXT_SIZE);
    size_t size = write_payload(invite, payload);
    append_text(out, INVITE_TEXT_SIZE, "#%s", sodium_bin2base64(encoded, sizeof encoded, payload, size, base64));
    sodium_memzero(payload, sizeof payload);
    sodium_memzero(encoded, sizeof encoded);
}

/* --- Reading --- */

#define AGAIN "copy it again, or compare it with the one you were sent"

static bool mistyped(struct why *why, const char *where, const char *part) {
    char shown[SHOWN + 1];
    (void)text_filter(part, strlen(part), false, shown, sizeof shown);
    return why_fail(why, "the invite is mistyped: %s '%s'; " AGAIN, where, shown);
}

static bool read_hosts(char *list, struct invite *out, struct why *why) {
    for (char *item; (item = strsep(&list, ","));) {
        if (out->host_count == BOOTNODES_MAX)
            return why_fail(why, "the invite is mistyped: more than %d bootnodes in front of the room; " AGAIN,
                            BOOTNODES_MAX);
        char *host = out->hosts[out->host_count].name;
        if (!invite_text_decode(item) || !invite_host_parse(item, host))
            return mistyped(why, "no bootnode can be called", item);
        for (size_t i = 0; i < out->host_count; i++)
            if (strcmp(out->hosts[i].name, host) == 0) return mistyped(why, "twice it has the bootnode", item);
        out->host_count++;
    }
    return true;
}

static bool read_room(char *name, struct invite *out, struct why *why) {
    struct why ignored;
    if (invite_text_decode(name) && room_name_parse(name, strlen(name), out->room, &ignored)) return true;
    return mistyped(why, "no room can be called", name);
}

/* Where a payload goes wrong one character is shown: what stands behind it is the secret, and errors are kept in logs.
 */
static bool misplaced(struct why *why, const char *at) {
    char character[5] = {*at};
    for (size_t i = 1; i < 4 && (at[i] & 0xc0) == 0x80; i++) character[i] = at[i];
    return mistyped(why, "behind its # nothing can go on with", character);
}

/* "mistyped", where characters are wrong; "cut off", where some are missing at the end. */
static bool read_encoded(const char *text, uint8_t out[static PAYLOAD_MAX], size_t *size, struct why *why) {
    size_t good = strspn(text, ALPHABET); /* libsodium takes some bytes beyond ASCII for '_' */
    if (text[good]) return misplaced(why, text + good);
    if (sodium_base642bin(out, PAYLOAD_MAX, text, good, NULL, size, NULL, base64) == 0) return true;
    if (good % 4 != 1 && good < PAYLOAD_TEXT_SIZE)
        return why_fail(why, "the invite is mistyped or cut off: it cannot end with '%s'; " AGAIN, text + good - 1);
    return why_fail(
        why, "the invite is mistyped or cut off: behind its # are %zu characters, which is none of its lengths; " AGAIN,
        good);
}

static void take_prints(struct invite *out, const uint8_t *prints) {
    for (size_t i = 0; i < out->host_count; i++) {
        memcpy(out->hosts[i].print, prints + i * KEY_PRINT_SIZE, KEY_PRINT_SIZE);
        out->hosts[i].has_print = !sodium_is_zero(out->hosts[i].print, KEY_PRINT_SIZE);
    }
}

/* The payload without its checksum, which was right: what does not fit now was made so. */
static bool take_payload(const uint8_t *payload, size_t size, struct invite *out, struct why *why) {
    unsigned first = payload[0];
    size_t prints = prints_size(first, out->host_count);
    out->kind = (enum invite_kind)(first & KIND_BITS);
    out->passphrase = first & HAS_PASSPHRASE;
    size_t root = out->kind == INVITE_SECRET ? 0 : PRIVATE_ROOT_SIZE;
    bool fits = size >= 1 + root + prints && size - 1 - root - prints <= INVITE_SECRET_MAX;
    if ((first & ~KNOWN_BITS) == 0 && fits) {
        out->secret_size = size - 1 - root - prints;
        memcpy(out->root, payload + 1, root);
        memcpy(out->secret, payload + 1 + root, out->secret_size);
        if (prints > 0) take_prints(out, payload + size - prints);
        if (invite_holds(out)) return true;
    }
    return why_fail(why, "the invite is of a kind (%u) that this version of GoChat does not know: a later one does",
                    first);
}

/* How many bytes one that begins so has at least; of those with a secret most have one of 32. */
static size_t usual_size(unsigned first, size_t hosts) {
    enum invite_kind kind = (enum invite_kind)(first & KIND_BITS);
    size_t secrets = kind != INVITE_SECRET ? secrets_size(kind) : first & HAS_PASSPHRASE ? 0 : PRIVATE_SECRET_SIZE;
    return 1 + secrets + prints_size(first, hosts) + CHECKSUM_SIZE;
}

/* A checksum over all cannot say where. */
static bool differs(const struct invite *invite, bool shorter, struct why *why) {
    char host[SHOWN + 1], room[SHOWN + 1];
    (void)text_filter(invite->hosts[0].name, strlen(invite->hosts[0].name), false, host, sizeof host);
    (void)text_filter(invite->room, strlen(invite->room), false, room, sizeof room);
    return why_fail(why,
                    "the invite is mistyped%s: its checksum does not fit the bootnode '%s', the room '%s' and what "
                    "stands behind the #; " AGAIN,
                    shorter ? " or cut off" : "", host, room);
}

static bool check_payload(const uint8_t *payload, size_t size, struct invite *out, struct why *why) {
    uint8_t expected[CHECKSUM_SIZE] = {0};
    bool shorter = size < usual_size(payload[0], out->host_count);
    if (size <= CHECKSUM_SIZE) return differs(out, shorter, why);
    size -= CHECKSUM_SIZE;
    checksum(out, payload, size, expected);
    if (memcmp(expected, payload + size, CHECKSUM_SIZE) != 0) return differs(out, shorter, why);
    return take_payload(payload, size, out, why);
}

static bool read_payload(const char *text, struct invite *out, struct why *why) {
    uint8_t payload[PAYLOAD_MAX] = {0};
    size_t size = 0;
    if (*text == '\0') return why_fail(why, "the invite is cut off behind its #; " AGAIN);
    bool done = read_encoded(text, payload, &size, why) && check_payload(payload, size, out, why);
    sodium_memzero(payload, sizeof payload);
    return done;
}

/* NULL with `why`: something else stands there. */
static char *behind_scheme(char *text, struct why *why) {
    char *colon = strstr(text, "://"), shown[SHOWN + 1];
    if (strncasecmp(text, SCHEME, strlen(SCHEME)) == 0) return text + strlen(SCHEME);
    if (colon) {
        (void)text_filter(text, (size_t)(colon - text), false, shown, sizeof shown);
        why_fail(why, "expected an invite, which begins with " SCHEME ", not with '%s://'", shown);
    } else {
        why_fail(why, "expected an invite, as in " SCHEME "HOST/ROOM#…");
    }
    return NULL;
}

bool invite_is(const char *text) {
    char *clean = invite_text_clean(text);
    bool is = strncasecmp(clean, SCHEME, strlen(SCHEME)) == 0;
    sodium_memzero(clean, strlen(clean));
    free(clean);
    return is;
}

static bool parse(char *text, struct invite *out, struct why *why) {
    char *hosts = behind_scheme(text, why);
    if (!hosts) return false;
    char *payload = strchr(hosts, '#'), *name;
    if (!payload) return why_fail(why, "the invite is mistyped or cut off: it has no #; " AGAIN);
    *payload++ = '\0';
    name = strchr(hosts, '/');
    if (!name) return why_fail(why, "the invite is mistyped: no / parts the bootnode and the room's name; " AGAIN);
    *name++ = '\0';
    return read_hosts(hosts, out, why) && read_room(name, out, why) && read_payload(payload, out, why);
}

bool invite_parse(const char *text, struct invite *out, struct why *why) {
    char *clean = invite_text_clean(text);
    size_t size = strlen(clean);
    memset(out, 0, sizeof *out);
    bool done = parse(clean, out, why);
    sodium_memzero(clean, size);
    free(clean);
    return done;
}
