/* Every decoder of peer_packets.h and frames.h: what it takes, its encoder gives back byte for byte; frames but for
 * unknown ones.
 */
#include <stdint.h>
#include <stdlib.h>

#include "tests/support/recode_peer_packets.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct target {
    size_t (*recode)(const uint8_t *in, size_t size, uint8_t *out, size_t capacity);
    size_t mac; /* bytes at the end that are left to peer_mac_write */
} targets[] = {
    {recode_peer_probe, TAG_SIZE},
    {recode_peer_initiation, TAG_SIZE},
    {recode_peer_initiation_psk, TAG_SIZE},
    {recode_peer_response, TAG_SIZE},
    {recode_peer_confirmation, TAG_SIZE},
    {recode_peer_cookie_reply, TAG_SIZE},
    {recode_peer_data, 0},
    {recode_introduction, 0},
    {recode_relay_body, 0},
    {recode_relayed_body, 0},
    {recode_candidates_body, 0},
    {recode_probing_body, 0},
    {recode_piece_body, 0},
};

static void require(bool condition) {
    if (!condition) abort();
}

static void check(const struct target *target, const uint8_t *data, size_t size, uint8_t *out) {
    size_t written = target->recode(data, size, out, size);
    if (written == 0) return;
    require(written == size);
    require(memcmp(data, out, size - target->mac) == 0);
    for (size_t i = size - target->mac; i < size; i++) require(out[i] == 0);
    require(target->recode(data, size, out, size - 1) == 0);
}

/* Encoded frames hold nothing that is skipped, so encoding them again changes nothing. */
static void check_frames(const uint8_t *data, size_t size, uint8_t *once, uint8_t *twice) {
    size_t written = recode_frames(data, size, once, size);
    require(written <= size);
    if (written == 0) return;
    require(recode_frames(once, written, twice, written) == written);
    require(memcmp(once, twice, written) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static const uint8_t key[ROOM_MAC_KEY_SIZE];
    uint8_t *once = malloc(size + 1), *twice = malloc(size + 1);
    require(once && twice);
    for (size_t i = 0; i < sizeof targets / sizeof *targets; i++) check(&targets[i], data, size, once);
    check_frames(data, size, once, twice);
    (void)peer_mac_check(key, data, size);
    free(once);
    free(twice);
    return 0;
}
