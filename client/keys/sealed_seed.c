#include "client/keys/sealed_seed.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "common/append.h"

_Static_assert(sizeof((struct sealed_seed *)NULL)->salt == crypto_pwhash_SALTBYTES, "as Argon2id takes it");
_Static_assert(sizeof((struct sealed_seed *)NULL)->nonce == crypto_aead_xchacha20poly1305_ietf_NPUBBYTES, "its nonce");
_Static_assert(sizeof((struct sealed_seed *)NULL)->box == SEED_SIZE + crypto_aead_xchacha20poly1305_ietf_ABYTES,
               "the seed and its tag");
_Static_assert(SEALED_SEED_KEY == crypto_aead_xchacha20poly1305_ietf_KEYBYTES, "its key");

/* --- As text --- */

#define BEGINNING "-----BEGIN GOCHAT IDENTITY-----"
#define LINE_SIZE 128

/* Each line: words, and behind them the hex digits of a field, if it has one. */
static const struct line {
    const char *words;
    size_t offset, size;
} lines[] = {
    {BEGINNING, 0, 0},
    {"Comment: a secret key behind a passphrase; gochat --mode identity restore FILE", 0, 0},
    {"Version: 1", 0, 0},
    {"Public: ", offsetof(struct sealed_seed, public), 32},
    {"Derivation: argon2id 3 passes 256 MiB", 0, 0},
    {"Salt: ", offsetof(struct sealed_seed, salt), 16},
    {"Nonce: ", offsetof(struct sealed_seed, nonce), 24},
    {"Sealed: ", offsetof(struct sealed_seed, box), SEED_SIZE + 16},
    {"-----END GOCHAT IDENTITY-----", 0, 0},
};
#define LINES (sizeof lines / sizeof *lines)
#define SEALED_LINE 7 /* those above it are authenticated */

_Static_assert(crypto_pwhash_OPSLIMIT_MODERATE == 3 && crypto_pwhash_MEMLIMIT_MODERATE == 256u << 20,
               "as the file says");

static void write_line(const struct sealed_seed *sealed, const struct line *line, char out[static LINE_SIZE]) {
    char digits[2 * sizeof sealed->box + 1] = "";
    const uint8_t *field = (const uint8_t *)sealed + line->offset;
    if (line->size > 0) sodium_bin2hex(digits, sizeof digits, field, line->size);
    snprintf(out, LINE_SIZE, "%s%s\n", line->words, digits);
}

static size_t write_lines(const struct sealed_seed *sealed, size_t count, char out[static SEALED_SEED_TEXT_MAX]) {
    char line[LINE_SIZE];
    *out = '\0';
    for (size_t i = 0; i < count; i++) {
        write_line(sealed, &lines[i], line);
        append_text(out, SEALED_SEED_TEXT_MAX, "%s", line);
    }
    return strlen(out);
}

size_t sealed_seed_write(const struct sealed_seed *sealed, char out[static SEALED_SEED_TEXT_MAX]) {
    return write_lines(sealed, LINES, out);
}

bool sealed_seed_is(const char *text, size_t size) {
    return size >= strlen(BEGINNING) && memcmp(text, BEGINNING, strlen(BEGINNING)) == 0;
}

/* The field is read, and the line written anew: only if that gives what was there it is one. */
static bool parse_line(const struct line *line, const char *text, size_t size, struct sealed_seed *out) {
    char expected[LINE_SIZE];
    size_t words = strlen(line->words), read;
    if (size != words + 2 * line->size) return false;
    uint8_t *field = (uint8_t *)out + line->offset;
    if (line->size > 0 &&
        (sodium_hex2bin(field, line->size, text + words, 2 * line->size, NULL, &read, NULL) != 0 || read != line->size))
        return false;
    write_line(out, line, expected);
    return memcmp(expected, text, size) == 0;
}

static bool explain(size_t index, struct why *why) {
    const struct line *line = &lines[index];
    if (line->size == 0) return why_fail(why, "line %zu: expected '%s'", index + 1, line->words);
    return why_fail(why, "line %zu: expected '%s' and %zu hex digits in small letters", index + 1, line->words,
                    2 * line->size);
}

bool sealed_seed_parse(const char *text, size_t size, struct sealed_seed *out, struct why *why) {
    const char *end = text + size;
    memset(out, 0, sizeof *out);
    for (size_t i = 0; i < LINES; i++) {
        const char *newline = memchr(text, '\n', (size_t)(end - text));
        if (!newline || !parse_line(&lines[i], text, (size_t)(newline - text), out)) return explain(i, why);
        text = newline + 1;
    }
    return text == end || why_fail(why, "line %zu: expected nothing behind the last line", LINES + 1);
}

/* --- Sealing --- */

bool sealed_seed_derive(const char *passphrase, const uint8_t salt[static 16], uint8_t key[static SEALED_SEED_KEY]) {
    return crypto_pwhash(key, SEALED_SEED_KEY, passphrase, strlen(passphrase), salt, crypto_pwhash_OPSLIMIT_MODERATE,
                         crypto_pwhash_MEMLIMIT_MODERATE, crypto_pwhash_ALG_ARGON2ID13) == 0;
}

static void derive_public(const uint8_t seed[static SEED_SIZE], uint8_t public[static 32]) {
    uint8_t secret[crypto_sign_SECRETKEYBYTES];
    crypto_sign_seed_keypair(public, secret, seed);
    sodium_memzero(secret, sizeof secret);
}

void sealed_seed_close(struct sealed_seed *sealed, const uint8_t seed[static SEED_SIZE],
                       const uint8_t key[static SEALED_SEED_KEY]) {
    char above[SEALED_SEED_TEXT_MAX];
    derive_public(seed, sealed->public);
    size_t size = write_lines(sealed, SEALED_LINE, above);
    crypto_aead_xchacha20poly1305_ietf_encrypt(sealed->box, NULL, seed, SEED_SIZE, (const uint8_t *)above, size, NULL,
                                               sealed->nonce, key);
}

bool sealed_seed_open(const struct sealed_seed *sealed, const uint8_t key[static SEALED_SEED_KEY],
                      uint8_t seed[static SEED_SIZE]) {
    char above[SEALED_SEED_TEXT_MAX];
    uint8_t public[32] = {0};
    size_t size = write_lines(sealed, SEALED_LINE, above);
    bool opened = crypto_aead_xchacha20poly1305_ietf_decrypt(seed, NULL, NULL, sealed->box, sizeof sealed->box,
                                                             (const uint8_t *)above, size, sealed->nonce, key) == 0;
    if (opened) derive_public(seed, public);
    /* Whoever knows the passphrase could have written another one there. */
    opened = opened && memcmp(public, sealed->public, sizeof public) == 0;
    if (!opened) sodium_memzero(seed, SEED_SIZE);
    return opened;
}

bool sealed_seed_seal(const uint8_t seed[static SEED_SIZE], const char *passphrase, struct sealed_seed *out,
                      struct why *why) {
    uint8_t key[SEALED_SEED_KEY];
    randombytes_buf(out->salt, sizeof out->salt);
    randombytes_buf(out->nonce, sizeof out->nonce);
    bool derived = sealed_seed_derive(passphrase, out->salt, key);
    if (derived) sealed_seed_close(out, seed, key);
    sodium_memzero(key, sizeof key);
    return derived || why_fail(why, "out of memory: a passphrase takes 256 MiB");
}

bool sealed_seed_unseal(const struct sealed_seed *sealed, const char *passphrase, uint8_t seed[static SEED_SIZE],
                        struct why *why) {
    uint8_t key[SEALED_SEED_KEY];
    if (!sealed_seed_derive(passphrase, sealed->salt, key))
        return why_fail(why, "out of memory: a passphrase takes 256 MiB");
    bool opened = sealed_seed_open(sealed, key, seed);
    sodium_memzero(key, sizeof key);
    return opened || why_fail(why, "the passphrase is wrong, or the file was changed");
}
