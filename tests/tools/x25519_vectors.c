/* x25519_vectors FILE…: Wycheproof's X25519 vectors against the Diffie-Hellman of common/noise.c. Where the shared
 * secret is zero it has to be refused, everywhere else it has to be equal. */
#include "common/noise.h"
#include "tests/tools/vector_file.h"

struct counts {
    unsigned equal, refused, failed;
};

static void check_test(const char *file, const json_t *test, struct counts *counts) {
    char where[512];
    uint8_t secret[32], public[32], expected[32], shared[32];
    json_int_t id = json_integer_value(json_object_get(test, "tcId"));
    snprintf(where, sizeof(where), "%s: test %" JSON_INTEGER_FORMAT, file, id);
    vector_key(where, test, "private", secret);
    vector_key(where, test, "public", public);
    vector_key(where, test, "shared", expected);
    bool accepted = noise_dh(secret, public, shared);
    if (accepted == (bool)sodium_is_zero(expected, 32) || memcmp(shared, expected, 32) != 0) {
        printf("%s: %s\n", where, accepted ? "wrong shared secret" : "refused");
        counts->failed++;
    } else if (accepted) {
        counts->equal++;
    } else {
        counts->refused++;
    }
}

static void check_group(const char *file, const json_t *group, struct counts *counts) {
    const json_t *tests = vector_array(file, group, "tests");
    for (size_t i = 0; i < json_array_size(tests); i++) check_test(file, json_array_get(tests, i), counts);
}

static bool check_file(const char *file) {
    struct counts counts = {0};
    json_t *root = vector_file_load(file);
    const json_t *groups = vector_array(file, root, "testGroups");
    for (size_t i = 0; i < json_array_size(groups); i++) check_group(file, json_array_get(groups, i), &counts);
    printf("%s: %u passed (%u of them zero and refused), %u failed\n", file, counts.equal + counts.refused,
           counts.refused, counts.failed);
    json_decref(root);
    return counts.failed == 0;
}

int main(int argc, char **argv) {
    bool passed = true;
    if (argc < 2) vector_malformed("usage: x25519_vectors FILE…");
    if (sodium_init() < 0) vector_malformed("libsodium does not start");
    for (int i = 1; i < argc; i++) passed &= check_file(argv[i]);
    return passed ? VECTORS_PASS : VECTORS_FAIL;
}
