#include "tests/support/noise_pair.h"

#include <sodium.h>
#include <string.h>

static const char prologue[] = "a prologue";

const struct noise_protocol *noise_protocols(size_t *count) {
    /* AES-256-GCM comes last, so that a machine without it sees a shorter table. */
    static const struct noise_protocol protocols[] = {
        {NOISE_NK, SUITE_CHACHA20_POLY1305, 2, {NOISE_NK_1_OVERHEAD, NOISE_NK_2_OVERHEAD}},
        {NOISE_XX, SUITE_CHACHA20_POLY1305, 3, {NOISE_XX_1_OVERHEAD, NOISE_XX_2_OVERHEAD, NOISE_XX_3_OVERHEAD}},
        {NOISE_XXPSK3, SUITE_CHACHA20_POLY1305, 3, {48, NOISE_XX_2_OVERHEAD, NOISE_XX_3_OVERHEAD}},
        {NOISE_NK, SUITE_AES256_GCM, 2, {NOISE_NK_1_OVERHEAD, NOISE_NK_2_OVERHEAD}},
        {NOISE_XX, SUITE_AES256_GCM, 3, {NOISE_XX_1_OVERHEAD, NOISE_XX_2_OVERHEAD, NOISE_XX_3_OVERHEAD}},
        {NOISE_XXPSK3, SUITE_AES256_GCM, 3, {48, NOISE_XX_2_OVERHEAD, NOISE_XX_3_OVERHEAD}},
    };
    size_t all = sizeof protocols / sizeof protocols[0];

    *count = suite_mask_available() & SUITE_AES256_GCM ? all : all / 2;
    return protocols;
}

void noise_pair_make(struct noise_pair *pair, const struct noise_protocol *protocol) {
    randombytes_buf(pair->psk, sizeof pair->psk);
    for (int i = 0; i < 2; i++) {
        randombytes_buf(pair->secret[i], sizeof pair->secret[i]);
        crypto_scalarmult_curve25519_base(pair->public[i], pair -> secret[i]);
        pair->config[i] = (struct noise_config){.pattern = protocol->pattern,
                                                .suite = protocol->suite,
                                                .initiator = i == 0,
                                                .prologue = prologue,
                                                .prologue_size = strlen(prologue),
                                                .static_secret = pair->secret[i],
                                                .psk = pair->psk};
    }
    if (protocol->pattern == NOISE_NK) {
        pair->config[0].static_secret = NULL;
        pair->config[0].remote_static = pair->public[1];
    }
    noise_pair_start(pair);
}

void noise_pair_start(struct noise_pair *pair) {
    for (int i = 0; i < 2; i++) noise_init(&pair->side[i], &pair->config[i]);
}

bool noise_pair_step(struct noise_pair *pair, unsigned index) {
    uint8_t message[256], payload[1];
    size_t payload_size;
    size_t size = noise_write(&pair->side[index % 2], NULL, 0, message, sizeof message);
    return size > 0 && noise_read(&pair->side[1 - index % 2], message, size, payload, sizeof payload, &payload_size);
}

unsigned noise_pair_run(struct noise_pair *pair, const struct noise_protocol *protocol) {
    for (unsigned i = 0; i < protocol->messages; i++) {
        if (!noise_pair_step(pair, i)) return i;
    }
    return protocol->messages;
}
