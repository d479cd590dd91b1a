/* Every decoder of bootnode_packets.h and bootnode_bodies.h: what it takes, its encoder gives back byte for byte. */
#include <stdint.h>
#include <stdlib.h>

#include "tests/support/recode_bootnode_packets.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct target {
    size_t (*recode)(const uint8_t *in, size_t size, uint8_t *out, size_t capacity);
    size_t tag; /* bytes at the end that are left to link.h */
} targets[] = {
    {recode_hello, 0},        {recode_cookie_message, 0}, {recode_register, 0},     {recode_welcome, 0},
    {recode_beat, TAG_SIZE},  {recode_path, 8},           {recode_reset, 0},        {recode_refused, 0},
    {recode_sealed, 0},       {recode_register_body, 0},  {recode_welcome_body, 0}, {recode_member_record, 0},
    {recode_changes_body, 0}, {recode_update_body, 0},    {recode_notice_body, 0},  {recode_leave_body, 0},
    {recode_cookie, 0},       {recode_relay, TAG_SIZE},
};

static void require(bool condition) {
    if (!condition) abort();
}

static void require_zeros(const uint8_t *bytes, size_t size) {
    for (size_t i = 0; i < size; i++) require(bytes[i] == 0);
}

static void check(const struct target *target, const uint8_t *data, size_t size, uint8_t *out) {
    size_t written = target->recode(data, size, out, size);
    if (written == 0) return;
    require(written <= size && written > target->tag);
    require(memcmp(data, out, written - target->tag) == 0);
    require_zeros(out + written - target->tag, target->tag);
    /* Longer than the encoder makes them: padding. */
    require_zeros(data + written, size - written);
    require(target->recode(data, size, out, written - 1) == 0);
}

static bool is_hello_of_another_version(const uint8_t *data, size_t size) {
    return size > 1 && data[0] == MESSAGE_HELLO && data[1] != PROTOCOL_VERSION;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    uint8_t *out = malloc(size + 1);
    require(out != NULL);
    for (size_t i = 0; i < sizeof targets / sizeof *targets; i++)
        if (targets[i].recode != recode_hello || !is_hello_of_another_version(data, size))
            check(&targets[i], data, size, out);
    free(out);
    return 0;
}
