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

/* --- Its key --- */

static void show(const uint8_t key[static 32], char out[static KEY_DIGITS + 1]) {
    sodium_bin2hex(out, KEY_DIGITS + 1, key, 32);
}

static bool was_left(const struct bootnode *bootnode, struct known_keys *known, const uint8_t key[static 32]) {
    for (size_t i = 0; i < bootnode->left_count; i++)
        if (memcmp(bootnode->left[i], key, 32) == 0) return true;
    return !bootnode->pinned && known_keys_was_replaced(known, bootnode->name, key);
}

static bool has_print(const struct bootnode *bootnode, const uint8_t key[static 32]) {
    uint8_t print[KEY_PRINT_SIZE];
    key_print_derive(key, print);
    return memcmp(print, bootnode->print, sizeof print) == 0;
}

/* The key that is remembered, where one with the print was replaced on the way to it: an invite may be old. */
static bool follows_print(const struct bootnode *bootnode, struct known_keys *known, const uint8_t key[static 32]) {
    uint8_t remembered[32];
    if (!known_keys_find(known, bootnode->name, remembered) || memcmp(remembered, key, 32) != 0) return false;
    for (size_t i = 0; i < bootnode->left_count; i++)
        if (has_print(bootnode, bootnode->left[i])) return true;
    return known_keys_replaced_print(known, bootnode->name, bootnode->print);
}

static bool fits_print(const struct bootnode *bootnode, struct known_keys *known, const uint8_t key[static 32]) {
    return !bootnode->has_print || has_print(bootnode, key) || follows_print(bootnode, known, key);
}

bool bootnode_known_key(const struct bootnode *bootnode, struct known_keys *known, uint8_t key[static 32]) {
    if (!bootnode->pinned) return known_keys_find(known, bootnode->name, key) && fits_print(bootnode, known, key);
    memcpy(key, bootnode->key, 32);
    return true;
}

static bool refuse_pinned(const struct bootnode *bootnode, const uint8_t key[static 32], struct why *why) {
    char given[KEY_DIGITS + 1], seen[KEY_DIGITS + 1];
    show(bootnode->key, given);
    show(key, seen);
    return why_fail(why, "the bootnode at %s has the key %s, not the configured %s: refused", bootnode->name, seen,
                    given);
}

static bool refuse_print(const struct bootnode *bootnode, const uint8_t key[static 32], struct why *why) {
    char seen[KEY_DIGITS + 1];
    show(key, seen);
    return why_fail(
        why,
        "the bootnode at %s has the key %s, which is not the one in the invite: refused, somebody may be in "
        "between. If its operator has changed the key, ask for a new invite",
        bootnode->name, seen);
}

static bool refuse_remembered(const struct bootnode *bootnode, struct known_keys *known, const uint8_t key[static 32],
                              unsigned line, struct why *why) {
    char seen[KEY_DIGITS + 1], place[KNOWN_KEYS_PLACE_SIZE];
    show(key, seen);
    known_keys_place(known, line, place);
    if (was_left(bootnode, known, key))
        return why_fail(why,
                        "the bootnode at %s has a key again (%s) that the one remembered in %s replaced: refused, "
                        "somebody may have got hold of the old key. If its operator really went back to it, %s",
                        bootnode->name, seen, place, known_keys_remedy(line));
    return why_fail(
        why,
        "the bootnode at %s has another key (%s) than the one remembered in %s, which does not vouch for it: refused, "
        "somebody may be in between. If its operator really changed the key, %s",
        bootnode->name, seen, place, known_keys_remedy(line));
}

bool bootnode_trusted(const struct bootnode *bootnode, struct known_keys *known, const uint8_t key[static 32],
                      struct why *why) {
    unsigned line = 0;
    if (bootnode->pinned) return memcmp(bootnode->key, key, 32) == 0 || refuse_pinned(bootnode, key, why);
    if (!fits_print(bootnode, known, key)) return refuse_print(bootnode, key, why);
    bool named = bootnode->has_print && has_print(bootnode, key) && !was_left(bootnode, known, key);
    return named || known_keys_check(known, bootnode->name, key, &line) != KNOWN_CHANGED ||
           refuse_remembered(bootnode, known, key, line, why);
}

bool bootnode_remember(const struct bootnode *bootnode, struct known_keys *known, const uint8_t key[static 32],
                       struct why *why) {
    unsigned line;
    if (bootnode->pinned || known_keys_check(known, bootnode->name, key, &line) != KNOWN_NEW) return true;
    return known_keys_remember(known, bootnode->name, key, why) && known_keys_sync(known, why);
}

/* --- A key that takes its place --- */

static enum bootnode_succession stay(struct bootnode *bootnode, struct why *told) {
    if (bootnode->stays) *told->text = '\0';
    bootnode->stays = true;
    return BOOTNODE_UNSUCCEEDED;
}

static void leave_key(struct bootnode *bootnode, const uint8_t key[static 32]) {
    memcpy(bootnode->left[bootnode->left_count++], key, 32);
    bootnode->stays = false;
}

static enum bootnode_succession succeed_pinned(struct bootnode *bootnode, const uint8_t key[static 32],
                                               struct why *told) {
    char new[KEY_DIGITS + 1];
    show(key, new);
    leave_key(bootnode, bootnode->key);
    memcpy(bootnode->key, key, sizeof bootnode->key);
    why_fail(told,
             "the bootnode at %s has a new key, for which the configured one vouches: put bootnode_key = %s into the "
             "settings, since its operator will retire the old one",
             bootnode->name, new);
    return BOOTNODE_SUCCEEDED;
}

static enum bootnode_succession succeed_remembered(struct bootnode *bootnode, struct known_keys *known,
                                                   const uint8_t old[static 32], const uint8_t key[static 32],
                                                   struct why *told) {
    char new[KEY_DIGITS + 1];
    struct why unwritten;
    if (!known_keys_succeed(known, bootnode->name, old, key, told)) return stay(bootnode, told);
    unwritten = *told;
    show(key, new);
    leave_key(bootnode, old);
    why_fail(told, "the bootnode at %s has a new key, %s, for which its old one vouches: %s%s", bootnode->name, new,
             *unwritten.text ? "known until the end of this run: " : "remembered", unwritten.text);
    return BOOTNODE_SUCCEEDED;
}

enum bootnode_succession bootnode_succeed(struct bootnode *bootnode, struct known_keys *known,
                                          const uint8_t key[static 32], struct why *told) {
    uint8_t old[32];
    *told->text = '\0';
    bool knows = bootnode_known_key(bootnode, known, old);
    if (knows && memcmp(old, key, sizeof old) == 0) return BOOTNODE_SUCCEEDED;
    if (!knows || bootnode->left_count == BOOTNODE_LEFT_MAX || was_left(bootnode, known, key)) {
        why_fail(told, "the bootnode at %s names a key as its new one that it had before: the present one stays",
                 bootnode->name);
        return stay(bootnode, told);
    }
    return bootnode->pinned ? succeed_pinned(bootnode, key, told) : succeed_remembered(bootnode, known, old, key, told);
}
