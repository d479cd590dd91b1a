/* noise_vectors FILE…: Noise test vectors (cacophony's JSON) against common/noise.c; both sides are played, each
 * written message has to equal the vector's, and the other side has to read its payload. A transport message goes, as
 * every message, from the initiator when its index is even. noise_vectors --generate: prints a file of that format with
 * fresh keys, one vector per protocol known here. */
#include "common/noise.h"
#include "tests/tools/vector_file.h"

struct protocol {
    const char *name;
    enum noise_pattern pattern;
    enum suite suite;
    size_t handshake_messages;
};

static const struct protocol protocols[] = {
    {"Noise_NK_25519_AESGCM_SHA256", NOISE_NK, SUITE_AES256_GCM, 2},
    {"Noise_NK_25519_ChaChaPoly_SHA256", NOISE_NK, SUITE_CHACHA20_POLY1305, 2},
    {"Noise_XX_25519_AESGCM_SHA256", NOISE_XX, SUITE_AES256_GCM, 3},
    {"Noise_XX_25519_ChaChaPoly_SHA256", NOISE_XX, SUITE_CHACHA20_POLY1305, 3},
    {"Noise_XXpsk3_25519_AESGCM_SHA256", NOISE_XXPSK3, SUITE_AES256_GCM, 3},
    {"Noise_XXpsk3_25519_ChaChaPoly_SHA256", NOISE_XXPSK3, SUITE_CHACHA20_POLY1305, 3},
};
#define PROTOCOL_COUNT (sizeof(protocols) / sizeof(protocols[0]))

/* One side of the conversation: its machine first, its transport afterwards. */
struct side {
    struct noise noise;
    struct noise_keys keys;
    uint64_t sent, received;
    uint8_t prologue[NOISE_MESSAGE_MAX];
    struct noise_config config;
    uint8_t static_secret[32], ephemeral_secret[32], remote_static[32], psk[32];
};

struct counts {
    unsigned passed, failed, unknown, no_aes;
};

static const struct protocol *protocol_find(const char *name) {
    for (size_t i = 0; i < PROTOCOL_COUNT; i++) {
        if (strcmp(protocols[i].name, name) == 0) return &protocols[i];
    }
    return NULL;
}

static const char *key_of(const struct side *side, const char *field, char key[static 32]) {
    snprintf(key, 32, "%s_%s", side->config.initiator ? "init" : "resp", field);
    return key;
}

static const uint8_t *load_key(struct side *side, const char *where, const json_t *vector, const char *field,
                               uint8_t out[static 32]) {
    char key[32];
    if (!json_object_get(vector, key_of(side, field, key))) return NULL;
    vector_key(where, vector, key, out);
    return out;
}

/* init_psks and resp_psks, or one list "psks" for both. */
static const uint8_t *load_psk(struct side *side, const char *where, const json_t *vector) {
    char key[32];
    const char *name = json_object_get(vector, key_of(side, "psks", key)) ? key : "psks";

    if (!json_object_get(vector, name) || json_array_size(vector_array(where, vector, name)) == 0) return NULL;
    const char *hex = json_string_value(json_array_get(json_object_get(vector, name), 0));
    if (!hex || vector_unhex(where, name, hex, side->psk, 32) != 32)
        vector_malformed("%s: %s: keys of 32 bytes were expected", where, name);
    return side->psk;
}

static void load_side(struct side *side, bool initiator, const struct protocol *protocol, const char *where,
                      const json_t *vector) {
    char key[32];
    *side = (struct side){.config = {.pattern = protocol->pattern, .suite = protocol->suite, .initiator = initiator}};
    struct noise_config *config = &side->config;
    if (json_object_get(vector, key_of(side, "prologue", key))) {
        config->prologue_size = vector_bytes(where, vector, key, side->prologue, sizeof(side->prologue));
        config->prologue = side->prologue;
    }
    config->static_secret = load_key(side, where, vector, "static", side->static_secret);
    config->ephemeral_secret = load_key(side, where, vector, "ephemeral", side->ephemeral_secret);
    config->remote_static = load_key(side, where, vector, "remote_static", side->remote_static);
    config->psk = load_psk(side, where, vector);
    noise_init(&side->noise, config);
    if (side->noise.failed || !config->ephemeral_secret)
        vector_malformed("%s: a key is missing that %s needs for %s", where, protocol->name,
                         initiator ? "the initiator" : "the responder");
}

/* Empty on failure only in the handshake: a transport message has at least its tag. */
static size_t side_write(struct side *side, enum suite suite, bool transport, const uint8_t *payload, size_t size,
                         uint8_t *out) {
    if (!transport) return noise_write(&side->noise, payload, size, out, NOISE_MESSAGE_MAX);
    if (size > NOISE_MESSAGE_MAX - SUITE_TAG_SIZE) return 0;
    suite_seal(suite, side->keys.send, side->sent++, NULL, 0, payload, size, out);
    return size + SUITE_TAG_SIZE;
}

static bool side_read(struct side *side, enum suite suite, bool transport, const uint8_t *message, size_t size,
                      uint8_t *out, size_t *out_size) {
    if (!transport) return noise_read(&side->noise, message, size, out, NOISE_MESSAGE_MAX, out_size);
    if (!suite_open(suite, side->keys.receive, side->received++, NULL, 0, message, size, out)) return false;
    *out_size = size - SUITE_TAG_SIZE;
    return true;
}

/* NULL, or what is wrong with message `index`. */
static const char *check_message(struct side sides[static 2], const struct protocol *protocol, size_t index,
                                 const char *where, const json_t *message) {
    static uint8_t payload[NOISE_MESSAGE_MAX], expected[NOISE_MESSAGE_MAX], written[NOISE_MESSAGE_MAX],
        got[NOISE_MESSAGE_MAX];
    size_t payload_size = vector_bytes(where, message, "payload", payload, sizeof(payload));
    size_t expected_size = vector_bytes(where, message, "ciphertext", expected, sizeof(expected));
    struct side *sender = &sides[index % 2], *receiver = &sides[1 - index % 2];
    bool transport = index >= protocol->handshake_messages;
    size_t got_size = 0;
    size_t size = side_write(sender, protocol->suite, transport, payload, payload_size, written);
    if (size != expected_size || memcmp(written, expected, size) != 0) return "the ciphertext written differs";
    if (!side_read(receiver, protocol->suite, transport, expected, expected_size, got, &got_size))
        return "the ciphertext is not accepted";
    if (got_size != payload_size || memcmp(got, payload, got_size) != 0) return "the payload read differs";
    return NULL;
}

/* NULL, or what is wrong with the end of the handshake. */
static const char *check_split(struct side sides[static 2], const char *where, const json_t *vector) {
    uint8_t hash[NOISE_HASH_SIZE];

    for (int i = 0; i < 2; i++) {
        if (!noise_split(&sides[i].noise, &sides[i].keys)) return "the handshake is not finished";
    }
    if (!json_object_get(vector, "handshake_hash")) return NULL;
    vector_key(where, vector, "handshake_hash", hash);
    for (int i = 0; i < 2; i++) {
        if (memcmp(sides[i].keys.hash, hash, sizeof(hash)) != 0) return "the handshake hash differs";
    }
    return NULL;
}

static bool check_vector(const struct protocol *protocol, const char *where, const json_t *vector) {
    static struct side sides[2];
    const json_t *messages = vector_array(where, vector, "messages");
    if (json_array_size(messages) < protocol->handshake_messages)
        vector_malformed("%s: messages: at least %zu were expected", where, protocol->handshake_messages);
    load_side(&sides[0], true, protocol, where, vector);
    load_side(&sides[1], false, protocol, where, vector);
    for (size_t i = 0; i < json_array_size(messages); i++) {
        const char *wrong = check_message(sides, protocol, i, where, json_array_get(messages, i));
        if (!wrong && i + 1 == protocol->handshake_messages) wrong = check_split(sides, where, vector);
        if (wrong) {
            printf("%s: message %zu: %s\n", where, i, wrong);
            return false;
        }
    }
    return true;
}

static void check_entry(const char *file, size_t index, const json_t *vector, struct counts *counts) {
    char where[512];
    snprintf(where, sizeof(where), "%s: vector %zu", file, index);
    const char *name = vector_text(where, vector, "protocol_name");
    const struct protocol *protocol = protocol_find(name);
    snprintf(where, sizeof(where), "%s: vector %zu: %s", file, index, name);
    if (!protocol)
        counts->unknown++;
    else if (!(suite_mask_available() & protocol->suite))
        counts->no_aes++;
    else if (check_vector(protocol, where, vector))
        counts->passed++;
    else
        counts->failed++;
}

static bool check_file(const char *file) {
    struct counts counts = {0};
    json_t *root = vector_file_load(file);
    const json_t *vectors = vector_array(file, root, "vectors");
    for (size_t i = 0; i < json_array_size(vectors); i++) check_entry(file, i, json_array_get(vectors, i), &counts);
    printf("%s: %u passed, %u failed, %u skipped (%u of an unknown protocol, %u for want of AES hardware)\n", file,
           counts.passed, counts.failed, counts.unknown + counts.no_aes, counts.unknown, counts.no_aes);
    json_decref(root);
    return counts.failed == 0;
}

static json_t *hex_string(const uint8_t *bytes, size_t size) {
    static char hex[2 * NOISE_MESSAGE_MAX + 1];
    return json_string(sodium_bin2hex(hex, sizeof(hex), bytes, size));
}

static void set_hex(json_t *object, const char *key, const uint8_t *bytes, size_t size) {
    json_object_set_new(object, key, hex_string(bytes, size));
}

static const uint8_t *generate_key(const struct side *side, json_t *vector, const char *field, uint8_t out[static 32]) {
    char key[32];

    randombytes_buf(out, 32);
    set_hex(vector, key_of(side, field, key), out, 32);
    return out;
}

static void generate_psk(struct side sides[static 2], json_t *vector) {
    char key[32];
    randombytes_buf(sides[0].psk, sizeof(sides[0].psk));
    for (int i = 0; i < 2; i++) {
        json_t *psk = hex_string(sides[0].psk, sizeof(sides[0].psk));
        json_object_set_new(vector, key_of(&sides[i], "psks", key), json_pack("[o]", psk));
        sides[i].config.psk = sides[0].psk;
    }
}

static void generate_sides(struct side sides[static 2], const struct protocol *protocol, json_t *vector) {
    char key[32];
    for (int i = 0; i < 2; i++) {
        struct side *side = &sides[i];
        *side = (struct side){.config = {.pattern = protocol->pattern, .suite = protocol->suite, .initiator = i == 0}};
        side->config.prologue = protocol->name;
        side->config.prologue_size = strlen(protocol->name);
        set_hex(vector, key_of(side, "prologue", key), side->config.prologue, side->config.prologue_size);
        side->config.ephemeral_secret = generate_key(side, vector, "ephemeral", side->ephemeral_secret);
        if (i == 1 || protocol->pattern != NOISE_NK)
            side->config.static_secret = generate_key(side, vector, "static", side->static_secret);
    }
    if (protocol->pattern == NOISE_NK) {
        crypto_scalarmult_curve25519_base(sides[0].remote_static, sides[1].static_secret);
        sides[0].config.remote_static = sides[0].remote_static;
        set_hex(vector, "init_remote_static", sides[0].remote_static, 32);
    }
    if (protocol->pattern == NOISE_XXPSK3) generate_psk(sides, vector);
    for (int i = 0; i < 2; i++) noise_init(&sides[i].noise, &sides[i].config);
}

static json_t *generate_message(struct side sides[static 2], const struct protocol *protocol, size_t index) {
    static uint8_t message[NOISE_MESSAGE_MAX], got[NOISE_MESSAGE_MAX];
    uint8_t payload[48];
    size_t payload_size = 7 * index % sizeof(payload), got_size;
    struct side *sender = &sides[index % 2], *receiver = &sides[1 - index % 2];
    bool transport = index >= protocol->handshake_messages;
    json_t *out = json_object();
    randombytes_buf(payload, payload_size);
    size_t size = side_write(sender, protocol->suite, transport, payload, payload_size, message);
    if (!side_read(receiver, protocol->suite, transport, message, size, got, &got_size)) abort();
    set_hex(out, "payload", payload, payload_size);
    set_hex(out, "ciphertext", message, size);
    return out;
}

static json_t *generate_vector(const struct protocol *protocol) {
    static struct side sides[2];
    json_t *vector = json_pack("{s:s}", "protocol_name", protocol->name), *messages = json_array();
    generate_sides(sides, protocol, vector);
    for (size_t i = 0; i < protocol->handshake_messages + 4; i++) {
        json_array_append_new(messages, generate_message(sides, protocol, i));
        for (int j = 0; j < 2 && i + 1 == protocol->handshake_messages; j++)
            (void)noise_split(&sides[j].noise, &sides[j].keys);
    }
    set_hex(vector, "handshake_hash", sides[0].keys.hash, NOISE_HASH_SIZE);
    json_object_set_new(vector, "messages", messages);
    return vector;
}

static int generate(void) {
    json_t *vectors = json_array();
    if (!(suite_mask_available() & SUITE_AES256_GCM)) vector_malformed("vectors can only be made with AES hardware");
    for (size_t i = 0; i < PROTOCOL_COUNT; i++) json_array_append_new(vectors, generate_vector(&protocols[i]));
    json_t *root = json_pack("{s:o}", "vectors", vectors);
    int rc = json_dumpf(root, stdout, JSON_INDENT(1));
    putchar('\n');
    json_decref(root);
    return rc == 0 ? VECTORS_PASS : VECTORS_FAIL;
}

int main(int argc, char **argv) {
    bool passed = true;
    if (argc < 2) vector_malformed("usage: noise_vectors FILE… | --generate");
    if (sodium_init() < 0) vector_malformed("libsodium does not start");
    if (strcmp(argv[1], "--generate") == 0) return generate();
    for (int i = 1; i < argc; i++) passed &= check_file(argv[i]);
    return passed ? VECTORS_PASS : VECTORS_FAIL;
}
