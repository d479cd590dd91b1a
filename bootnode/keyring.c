#include "bootnode/keyring.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "bootnode/previous_keys.h"
#include "common/log.h"

#define AREA "bootnode"
#define HEX_SIZE 65

static void show(const uint8_t public[static 32], char out[static HEX_SIZE]) {
    sodium_bin2hex(out, HEX_SIZE, public, 32);
}

/* Clients remember the key and refuse another one, so that a new one is an event. */
static void tell_story(const char *file, const struct node_key *key, const struct node_key_story *story) {
    char public[HEX_SIZE], before[HEX_SIZE];
    show(key->public, public);
    show(story->before, before);
    switch (story->news) {
    case NODE_KEY_KNOWN: break;
    case NODE_KEY_MADE:
        log_warning(AREA, "made a new key, %s, in %s: keep a copy of that file, clients refuse any other key", public,
                    file);
        break;
    case NODE_KEY_LOST:
        log_error(AREA,
                  "key file %s was lost: it had the key %s. Made a new key, %s: clients that know the old one refuse "
                  "this bootnode until a copy of the old file is put back",
                  file, before, public);
        break;
    case NODE_KEY_CHANGED:
        log_warning(AREA,
                    "key file %s has another key, %s, than at the last start, %s: clients that know only that one "
                    "refuse this bootnode",
                    file, public, before);
        break;
    }
}

bool keyring_file(const struct bootnode_config *config, char out[static INI_TEXT_SIZE], struct why *why) {
    snprintf(out, INI_TEXT_SIZE, "%s", config->key_file);
    return *out != '\0' || node_key_default_file(out, INI_TEXT_SIZE, why);
}

static bool is_there(const struct keyring *ring, const uint8_t public[static 32]) {
    bool there = memcmp(ring->present.public, public, 32) == 0;
    for (size_t i = 0; i < ring->previous_count; i++) there |= memcmp(ring->previous[i].public, public, 32) == 0;
    return there;
}

/* A rotation that ended in the middle left the present one under its later name, too. */
static bool add_previous(struct keyring *ring, const char *file, struct why *why) {
    const struct seed_policy policy = seed_policy_service();
    struct node_key *key = &ring->previous[ring->previous_count];
    char public[HEX_SIZE];
    if (!node_key_load(file, &policy, key, why)) return false;
    if (is_there(ring, key->public)) {
        node_key_wipe(key);
        return true;
    }
    ring->previous_count++;
    show(key->public, public);
    log_info(AREA, "clients that know the previous key %s, of %s, are led to the present one", public, file);
    return true;
}

static bool open_previous(const char *setting, const char *file, struct keyring *ring, struct why *why) {
    struct previous_keys previous;
    previous_keys_find(setting, file, &previous);
    for (size_t i = 0; i < previous.count; i++)
        if (!add_previous(ring, previous.files[i], why)) return false;
    if (previous.left_out > 0)
        log_warning(AREA, "%zu older keys beside %s do not count any more, expected %d at most", previous.left_out,
                    file, PREVIOUS_KEYS_MAX);
    return true;
}

bool keyring_open(const struct bootnode_config *config, struct keyring *out, struct why *why) {
    char file[INI_TEXT_SIZE];
    struct node_key_story story;
    memset(out, 0, sizeof *out);
    if (!keyring_file(config, file, why) || !node_key_open(file, &out->present, &story, why)) return false;
    tell_story(file, &out->present, &story);
    return open_previous(config->previous_keys, file, out, why);
}

void keyring_wipe(struct keyring *ring) {
    sodium_memzero(ring, sizeof *ring);
}
