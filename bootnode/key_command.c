#include "bootnode/key_command.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "bootnode/node_key.h"

#define HEX_SIZE 65

static int fail(const struct why *why) {
    fprintf(stderr, "gochat: %s\n", why->text);
    return EXIT_FAILURE;
}

static bool find_file(const struct bootnode_config *config, char out[static INI_TEXT_SIZE], struct why *why) {
    snprintf(out, INI_TEXT_SIZE, "%s", config->key_file);
    return *out != '\0' || node_key_default_file(out, INI_TEXT_SIZE, why);
}

/* Root reads, and makes anew, what the service's user owns. */
static struct seed_policy policy_for(const char *file) {
    struct seed_policy policy = seed_policy_service();
    struct stat status;
    if (policy.owner == 0 && stat(file, &status) == 0) policy.owner = status.st_uid;
    return policy;
}

static void print_key(const struct node_key *key) {
    char hex[HEX_SIZE];
    sodium_bin2hex(hex, sizeof hex, key->public, sizeof key->public);
    printf("%s\n", hex);
}

int key_command_print(const struct bootnode_config *config) {
    char file[INI_TEXT_SIZE];
    struct node_key key;
    struct why why;
    if (sodium_init() < 0) return why_fail(&why, "libsodium cannot start") ? EXIT_SUCCESS : fail(&why);
    if (!find_file(config, file, &why)) return fail(&why);
    const struct seed_policy policy = policy_for(file);
    if (!node_key_load(file, &policy, &key, &why)) return fail(&why);
    print_key(&key);
    node_key_wipe(&key);
    return EXIT_SUCCESS;
}
