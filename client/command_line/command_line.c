#include "client/command_line/command_line.h"

#include <limits.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "client/ask.h"
#include "client/command_line/given.h"
#include "client/command_line/invited.h"
#include "client/command_line/kept.h"
#include "client/command_line/questions.h"
#include "client/command_line/way_in.h"
#include "client/keys/bootnodes.h"
#include "client/message/message.h"
#include "common/home.h"
#include "common/modes.h"
#include "common/names.h"
#include "common/room_name.h"
#include "common/why.h"

/* The defaults, and what no setting is for. */
static void start(const struct given *given, struct client_config *out) {
    ini_table_defaults(&client_config_table, out);
    out->invited = false;
    memset(&out->invite, 0, sizeof out->invite);
    out->sends = given->mode == MODE_SEND;
    out->text = given->words;
    out->nick_is_flag = given_value(given, "nick") != NULL;
    out->json = given_value(given, "json") != NULL;
    out->lifetime = given_value(given, "lifetime") != NULL;
}

/* The file that was named, or else the user's own, if there is one. How many problems are in it. */
static size_t load_file(struct given *given, struct client_config *config) {
    const char *named = given_value(given, "config");
    char file[PATH_MAX];
    if (named && (*named == '\0' || !home_expand(named, file, sizeof file))) {
        given_refuse(given, "--config", named, "expected a file; /dev/null is one without settings");
        return 0;
    }
    if (!named && !client_config_own_file(file, sizeof file)) {
        config->file_is_own = *file != '\0';
        snprintf(config->file, sizeof config->file, "%s", file);
        return 0;
    }
    config->file_is_own = !named;
    snprintf(config->file, sizeof config->file, "%s", file);
    return ini_table_load(&client_config_table, file, config, stderr);
}

/* --- Flags go over the settings --- */

/* The key of the flag --data-dir is data_dir, and so on; --config and others have none. */
static bool find_key(const char *flag, char *out, size_t size) {
    snprintf(out, size, "%s", flag);
    for (char *dash = out; (dash = strchr(dash, '-'));) *dash = '_';
    for (size_t i = 0; i < client_config_table.count; i++)
        if (strcmp(client_config_table.keys[i].name, out) == 0) return true;
    return false;
}

static void apply_flags(struct given *given, struct client_config *config) {
    char key[32];
    struct why why;
    for (size_t i = 0; i < mode_flags.count; i++) {
        const char *value = given->values[i], *flag = flag_at(&mode_flags, i)->name;

        if (!value || !find_key(flag, key, sizeof key)) continue;
        if (!ini_table_set(&client_config_table, CLIENT_CONFIG_SECTION, key, value, config, &why))
            given_refuse_flag(given, flag, value, why.text);
    }
}

/* --- Keys of bootnodes --- */

static const char *key_of(const struct bootnode *list, size_t count, const char *name, char out[static 65]) {
    for (size_t i = 0; i < count; i++)
        if (list[i].pinned && strcasecmp(list[i].name, name) == 0) return sodium_bin2hex(out, 65, list[i].key, 32);
    return "-";
}

/* A key is that of the bootnode beside which it stands, so those of the command line get what the file has for their
 * names. A file that names no bootnodes has keys for those of the command line, in their order. */
static void match_keys(const char *in_file, struct client_config *config) {
    struct bootnode theirs[BOOTNODES_MAX], ours[BOOTNODES_MAX];
    size_t their_count = bootnodes_name(in_file, theirs), count = bootnodes_name(config->bootnode, ours), used = 0;
    char hex[65];
    if (their_count == 0 || !bootnodes_pin(config->bootnode_key, theirs, their_count)) return;
    memset(config->bootnode_key, 0, sizeof config->bootnode_key);
    for (size_t i = 0; i < count; i++)
        used += (size_t)snprintf(config->bootnode_key + used, sizeof config->bootnode_key - used, "%s%s",
                                 i > 0 ? "," : "", key_of(theirs, their_count, ours[i].name, hex));
}

static void check_keys(struct given *given, const struct client_config *config) {
    struct bootnode bootnodes[BOOTNODES_MAX];
    if (bootnodes_pin(config->bootnode_key, bootnodes, bootnodes_name(config->bootnode, bootnodes))) return;
    given_refuse(given, "bootnode_key", config->bootnode_key, "expected no more keys than there are bootnodes");
}

/* --- What is needed --- */

/* Says nothing where the value was given but refused. */
static void require(struct given *given, const char *flag, const char *value, const char *why) {
    if (!*value && !given_value(given, flag)) given_refuse_flag(given, flag, NULL, why);
}

/* What was misspelt is not missing, too. */
static void check_needed(struct given *given, const struct client_config *config) {
    if (given->problems > 0 || given->invite || given->kept || given->asked) return;
    require(given, "bootnode", config->bootnode, "missing, expected HOST or HOST:PORT");
    if (given->mode != MODE_DOCTOR && !given_value(given, "new-room"))
        require(given, "room", config->room, "missing, expected the name of a room");
}

static void check_text(struct given *given) {
    char size[32];
    if (!given->words) return;
    snprintf(size, sizeof size, "%zu bytes", strlen(given->words));
    if (strlen(given->words) == 0 || strlen(given->words) > MESSAGE_TEXT_MAX)
        given_refuse(given, "TEXT", size, "expected 1 to 65536 bytes");
}

/* As they are called everywhere behind here. The table has checked both. */
static void unify_names(struct client_config *config) {
    char nick[TEXT_NICK_MAX + 1], room[ROOM_NAME_MAX + 1];
    struct why ignored;
    if (*config->nick && text_nick(config->nick, strlen(config->nick), nick))
        snprintf(config->nick, sizeof config->nick, "%s", nick);
    if (room_name_parse(config->room, strlen(config->room), room, &ignored))
        snprintf(config->room, sizeof config->room, "%s", room);
}

enum command_line_result command_line_read(int argc, char **argv, struct client_config *out) {
    struct given given;
    char bootnode_in_file[INI_TEXT_SIZE], file[PATH_MAX];

    given_parse(argc, argv, &given);
    start(&given, out);
    if (given.problems == 0 && given_value(&given, "help")) {
        mode_print_help(given.mode);
        return COMMAND_LINE_DONE;
    }
    if (argc <= 1 && !client_config_own_file(file, sizeof file) && *file && ask_possible())
        questions_ask(&given, file, out);
    size_t in_file = given.asked ? 0 : load_file(&given, out);
    if (in_file == 0) check_needed(&given, out);
    memcpy(bootnode_in_file, out->bootnode, sizeof bootnode_in_file);
    invited_apply(&given, out);
    apply_flags(&given, out);
    kept_apply(&given, out);
    if (given.invite || given.kept || given_value(&given, "bootnode")) match_keys(bootnode_in_file, out);
    way_in_apply(&given, out);
    check_text(&given);
    if (given.problems + in_file == 0) check_keys(&given, out);
    if (given.problems + in_file > 0) return COMMAND_LINE_BAD;
    unify_names(out);
    return COMMAND_LINE_RUN;
}
