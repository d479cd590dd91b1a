#include "client/config.h"

#include <errno.h>
#include <limits.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "client/ask.h"
#include "client/first_start.h"
#include "client/keys/bootnodes.h"
#include "client/message/message.h"
#include "common/home.h"
#include "common/log.h"
#include "common/memory.h"
#include "common/modes.h"
#include "common/names.h"
#include "common/room_name.h"
#include "common/sandbox/sandbox.h"
#include "common/units.h"
#include "common/why.h"

#define SECTION "client"
#define WHY_SIZE 512
#define OWN_FILE "client.ini"

static const char *const ui_choices[] = {[UI_CHOICE_AUTO] = "auto",
                                         [UI_CHOICE_CURSES] = "curses",
                                         [UI_CHOICE_PLAIN] = "plain",
                                         [UI_CHOICE_JSON] = "json",
                                         NULL};
static const char *const members_choices[] = {
    [MEMBERS_AUTO] = "auto", [MEMBERS_ON] = "on", [MEMBERS_OFF] = "off", NULL};
static const char *const links_choices[] = {[LINKS_AUTO] = "auto", [LINKS_ON] = "on", [LINKS_OFF] = "off", NULL};
static const char *const joins_choices[] = {[JOINS_AUTO] = "auto", [JOINS_ON] = "on", [JOINS_OFF] = "off", NULL};
static const char *const flood_choices[] = {[FLOOD_AUTO] = "auto", [FLOOD_ON] = "on", [FLOOD_OFF] = "off", NULL};
static const char *const clock_choices[] = {
    [CLOCK_MINUTES] = "minutes", [CLOCK_SECONDS] = "seconds", [CLOCK_OFF] = "off", NULL};
static const char *const theme_choices[] = {
    [THEME_AUTO] = "auto", [THEME_DARK] = "dark", [THEME_LIGHT] = "light", NULL};
static const char *const colour_choices[] = {[COLOURS_AUTO] = "auto", [COLOURS_NONE] = "none", [COLOURS_8] = "8",
                                             [COLOURS_256] = "256",   [COLOURS_TRUE] = "true", NULL};
static const char *const cipher_choices[] = {[CIPHERS_AUTO] = "auto", [CIPHERS_CHACHA] = "chacha20-poly1305", NULL};
static const char *const relay_choices[] = {[RELAY_AUTO] = "auto", [RELAY_NEVER] = "never", NULL};
static const char *const port_mapping_choices[] = {[PORT_MAPPING_AUTO] = "auto", [PORT_MAPPING_OFF] = "off", NULL};
static const char *const log_choices[] = {[LOG_LEVEL_ERROR] = "error",
                                          [LOG_LEVEL_WARNING] = "warning",
                                          [LOG_LEVEL_INFO] = "info",
                                          [LOG_LEVEL_DEBUG] = "debug",
                                          NULL};

static bool is_bootnode_list(const char *value) {
    struct bootnode bootnodes[BOOTNODES_MAX];
    return bootnodes_name(value, bootnodes) > 0;
}

static bool is_key_list(const char *value) {
    struct bootnode bootnodes[BOOTNODES_MAX];
    return bootnodes_pin(value, bootnodes, BOOTNODES_MAX);
}

static bool is_nick_or_empty(const char *value) {
    char nick[TEXT_NICK_MAX + 1];
    return *value == '\0' || text_nick(value, strlen(value), nick);
}

static bool is_room(const char *value) {
    char room[ROOM_NAME_MAX + 1];
    struct why ignored;
    return room_name_parse(value, strlen(value), room, &ignored);
}

#define KEY(field, ...)                                                                                                \
    { .section = SECTION, .name = #field, .offset = offsetof(struct client_config, field), __VA_ARGS__ }

/* clang-format off */
static const struct ini_key keys[] = {
    KEY(bootnode, .type = INI_TEXT, .min = 1, .check = is_bootnode_list, .expected = "HOST or HOST:PORT, as in chat.example.org, 192.0.2.1:9595 or [2001:db8::1]:9595, or up to 4 different ones with commas between",
        .help = "where to register"),
    KEY(bootnode_key, .type = INI_TEXT, .fallback = "", .check = is_key_list, .expected = "64 hex digits, or nothing: remembered on first use; for several bootnodes as many in the same order, '-' for nothing",
        .help = "the bootnode's public key"),
    KEY(room, .type = INI_TEXT, .check = is_room, .expected = "a room's name of 1 to 256 bytes of UTF-8 without control or invisible characters, and without white space at its ends",
        .help = "the room to join, any text"),
    KEY(nick, .type = INI_TEXT, .fallback = "", .check = is_nick_or_empty, .expected = "a nick of 1 to 32 bytes of UTF-8 without ':', '#', control or invisible characters, not beginning with any of */!?[",
        .help = "the name that others see"),
    KEY(secret_file, .type = INI_PATH, .fallback = "", .help = "the file with the room's secret"),
    KEY(data_dir, .type = INI_PATH, .fallback = "", .help = "where our key and the known keys are kept"),
    KEY(port, .type = INI_INTEGER, .min = 0, .max = 65535, .fallback = "0", .help = "the local UDP port, 0 for any"),
    KEY(timeout, .type = INI_INTEGER, .unit = "s", .bare = true, .min = 1, .max = 86400, .fallback = "30s", .help = "how long --mode send waits, and the doctor for a name"),
    KEY(ui, .type = INI_CHOICE, .choices = ui_choices, .fallback = "auto", .help = "the user interface"),
    KEY(ciphers, .type = INI_CHOICE, .choices = cipher_choices, .fallback = "auto", .help = "ciphers to offer to peers"),
    KEY(relay, .type = INI_CHOICE, .choices = relay_choices, .fallback = "auto", .help = "whether packets may be relayed, ours and others'"),
    KEY(port_mapping, .type = INI_CHOICE, .choices = port_mapping_choices, .fallback = "auto", .help = "whether the router is asked to let others in"),
    KEY(history, .type = INI_BOOLEAN, .fallback = "on", .help = "keep what is said, pass it on, ask for what we missed"),
    KEY(sandbox, .type = INI_CHOICE, .choices = sandbox_choices, .fallback = "on", .help = "whether the client is shut off from the rest of the machine"),
    KEY(log_level, .type = INI_CHOICE, .choices = log_choices, .fallback = "warning", .help = "what is logged"),
    KEY(bell, .type = INI_BOOLEAN, .fallback = "off", .help = "rings where your nick is said"),
    KEY(notify, .type = INI_BOOLEAN, .fallback = "off", .help = "a note on the desktop (OSC 9) where your nick is said"),
    KEY(title, .type = INI_BOOLEAN, .fallback = "off", .help = "the room and what is unread in the title of the terminal"),
    KEY(mouse, .type = INI_BOOLEAN, .fallback = "on", .help = "the wheel scrolls; who selects with the mouse holds Shift"),
    KEY(members, .type = INI_CHOICE, .choices = members_choices, .fallback = "auto", .help = "the list of members"),
    KEY(joins, .type = INI_CHOICE, .choices = joins_choices, .fallback = "auto", .help = "who comes and who leaves"),
    KEY(flood, .type = INI_CHOICE, .choices = flood_choices, .fallback = "auto", .help = "folds what one says too fast to be read"),
    KEY(links, .type = INI_CHOICE, .choices = links_choices, .fallback = "auto", .help = "URLs that the terminal opens (OSC 8)"),
    KEY(clock, .type = INI_CHOICE, .choices = clock_choices, .fallback = "minutes", .help = "the time in front of each line"),
    KEY(theme, .type = INI_CHOICE, .choices = theme_choices, .fallback = "auto", .help = "colours for a dark or a light background"),
    KEY(colours, .type = INI_CHOICE, .choices = colour_choices, .fallback = "auto", .help = "how many colours are used"),
};
/* clang-format on */

static bool take_key(const char *key, const char *value, void *target, struct why *why) {
    return keys_bind(&((struct client_config *)target)->keys, key, value, why);
}

static bool take_colour(const char *role, const char *value, void *target, struct why *why) {
    return palette_choose(&((struct client_config *)target)->own_colours, role, value, why);
}

static const struct ini_section sections[] = {{"keys", take_key}, {"colours", take_colour}};

const struct ini_table client_config_table = {.keys = keys,
                                              .count = sizeof keys / sizeof keys[0],
                                              .target_size = sizeof(struct client_config),
                                              .sections = sections,
                                              .section_count = sizeof sections / sizeof sections[0]};

bool client_config_is_setting(const char *key) {
    static const char *const settings[] = {"bell",  "notify", "title", "mouse", "members", "joins",
                                           "flood", "links",  "clock", "theme", "colours"};
    for (size_t i = 0; i < sizeof settings / sizeof settings[0]; i++)
        if (strcmp(key, settings[i]) == 0) return true;
    return false;
}

struct arguments {
    enum mode mode;
    const char *values[MODE_FLAGS_MOST]; /* by the row of mode_flags; NULL: not given */
    /* Of all --bootnode; longer than the setting may be, so that what is cut here is refused there. */
    char bootnodes[2 * INI_TEXT_SIZE];
    char *words;  /* of --mode send, malloc'd; NULL: none */
    char *invite; /* a word of argv; NULL: none */
    bool asked;   /* there was nothing, but somebody at a terminal */
    size_t problems;
};

static void complain(struct arguments *arguments, const char *line) {
    arguments->problems++;
    fprintf(stderr, "gochat: %s\n", line);
}

static void refuse(struct arguments *arguments, const char *what, const char *value, const char *why) {
    char line[3 * WHY_SIZE];
    flag_explain(what, value, why, line, sizeof line);
    complain(arguments, line);
}

static void take_word(struct arguments *arguments, const char *word) {
    size_t used = arguments->words ? strlen(arguments->words) : 0, size = used + strlen(word) + 2;
    arguments->words = grow(arguments->words, size, 1);
    snprintf(arguments->words + used, size - used, "%s%s", used > 0 ? " " : "", word);
}

static const char *value_of(const struct arguments *arguments, const char *name) {
    for (size_t i = 0; i < mode_flags.count; i++)
        if (arguments->values[i] && strcmp(flag_at(&mode_flags, i)->name, name) == 0) return arguments->values[i];
    return NULL;
}

/* --- An invite --- */

#define FROM_INPUT "-"

static bool is_invite(const char *word) {
    return invite_is(word) || strcmp(word, FROM_INPUT) == 0;
}

/* What others wrote is not to lead a sender into a room of theirs: behind -- it is text in any case. */
static bool takes_invite(const struct arguments *arguments, const struct flag_reader *reader, const char *word) {
    if (arguments->mode == MODE_CLIENT) return true;
    return arguments->mode == MODE_SEND && !reader->words_only && !arguments->words && !arguments->invite &&
           invite_is(word);
}

static void take_invite(struct arguments *arguments, char *word) {
    if (!arguments->invite) {
        arguments->invite = word;
        return;
    }
    complain(arguments, "expected one invite, here is another one");
    sodium_memzero(word, strlen(word));
}

/* Of a sender that is given a room: then it is what is said there. */
static void settle_invite(struct arguments *arguments) {
    if (!arguments->invite || arguments->mode != MODE_SEND || !value_of(arguments, "room")) return;
    char *rest = arguments->words;
    arguments->words = NULL;
    take_word(arguments, arguments->invite);
    if (rest) take_word(arguments, rest);
    free(rest);
    arguments->invite = NULL;
}

/* The flags that say what an invite says. */
static void refuse_beside_invite(struct arguments *arguments) {
    static const char *const flags[] = {"bootnode", "room", "secret-file", "new-room"};
    char name[32];
    for (size_t i = 0; i < sizeof flags / sizeof *flags; i++) {
        if (!value_of(arguments, flags[i])) continue;
        snprintf(name, sizeof name, "--%s", flags[i]);
        refuse(arguments, name, value_of(arguments, flags[i]), "expected without an invite, which says that");
    }
}

static bool name_hosts(const struct invite *invite, char out[static INI_TEXT_SIZE]) {
    memset(out, 0, INI_TEXT_SIZE);
    size_t used = 0;
    for (size_t i = 0; i < invite->host_count && used < INI_TEXT_SIZE; i++)
        used += (size_t)snprintf(out + used, INI_TEXT_SIZE - used, "%s%s", i > 0 ? "," : "", invite->hosts[i].name);
    return used < INI_TEXT_SIZE;
}

static bool read_invite(const char *word, struct invite *out, struct why *why) {
    char line[2 * INVITE_TEXT_SIZE];
    if (strcmp(word, FROM_INPUT) != 0) return invite_parse(word, out, why);
    bool done = ask_possible() ? ask("The invite: ", false, line, sizeof line, why)
                               : ask_read(STDIN_FILENO, line, sizeof line, why);
    done = done && invite_parse(line, out, why);
    sodium_memzero(line, sizeof line);
    return done;
}

/* What the file says of a room and its secret is about another one. */
static void apply_invite(struct arguments *arguments, struct client_config *config) {
    struct why why;
    if (!arguments->invite) return;
    refuse_beside_invite(arguments);
    if (!*config->bootnode) memset(config->bootnode_key, 0, sizeof config->bootnode_key);
    config->invited = read_invite(arguments->invite, &config->invite, &why);
    if (invite_is(arguments->invite)) sodium_memzero(arguments->invite, strlen(arguments->invite));
    if (config->invited && !name_hosts(&config->invite, config->bootnode))
        complain(arguments, "the invite: the names of its bootnodes are longer than the client's settings can be");
    if (!config->invited) complain(arguments, why.text);
    memset(config->secret_file, 0, sizeof config->secret_file);
    snprintf(config->room, sizeof config->room, "%s", config->invite.room);
}

/* --- Nothing at all --- */

static bool ask_at_terminal(void *context, const char *prompt, char *out, size_t size) {
    struct why why;
    (void)context;
    if (ask(prompt, false, out, size, &why)) return true;
    fprintf(stderr, "\ngochat: %s\n", why.text);
    return false;
}

static void tell_at_terminal(void *context, const char *line) {
    (void)context;
    fprintf(stderr, "%s\n", line);
}

/* Where nobody sits at a terminal, what is missing is an error. */
static void ask_all(struct arguments *arguments, const char *file, struct client_config *config) {
    static const struct first_start_asker asker = {.ask = ask_at_terminal, .tell = tell_at_terminal};
    struct first_start answers;
    struct why why;
    arguments->asked = true;
    if (!first_start_ask(&asker, file, &answers)) {
        arguments->problems++;
        return;
    }
    config->invited = answers.invited;
    config->invite = answers.invite;
    if (answers.invited) (void)name_hosts(&answers.invite, config->bootnode);
    if (!answers.invited) snprintf(config->bootnode, sizeof config->bootnode, "%s", answers.bootnode);
    snprintf(config->room, sizeof config->room, "%s", answers.invited ? answers.invite.room : answers.room);
    snprintf(config->nick, sizeof config->nick, "%s", answers.nick);
    if (answers.saves && !first_start_save(&answers, file, &why)) fprintf(stderr, "gochat: %s\n", why.text);
    sodium_memzero(&answers, sizeof answers);
}

/* --- Flags --- */

static size_t row_of(const struct flag *flag) {
    size_t i = 0;
    while (flag_at(&mode_flags, i) != flag) i++;
    return i;
}

/* The last one counts, but for bootnodes: there all do. */
static void take_value(struct arguments *arguments, const struct flag *flag, const char *value) {
    size_t used = strlen(arguments->bootnodes), row = row_of(flag);
    arguments->values[row] = value;
    if (strcmp(flag->name, "bootnode") != 0) return;
    snprintf(arguments->bootnodes + used, sizeof arguments->bootnodes - used, "%s%s", used > 0 ? "," : "", value);
    arguments->values[row] = arguments->bootnodes;
}

static void parse_arguments(int argc, char **argv, struct arguments *out) {
    struct mode_choice choice;
    const struct flag *flag;
    const char *value;
    struct why why;
    if (!mode_choose(argc, argv, &choice, &why)) complain(out, why.text);
    out->mode = choice.mode;
    struct flag_reader reader = mode_reader(out->mode, argc, argv);
    if (out->mode == MODE_CLIENT) reader.welcomes = is_invite;
    for (;;) {
        switch (flag_next(&reader, &flag, &value, &why)) {
        case FLAG_GIVEN: take_value(out, flag, value); break;
        case FLAG_WORD:
            if (takes_invite(out, &reader, value))
                take_invite(out, reader.words[reader.at - 1]);
            else
                take_word(out, value);
            break;
        case FLAG_WRONG: complain(out, why.text); break;
        case FLAG_END: return;
        }
    }
}

/* The key of the flag --data-dir is data_dir, and so on; --config and others have none. */
static bool find_key(const char *flag, char *out, size_t size) {
    snprintf(out, size, "%s", flag);
    for (char *dash = out; (dash = strchr(dash, '-'));) *dash = '_';
    for (size_t i = 0; i < client_config_table.count; i++)
        if (strcmp(client_config_table.keys[i].name, out) == 0) return true;
    return false;
}

static void apply(struct arguments *arguments, struct client_config *config) {
    char name[32], key[32];
    struct why why;
    for (size_t i = 0; i < mode_flags.count; i++) {
        const char *value = arguments->values[i], *flag = flag_at(&mode_flags, i)->name;

        if (!value || !find_key(flag, key, sizeof key)) continue;
        if (ini_table_set(&client_config_table, SECTION, key, value, config, &why)) continue;
        snprintf(name, sizeof name, "--%s", flag);
        refuse(arguments, name, value, why.text);
    }
}

/* Says nothing where the value was given but refused. */
static void require(struct arguments *arguments, const char *flag, const char *value, const char *why) {
    char name[32];
    if (*value || value_of(arguments, flag)) return;
    snprintf(name, sizeof name, "--%s", flag);
    refuse(arguments, name, NULL, why);
}

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

static void check_keys(struct arguments *arguments, const struct client_config *config) {
    struct bootnode bootnodes[BOOTNODES_MAX];
    if (bootnodes_pin(config->bootnode_key, bootnodes, bootnodes_name(config->bootnode, bootnodes))) return;
    refuse(arguments, "bootnode_key", config->bootnode_key, "expected no more keys than there are bootnodes");
}

static void check_text(struct arguments *arguments) {
    char size[32];
    if (!arguments->words) return;
    snprintf(size, sizeof size, "%zu bytes", strlen(arguments->words));
    if (strlen(arguments->words) == 0 || strlen(arguments->words) > MESSAGE_TEXT_MAX)
        refuse(arguments, "TEXT", size, "expected 1 to 65536 bytes");
}

bool client_config_descriptor(const char *text, int *out) {
    char *end;
    errno = 0;
    long number = strtol(text, &end, 10);
    *out = (int)number;
    return errno == 0 && end > text && *end == '\0' && number >= 0 && number <= INT_MAX;
}

#define A_DESCRIPTOR "expected the number of an open descriptor, as in 0 for standard input"

static void apply_key_passphrase(struct arguments *arguments, struct client_config *config) {
    const char *descriptor = value_of(arguments, "key-passphrase-fd");
    config->key_passphrase_fd = -1;
    if (descriptor && !client_config_descriptor(descriptor, &config->key_passphrase_fd))
        refuse(arguments, "--key-passphrase-fd", descriptor, A_DESCRIPTOR);
}

/* A room has one secret. */
static void apply_passphrase(struct arguments *arguments, struct client_config *config) {
    const char *descriptor = value_of(arguments, "passphrase-fd"), *file = value_of(arguments, "secret-file");
    config->passphrase_fd = -1;
    config->passphrase =
        descriptor || value_of(arguments, "passphrase") || (config->invited && config->invite.passphrase);
    if (descriptor && !client_config_descriptor(descriptor, &config->passphrase_fd))
        refuse(arguments, "--passphrase-fd", descriptor, A_DESCRIPTOR);
    if (!config->passphrase) return;
    if (file) refuse(arguments, "--secret-file", file, "expected without a passphrase: a room has one secret");
    if (config->invited && !config->invite.passphrase)
        refuse(arguments, descriptor ? "--passphrase-fd" : "--passphrase", NULL,
               "expected without this invite, whose room has none");
    memset(config->secret_file, 0, sizeof config->secret_file);
}

/* A script whose variable is not set shall not tell its secrets to an open room. */
static void check_secret(struct arguments *arguments, const struct client_config *config) {
    const char *file = value_of(arguments, "secret-file");
    if (file && *file == '\0')
        refuse(arguments, "--secret-file", file,
               "expected a file; without this flag, and none in the settings, the room is open");
    else if (file && arguments->mode == MODE_DOCTOR && !config->room[0])
        refuse(arguments, "--secret-file", file, "expected --room beside it, or a room in the settings");
}

bool client_config_own_file(char *out, size_t size) {
    char folder[PATH_MAX];
    *out = '\0';
    return home_place("XDG_CONFIG_HOME", ".config", folder, sizeof folder) &&
           snprintf(out, size, "%s/%s", folder, OWN_FILE) < (int)size &&
           (access(out, F_OK) == 0 || (errno != ENOENT && errno != ENOTDIR));
}

/* The file that was named, or else the user's own, if there is one. How many problems are in it. */
static size_t load_file(struct arguments *arguments, struct client_config *config) {
    const char *named = value_of(arguments, "config");
    char file[PATH_MAX];
    if (named && (*named == '\0' || !home_expand(named, file, sizeof file))) {
        refuse(arguments, "--config", named, "expected a file; /dev/null is one without settings");
        return 0;
    }
    if (!named && !client_config_own_file(file, sizeof file)) {
        config->file_is_own = home_place("XDG_CONFIG_HOME", ".config", file, sizeof file);
        if (config->file_is_own) snprintf(config->file, sizeof config->file, "%.4000s/" OWN_FILE, file);
        return 0;
    }
    config->file_is_own = !named;
    snprintf(config->file, sizeof config->file, "%s", file);
    return ini_table_load(&client_config_table, file, config, stderr);
}

/* What the first invite to a new room is like. */
static void apply_invite_terms(struct arguments *arguments, struct client_config *config) {
    const char *time = value_of(arguments, "for");
    struct why why;
    config->once = value_of(arguments, "once") != NULL;
    if (!config->founds && (config->once || time))
        refuse(arguments, config->once ? "--once" : "--for", NULL,
               "expected beside --new-room; in a room it is /invite");
    if (!time) return;
    if (!units_parse("s", false, time, &config->invite_s, &why))
        refuse(arguments, "--for", time, why.text);
    else if (config->invite_s < 1 || config->invite_s > INVITE_MOST_S)
        refuse(arguments, "--for", time, "expected 1s to 366d");
}

/* A private room has secrets of its own, whatever the file says of another room. */
static void apply_new_room(struct arguments *arguments, struct client_config *config) {
    static const char *const others[] = {"room", "secret-file", "passphrase", "passphrase-fd"};
    const char *room = value_of(arguments, "new-room");
    char name[32];
    struct why why;
    if (!room) return;
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        if (!value_of(arguments, others[i])) continue;
        snprintf(name, sizeof name, "--%s", others[i]);
        refuse(arguments, name, NULL, "expected without --new-room, which makes a room with a secret of its own");
    }
    if (!ini_table_set(&client_config_table, SECTION, "room", room, config, &why))
        refuse(arguments, "--new-room", room, why.text);
    memset(config->secret_file, 0, sizeof config->secret_file);
    config->founds = true;
}

/* What was misspelt is not missing, too. */
static void check_needed(struct arguments *arguments, const struct client_config *config) {
    if (arguments->problems > 0 || arguments->invite || arguments->asked) return;
    require(arguments, "bootnode", config->bootnode, "missing, expected HOST or HOST:PORT");
    if (arguments->mode != MODE_DOCTOR && !value_of(arguments, "new-room"))
        require(arguments, "room", config->room, "missing, expected the name of a room");
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

enum client_config_result client_config_read(int argc, char **argv, struct client_config *out) {
    struct arguments arguments = {.problems = 0};
    char bootnode_in_file[INI_TEXT_SIZE];
    size_t in_file;

    parse_arguments(argc, argv, &arguments);
    settle_invite(&arguments);
    ini_table_defaults(&client_config_table, out);
    out->invited = false;
    memset(&out->invite, 0, sizeof out->invite);
    out->sends = arguments.mode == MODE_SEND;
    out->text = arguments.words;
    out->nick_is_flag = value_of(&arguments, "nick") != NULL;
    out->json = value_of(&arguments, "json") != NULL;
    out->lifetime = value_of(&arguments, "lifetime") != NULL;
    if (arguments.problems == 0 && value_of(&arguments, "help")) {
        mode_print_help(arguments.mode);
        return CLIENT_CONFIG_DONE;
    }
    char file[PATH_MAX];
    if (argc <= 1 && !client_config_own_file(file, sizeof file) && *file && ask_possible())
        ask_all(&arguments, file, out);
    in_file = arguments.asked ? 0 : load_file(&arguments, out);
    if (in_file == 0) check_needed(&arguments, out);
    memcpy(bootnode_in_file, out->bootnode, sizeof bootnode_in_file);
    apply_invite(&arguments, out);
    apply(&arguments, out);
    if (arguments.invite || value_of(&arguments, "bootnode")) match_keys(bootnode_in_file, out);
    check_secret(&arguments, out);
    apply_new_room(&arguments, out);
    apply_invite_terms(&arguments, out);
    apply_passphrase(&arguments, out);
    apply_key_passphrase(&arguments, out);
    check_text(&arguments);
    if (arguments.problems + in_file == 0) check_keys(&arguments, out);
    if (arguments.problems + in_file > 0) return CLIENT_CONFIG_BAD;
    unify_names(out);
    return CLIENT_CONFIG_RUN;
}
