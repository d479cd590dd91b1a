#include "client/keys/bootnodes.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "common/why.h"
#include "common/wire/bootnode_packets.h"

#define SEPARATORS ", \t"
#define KEY_DIGITS 64
#define NO_KEY "-"

/* NULL at the end of the list. */
static const char *next_item(const char **rest, size_t *size) {
    *rest += strspn(*rest, SEPARATORS);
    const char *item = *rest;
    *size = strcspn(item, SEPARATORS);
    *rest += *size;
    return *size > 0 ? item : NULL;
}

/* HOST:PORT as it was written or, where the port was left out, with the one that bootnodes have. */
static bool complete_name(const char *item, size_t size, char out[static INI_TEXT_SIZE]) {
    char text[INI_TEXT_SIZE], host[INI_TEXT_SIZE];
    uint16_t port;
    if (size >= sizeof text) return false;
    memcpy(text, item, size);
    text[size] = '\0';
    memset(out, 0, INI_TEXT_SIZE);
    if (address_split(text, 0, host, sizeof host, &port)) {
        memcpy(out, text, size);
        return port > 0;
    }
    if (!address_split(text, BOOTNODE_PORT, host, sizeof host, &port)) return false;
    return snprintf(out, INI_TEXT_SIZE, strchr(host, ':') ? "[%s]:%u" : "%s:%u", host, port) < INI_TEXT_SIZE;
}

static bool is_named(const struct bootnode *bootnodes, size_t count, const char *name) {
    for (size_t i = 0; i < count; i++)
        if (strcmp(bootnodes[i].name, name) == 0) return true;
    return false;
}

size_t bootnodes_name(const char *list, struct bootnode out[static BOOTNODES_MAX]) {
    size_t count = 0, size;
    memset(out, 0, BOOTNODES_MAX * sizeof *out);
    for (const char *item; (item = next_item(&list, &size)); count++) {
        char name[INI_TEXT_SIZE];
        if (count == BOOTNODES_MAX || !complete_name(item, size, name) || is_named(out, count, name)) return 0;
        memcpy(out[count].name, name, sizeof name);
        out[count].address_count = address_parse(name, 0, &out[count].addresses[0]);
    }
    return count;
}

bool bootnodes_pin(const char *list, struct bootnode *bootnodes, size_t count) {
    size_t at = 0, size, written;
    for (const char *item; (item = next_item(&list, &size)); at++) {
        if (at == count) return false;
        if (size == strlen(NO_KEY) && strncmp(item, NO_KEY, size) == 0) continue;
        struct bootnode *bootnode = &bootnodes[at];
        bool whole = sodium_hex2bin(bootnode->key, sizeof bootnode->key, item, size, NULL, &written, NULL) == 0;
        if (!whole || size != KEY_DIGITS || written != sizeof bootnode->key) return false;
        bootnode->pinned = true;
    }
    return true;
}

bool bootnode_is_numeric(const struct bootnode *bootnode) {
    struct address ignored;
    return address_parse(bootnode->name, 0, &ignored) && !address_is_scoped(&ignored);
}

static bool pinned_matches(const struct bootnode *bootnode, const uint8_t key[static 32], struct why *why) {
    if (memcmp(bootnode->key, key, 32) == 0) return true;
    char given[65], seen[65];
    sodium_bin2hex(given, sizeof given, bootnode->key, 32);
    sodium_bin2hex(seen, sizeof seen, key, 32);
    return why_fail(why, "the bootnode at %s has the key %s, not the configured %s: refused", bootnode->name, seen,
                    given);
}

bool bootnode_trusted(const struct bootnode *bootnode, struct known_keys *known, const uint8_t key[static 32],
                      struct why *why) {
    if (bootnode->pinned) return pinned_matches(bootnode, key, why);
    unsigned line = 0;
    if (known_keys_check(known, bootnode->name, key, &line) != KNOWN_CHANGED) return true;
    char seen[65], place[KNOWN_KEYS_PLACE_SIZE];
    sodium_bin2hex(seen, sizeof seen, key, 32);
    known_keys_place(known, line, place);
    return why_fail(
        why,
        "the bootnode at %s has another key (%s) than the one remembered in %s: refused, somebody may be in "
        "between. If its operator really changed the key, %s",
        bootnode->name, seen, place, known_keys_remedy(line));
}

bool bootnode_remember(const struct bootnode *bootnode, struct known_keys *known, const uint8_t key[static 32],
                       struct why *why) {
    unsigned line;
    if (bootnode->pinned || known_keys_check(known, bootnode->name, key, &line) != KNOWN_NEW) return true;
    return known_keys_remember(known, bootnode->name, key, why) && known_keys_sync(known, why);
}
