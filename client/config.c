#include "client/config.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "client/keys/bootnodes.h"
#include "common/home.h"
#include "common/log.h"
#include "common/names.h"
#include "common/room_name.h"
#include "common/sandbox/sandbox.h"
#include "common/why.h"

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
    { .section = CLIENT_CONFIG_SECTION, .name = #field, .offset = offsetof(struct client_config, field), __VA_ARGS__ }

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

bool client_config_own_file(char *out, size_t size) {
    char folder[PATH_MAX];
    *out = '\0';
    return home_place("XDG_CONFIG_HOME", ".config", folder, sizeof folder) &&
           snprintf(out, size, "%s/%s", folder, OWN_FILE) < (int)size &&
           (access(out, F_OK) == 0 || (errno != ENOENT && errno != ENOTDIR));
}

bool client_config_data_directory(const struct client_config *config, char *out, size_t size, struct why *why) {
    if (config->data_dir[0])
        return snprintf(out, size, "%s", config->data_dir) < (int)size || why_fail(why, "--data-dir: is too long");
    return home_place("XDG_DATA_HOME", ".local/share", out, size) ||
           why_fail(why, "--data-dir: expected a directory, because no home directory is known");
}
