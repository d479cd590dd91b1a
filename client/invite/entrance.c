#include "client/invite/entrance.h"

#include <stdio.h>
#include <string.h>

#include "common/why.h"

struct entrance entrance_of(const void *secret, size_t size, bool passphrase) {
    struct entrance entrance = {.passphrase = passphrase, .secret_size = size};
    if (!passphrase && size > 0 && size <= sizeof entrance.secret) memcpy(entrance.secret, secret, size);
    return entrance;
}

static void name_host(const struct bootnode *bootnode, struct known_keys *known, struct invite *out) {
    struct invite_host *host = &out->hosts[out->host_count];
    uint8_t key[32];
    if (!invite_host_parse(bootnode->name, host->name)) return;
    out->host_count++;
    host->has_print = bootnode_known_key(bootnode, known, key);
    if (host->has_print) key_print_derive(key, host->print);
}

bool entrance_invite(const struct entrance *entrance, const char *room, const struct bootnode *bootnodes,
                     size_t bootnode_count, struct known_keys *known, struct invite *out, struct why *why) {
    *out = (struct invite){.kind = entrance->kind, .passphrase = entrance->passphrase};
    memcpy(out->root, entrance->root, sizeof out->root);
    snprintf(out->room, sizeof out->room, "%s", room);
    if (entrance->elsewhere) return why_fail(why, "this room was joined by keys alone, of which no invite can be made");
    if (!entrance->passphrase && entrance->secret_size > INVITE_SECRET_MAX)
        return why_fail(why,
                        "the room's secret has %zu bytes, and an invite can have %d: hand over the secret file, or "
                        "make a room with a shorter one",
                        entrance->secret_size, INVITE_SECRET_MAX);
    for (size_t i = 0; i < bootnode_count; i++) name_host(&bootnodes[i], known, out);
    if (out->host_count == 0)
        return why_fail(why,
                        "%s is an address on this link alone, which leads nobody else here: join by another "
                        "address or name of the bootnode first",
                        bootnodes[0].name);
    if (entrance->passphrase) return true;
    out->secret_size = entrance->secret_size;
    memcpy(out->secret, entrance->secret, entrance->secret_size);
    return true;
}
