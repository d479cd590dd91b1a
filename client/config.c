#include "client/config.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client/bootnode.h"
#include "client/message.h"
#include "common/log.h"
#include "common/names.h"

#define SECTION "client"
#define WHY_SIZE 512
#define FLAG_FIRST 0x100 /* above every character, for getopt_long */

static const char *const ui_choices[] = {[UI_CHOICE_AUTO] = "auto",
                                         [UI_CHOICE_CURSES] = "curses",
                                         [UI_CHOICE_PLAIN] = "plain",
                                         [UI_CHOICE_JSON] = "json",
                                         NULL};
static const char *const members_choices[] = {
    [MEMBERS_AUTO] = "auto", [MEMBERS_ON] = "on", [MEMBERS_OFF] = "off", NULL};
static const char *const clock_choices[] = {
    [CLOCK_MINUTES] = "minutes", [CLOCK_SECONDS] = "seconds", [CLOCK_OFF] = "off", NULL};
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

#define KEY(field, ...)                                                                                                \
    { .section = SECTION, .name = #field, .offset = offsetof(struct client_config, field), __VA_ARGS__ }

/* clang-format off */
static const struct ini_key keys[] = {
    KEY(bootnode, .type = INI_TEXT, .min = 1, .check = is_bootnode_list, .expected = "HOST or HOST:PORT, as in chat.example.org, 192.0.2.1:9595 or [2001:db8::1]:9595, or up to 4 different ones with commas between",
        .help = "where to register"),
    KEY(bootnode_key, .type = INI_TEXT, .fallback = "", .check = is_key_list, .expected = "64 hex digits, or nothing: remembered on first use; for several bootnodes as many in the same order, '-' for nothing",
        .help = "the bootnode's public key"),
    KEY(room, .type = INI_TEXT, .min = 1, .max = ROOM_NAME_MAX, .help = "the room to join, any text"),
    KEY(nick, .type = INI_TEXT, .fallback = "", .check = is_nick_or_empty, .expected = "a nick of 1 to 32 bytes of UTF-8 without ':', '#', control or invisible characters, not beginning with any of */!?[",
        .help = "the name that others see"),
    KEY(secret_file, .type = INI_PATH, .fallback = "", .help = "the file with the room's secret"),
    KEY(data_dir, .type = INI_PATH, .fallback = "", .help = "where our key and the known keys are kept"),
    KEY(port, .type = INI_INTEGER, .min = 0, .max = 65535, .fallback = "0", .help = "the local UDP port, 0 for any"),
    KEY(timeout, .type = INI_INTEGER, .min = 1, .max = 86400, .fallback = "30", .help = "how many seconds --mode send waits"),
    KEY(ui, .type = INI_CHOICE, .choices = ui_choices, .fallback = "auto", .help = "the user interface"),
    KEY(ciphers, .type = INI_CHOICE, .choices = cipher_choices, .fallback = "auto", .help = "ciphers to offer to peers"),
    KEY(relay, .type = INI_CHOICE, .choices = relay_choices, .fallback = "auto", .help = "whether packets may be relayed, ours and others'"),
    KEY(port_mapping, .type = INI_CHOICE, .choices = port_mapping_choices, .fallback = "auto", .help = "whether the router is asked to let others in"),
    KEY(history, .type = INI_BOOLEAN, .fallback = "on", .help = "keep what is said, pass it on, ask for what we missed"),
    KEY(log_level, .type = INI_CHOICE, .choices = log_choices, .fallback = "warning", .help = "what is logged"),
    KEY(bell, .type = INI_BOOLEAN, .fallback = "off", .help = "rings where your nick is said"),
    KEY(notify, .type = INI_BOOLEAN, .fallback = "off", .help = "a note on the desktop (OSC 9) where your nick is said"),
    KEY(title, .type = INI_BOOLEAN, .fallback = "off", .help = "the room and what is unread in the title of the terminal"),
    KEY(members, .type = INI_CHOICE, .choices = members_choices, .fallback = "auto", .help = "the list of members"),
    KEY(clock, .type = INI_CHOICE, .choices = clock_choices, .fallback = "minutes", .help = "the time in front of each line"),
    KEY(colours, .type = INI_CHOICE, .choices = colour_choices, .fallback = "auto", .help = "how many colours are used"),
};

static const struct flag {
    const char *name;
    const char *key; /* of the table; NULL: not a setting */
    const char *value;
    const char *help;
    enum { BOTH, CHATTING, SENDING } mode; /* that has it */
} flags[] = {
    {"bootnode", "bootnode", "HOST:PORT", "where to register; up to 4, each with its flag", BOTH},
    {"room", "room", "NAME", "the room to join, any text", BOTH},
    {"nick", "nick", "NAME", "the name that others see", BOTH},
    {"secret-file", "secret_file", "FILE", "the room's secret; who does not have it stays outside", BOTH},
    {"port", "port", "N", "the local UDP port, 0 for any", BOTH},
    {"ui", "ui", "auto|curses|plain|json", "the user interface", CHATTING},
    {"timeout", "timeout", "SECONDS", "wait so long for the bootnode, and so long for acknowledgements", SENDING},
    {"data-dir", "data_dir", "DIR", "where our key and the known keys are kept", BOTH},
    {"log-level", "log_level", "LEVEL", "error, warning, info or debug", BOTH},
    {"config", NULL, "FILE", "settings; conf/client.ini explains them", BOTH},
    {"mode", NULL, "client|send", NULL, BOTH},
    {"help", NULL, NULL, "prints this", BOTH},
};
/* clang-format on */

#define FLAGS (sizeof flags / sizeof flags[0])

const struct ini_table client_config_table = {
    .keys = keys, .count = sizeof keys / sizeof keys[0], .target_size = sizeof(struct client_config)};

bool client_config_is_setting(const char *key) {
    static const char *const settings[] = {"bell", "notify", "title", "members", "clock", "colours"};

    for (size_t i = 0; i < sizeof settings / sizeof settings[0]; i++)
        if (strcmp(key, settings[i]) == 0) return true;
    return false;
}

struct arguments {
    const char *values[FLAGS]; /* NULL: not given */
    /* Of all --bootnode; longer than the setting may be, so that what is cut here is refused there. */
    char bootnodes[2 * INI_TEXT_SIZE];
    bool sends;
    char *words; /* of --mode send, malloc'd; NULL: none */
    size_t problems;
};

static void refuse(struct arguments *arguments, const char *what, const char *value, const char *why) {
    char shown[WHY_SIZE];

    arguments->problems++;
    (void)text_filter(value ? value : "", value ? strlen(value) : 0, false, shown, sizeof shown);
    fprintf(stderr, value ? "gochat: %s '%s': %s\n" : "gochat: %s%s: %s\n", what, shown, why);
}

static const char *mode_name(const struct arguments *arguments) {
    return arguments->sends ? "send" : "client";
}

/* Which flags there are depends on it. */
static bool asks_to_send(int argc, char **argv) {
    for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++) {
        if (strcmp(argv[i], "--mode=send") == 0) return true;
        if (strcmp(argv[i], "--mode") == 0) return i + 1 < argc && strcmp(argv[i + 1], "send") == 0;
    }
    return false;
}

static bool is_of_mode(const struct flag *flag, bool sends) {
    return flag->mode == BOTH || (flag->mode == SENDING) == sends;
}

static void describe_flags(bool sends, struct option options[static FLAGS + 1]) {
    size_t count = 0;

    memset(options, 0, (FLAGS + 1) * sizeof *options);
    for (size_t i = 0; i < FLAGS; i++)
        if (is_of_mode(&flags[i], sends))
            options[count++] = (struct option){.name = flags[i].name,
                                               .has_arg = flags[i].value ? required_argument : no_argument,
                                               .val = FLAG_FIRST + (int)i};
}

/* A word of the text, or one too many. */
static void take_word(struct arguments *arguments, const char *word, const char *where) {
    size_t used = arguments->words ? strlen(arguments->words) : 0, size = used + strlen(word) + 2;
    char why[WHY_SIZE];

    if (!arguments->sends) {
        snprintf(why, sizeof why, "not understood, expected flags only%s", where);
        refuse(arguments, "argument", word, why);
        return;
    }
    arguments->words = realloc(arguments->words, size);
    if (!arguments->words) abort();
    snprintf(arguments->words + used, size - used, "%s%s", used > 0 ? " " : "", word);
}

static void refuse_flag(struct arguments *arguments, const char *flag) {
    char why[WHY_SIZE];

    snprintf(why, sizeof why, "unknown flag (see gochat --mode %s --help)", mode_name(arguments));
    refuse(arguments, "argument", flag, why);
}

/* The last one counts, but for bootnodes: there all do. */
static void take_value(struct arguments *arguments, size_t flag, const char *value) {
    size_t used = strlen(arguments->bootnodes);

    arguments->values[flag] = value;
    if (!flags[flag].key || strcmp(flags[flag].key, "bootnode") != 0) return;
    snprintf(arguments->bootnodes + used, sizeof arguments->bootnodes - used, "%s%s", used > 0 ? "," : "", value);
    arguments->values[flag] = arguments->bootnodes;
}

static void parse_arguments(int argc, char **argv, struct arguments *out) {
    struct option options[FLAGS + 1];

    out->sends = asks_to_send(argc, argv);
    describe_flags(out->sends, options);
    opterr = 0;
    optind = 0; /* from the beginning, also for a second time: getopt(3), Notes */
    for (;;) {
        int given = optind > 0 ? optind : 1;
        int option = getopt_long(argc, argv, "-:", options, NULL);

        if (option == -1) break;
        const char *value = optarg ? optarg : "";
        if (option == ':')
            refuse(out, argv[given], NULL, "expected a value");
        else if (option == 1)
            take_word(out, optarg ? optarg : "", " (see gochat --mode client --help)");
        else if (option < FLAG_FIRST)
            refuse_flag(out, argv[given]);
        else
            take_value(out, (size_t)(option - FLAG_FIRST), value);
    }
    for (; optind < argc; optind++) take_word(out, argv[optind], "");
}

static const char *value_of(const struct arguments *arguments, const char *flag) {
    size_t i = 0;

    while (strcmp(flags[i].name, flag) != 0) i++;
    return arguments->values[i];
}

static void apply(struct arguments *arguments, struct client_config *config) {
    char why[WHY_SIZE], name[32];

    for (size_t i = 0; i < FLAGS; i++) {
        const char *value = arguments->values[i];

        if (!value || !flags[i].key) continue;
        if (ini_table_set(&client_config_table, SECTION, flags[i].key, value, config, why, sizeof why)) continue;
        snprintf(name, sizeof name, "--%s", flags[i].name);
        refuse(arguments, name, value, why);
    }
}

/* Says nothing where the value was given but refused. */
static void require(struct arguments *arguments, const char *flag, const char *value, const char *why) {
    char name[32];

    if (*value || value_of(arguments, flag)) return;
    snprintf(name, sizeof name, "--%s", flag);
    refuse(arguments, name, NULL, why);
}

/* Only where both are known: the command line may name other bootnodes than the file. */
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

static enum client_config_result print_help(const struct arguments *arguments) {
    printf("gochat --mode %s --bootnode HOST:PORT --room NAME [FLAG VALUE]...%s\n\n", mode_name(arguments),
           arguments->sends ? " [TEXT...]" : "");
    for (size_t i = 0; i < FLAGS; i++) {
        char left[64];

        if (!flags[i].help || !is_of_mode(&flags[i], arguments->sends)) continue;
        snprintf(left, sizeof left, "--%s %s", flags[i].name, flags[i].value ? flags[i].value : "");
        printf("  %-22s  %s\n", left, flags[i].help);
    }
    return CLIENT_CONFIG_DONE;
}

enum client_config_result client_config_read(int argc, char **argv, struct client_config *out) {
    struct arguments arguments = {.problems = 0};
    size_t in_file = 0;
    const char *file;
    char nick[TEXT_NICK_MAX + 1];

    parse_arguments(argc, argv, &arguments);
    ini_table_defaults(&client_config_table, out);
    out->sends = arguments.sends;
    out->text = arguments.words;
    out->nick_is_flag = value_of(&arguments, "nick") != NULL;
    if (arguments.problems == 0 && value_of(&arguments, "help")) return print_help(&arguments);
    file = value_of(&arguments, "config");
    if (file) in_file = ini_table_load(&client_config_table, file, out, stderr);
    apply(&arguments, out);
    if (in_file == 0) {
        require(&arguments, "bootnode", out->bootnode, "missing, expected HOST:PORT");
        require(&arguments, "room", out->room, "missing, expected the name of a room");
    }
    check_text(&arguments);
    if (arguments.problems + in_file == 0) check_keys(&arguments, out);
    if (arguments.problems + in_file > 0) return CLIENT_CONFIG_BAD;
    if (*out->nick && text_nick(out->nick, strlen(out->nick), nick)) {
        memset(out->nick, 0, sizeof out->nick);
        memcpy(out->nick, nick, strlen(nick));
    }
    return CLIENT_CONFIG_RUN;
}
