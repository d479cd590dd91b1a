#include "client/command_line/invited.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "client/ask.h"

/* The flags that say what an invite says. */
static void refuse_beside_invite(struct given *given) {
    static const char *const flags[] = {"bootnode", "room", "secret-file", "new-room"};
    for (size_t i = 0; i < sizeof flags / sizeof *flags; i++) {
        const char *value = given_value(given, flags[i]);
        if (value) given_refuse_flag(given, flags[i], value, "expected without an invite, which says that");
    }
}

bool invited_hosts(const struct invite *invite, char out[static INI_TEXT_SIZE]) {
    memset(out, 0, INI_TEXT_SIZE);
    size_t used = 0;
    for (size_t i = 0; i < invite->host_count && used < INI_TEXT_SIZE; i++)
        used += (size_t)snprintf(out + used, INI_TEXT_SIZE - used, "%s%s", i > 0 ? "," : "", invite->hosts[i].name);
    return used < INI_TEXT_SIZE;
}

static bool read_invite(const char *word, struct invite *out, struct why *why) {
    char line[2 * INVITE_TEXT_SIZE];
    if (strcmp(word, GIVEN_FROM_INPUT) != 0) return invite_parse(word, out, why);
    bool done = ask_possible() ? ask("The invite: ", false, line, sizeof line, why)
                               : ask_read(STDIN_FILENO, line, sizeof line, why);
    done = done && invite_parse(line, out, why);
    sodium_memzero(line, sizeof line);
    return done;
}

/* What the file says of a room and its secret is about another one. */
void invited_apply(struct given *given, struct client_config *config) {
    struct why why;
    if (!given->invite) return;
    refuse_beside_invite(given);
    if (!*config->bootnode) memset(config->bootnode_key, 0, sizeof config->bootnode_key);
    config->invited = read_invite(given->invite, &config->invite, &why);
    if (invite_is(given->invite)) sodium_memzero(given->invite, strlen(given->invite));
    if (config->invited && !invited_hosts(&config->invite, config->bootnode))
        given_complain(given, "the invite: the names of its bootnodes are longer than the client's settings can be");
    if (!config->invited) given_complain(given, why.text);
    memset(config->secret_file, 0, sizeof config->secret_file);
    snprintf(config->room, sizeof config->room, "%s", config->invite.room);
}
