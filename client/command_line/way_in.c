#include "client/command_line/way_in.h"

#include <string.h>

#include "client/invite/invite.h"
#include "common/units.h"
#include "common/why.h"

/* A script whose variable is not set shall not tell its secrets to an open room. */
static void check_secret(struct given *given, const struct client_config *config) {
    const char *file = given_value(given, "secret-file");
    if (file && *file == '\0')
        given_refuse(given, "--secret-file", file,
                     "expected a file; without this flag, and none in the settings, the room is open");
    else if (file && given->mode == MODE_DOCTOR && !config->room[0])
        given_refuse(given, "--secret-file", file, "expected --room beside it, or a room in the settings");
}

/* --- A new room --- */

/* A private room has secrets of its own, whatever the file says of another room. */
static void apply_new_room(struct given *given, struct client_config *config) {
    static const char *const others[] = {"room", "secret-file", "passphrase", "passphrase-fd"};
    const char *room = given_value(given, "new-room");
    struct why why;
    if (!room) return;
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        if (given_value(given, others[i]))
            given_refuse_flag(given, others[i], NULL,
                              "expected without --new-room, which makes a room with a secret of its own");
    if (!ini_table_set(&client_config_table, CLIENT_CONFIG_SECTION, "room", room, config, &why))
        given_refuse(given, "--new-room", room, why.text);
    memset(config->secret_file, 0, sizeof config->secret_file);
    config->founds = true;
}

/* What the first invite to a new room is like. */
static void apply_invite_terms(struct given *given, struct client_config *config) {
    const char *time = given_value(given, "for");
    struct why why;
    config->once = given_value(given, "once") != NULL;
    if (!config->founds && (config->once || time))
        given_refuse(given, config->once ? "--once" : "--for", NULL,
                     "expected beside --new-room; in a room it is /invite");
    if (!time) return;
    if (!units_parse("s", false, time, &config->invite_s, &why))
        given_refuse(given, "--for", time, why.text);
    else if (config->invite_s < 1 || config->invite_s > INVITE_MOST_S)
        given_refuse(given, "--for", time, "expected 1s to 366d");
}

/* --- Passphrases --- */

#define A_DESCRIPTOR "expected the number of an open descriptor, as in 0 for standard input"

/* A room has one secret. */
static void apply_passphrase(struct given *given, struct client_config *config) {
    const char *descriptor = given_value(given, "passphrase-fd"), *file = given_value(given, "secret-file");
    config->passphrase_fd = -1;
    config->passphrase =
        descriptor || given_value(given, "passphrase") || (config->invited && config->invite.passphrase);
    if (descriptor && !given_descriptor(descriptor, &config->passphrase_fd))
        given_refuse(given, "--passphrase-fd", descriptor, A_DESCRIPTOR);
    if (!config->passphrase) return;
    if (file) given_refuse(given, "--secret-file", file, "expected without a passphrase: a room has one secret");
    if (config->invited && !config->invite.passphrase)
        given_refuse(given, descriptor ? "--passphrase-fd" : "--passphrase", NULL,
                     "expected without this invite, whose room has none");
    memset(config->secret_file, 0, sizeof config->secret_file);
}

static void apply_key_passphrase(struct given *given, struct client_config *config) {
    const char *descriptor = given_value(given, "key-passphrase-fd");
    config->key_passphrase_fd = -1;
    if (descriptor && !given_descriptor(descriptor, &config->key_passphrase_fd))
        given_refuse(given, "--key-passphrase-fd", descriptor, A_DESCRIPTOR);
}

void way_in_apply(struct given *given, struct client_config *config) {
    check_secret(given, config);
    apply_new_room(given, config);
    apply_invite_terms(given, config);
    apply_passphrase(given, config);
    apply_key_passphrase(given, config);
}
