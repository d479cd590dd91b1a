#include "common/modes.h"

#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "common/installed.h"
#include "common/similar.h"
#include "common/why.h"

#define ALL ((1u << MODES) - 1)
#define CLIENT (1u << MODE_CLIENT)
#define SEND (1u << MODE_SEND)
#define BOOTNODE (1u << MODE_BOOTNODE)
#define CTL (1u << MODE_CTL)
#define DOCTOR (1u << MODE_DOCTOR)
#define IDENTITY (1u << MODE_IDENTITY)
#define CHAT (CLIENT | SEND)

/* clang-format off */
static const struct flag flags[] = {
    {"bootnode", "HOST[:PORT]", "where to register; up to 4, each with its flag", CHAT},
    {"bootnode", "HOST[:PORT]", "whom to ask; a second one tells more; up to 4", DOCTOR},
    {"room", "NAME", "the room to join, any text", CHAT},
    {"room", "NAME", "whose homes to ask for where a bootnode is a cluster", DOCTOR},
    {"new-room", "NAME", "makes a private room, which is ours, and prints an invite to it", CLIENT},
    {"once", NULL, "with --new-room: the invite is for one person", CLIENT},
    {"for", "TIME", "with --new-room: the invite ends after a time such as 1h or 7d", CLIENT},
    {"nick", "NAME", "the name that others see", CHAT},
    {"nick", "NAME", "the key of a second client that had this nick, instead of ours", IDENTITY},
    {"secret-file", "FILE", "the room's secret; who does not have it stays outside", CHAT | DOCTOR},
    {"passphrase", NULL, "asks for the room's passphrase, or proposes one", CHAT},
    {"passphrase-fd", "N", "reads it from that descriptor: one line", CHAT},
    {"passphrase-fd", "N", "reads the backup's passphrase from that descriptor: one line", IDENTITY},
    {"key-passphrase-fd", "N", "reads the passphrase of our key from that descriptor: one line", CHAT | IDENTITY},
    {"port", "N", "the local UDP port, 0 for any", CHAT | DOCTOR},
    {"ui", "auto|curses|plain|json", "the user interface", CLIENT},
    {"timeout", "SECONDS", "wait so long for the bootnode or its name, and so long for acknowledgements", SEND | DOCTOR},
    {"data-dir", "DIR", "where our key and the known keys are kept", CHAT | IDENTITY},
    {"log-level", "LEVEL", "error, warning, info or debug", CHAT},
    {"json", NULL, "one JSON object instead of a page", DOCTOR},
    {"json", NULL, "show: one JSON object instead of lines", IDENTITY},
    {"replace", NULL, "restore: also where there is another key, which is kept under another name", IDENTITY},
    {"lifetime", NULL, "how long the NAT keeps a mapping, too: takes up to 10 minutes", DOCTOR},
    {"listen", "ADDR[:PORT]", "where to listen on UDP; several with commas; else [::]:9595", BOOTNODE},
    {"config", "FILE", "settings instead of those in ~/.config/gochat/client.ini", CHAT | IDENTITY},
    {"config", "FILE", "the client's settings, of which bootnode, port, timeout, room and secret_file count", DOCTOR},
    {"config", "FILE", "settings, instead of the defaults alone", BOOTNODE},
    {"check-config", NULL, "says what is wrong with the settings, and does not start", BOOTNODE},
    {"print-config", NULL, "prints all settings, with the place where each was given, and does not start", BOOTNODE},
    {"print-key", NULL, "prints the public key, which clients may pin as bootnode_key, and does not start", BOOTNODE},
    {"rotate-key", NULL, "makes a new key, keeps the old one so that clients follow, and does not start", BOOTNODE},
    {"control", "PATH", "the bootnode's control socket", CTL},
    {"config", "FILE", "the bootnode's settings, which say where that is", CTL},
    {"limit", "N", "most rows of a list; else 20", CTL},
    {"json", NULL, "the answer as it came: one JSON object", CTL},
    {"mode", "MODE", NULL, ALL},
    {"help", NULL, "prints this", ALL},
    {"version", NULL, "prints the version", ALL},
};

static const struct {
    const char *does, *usage, *example;
} pages[MODES] = {
    [MODE_CLIENT] = {"chats in a room; the mode where none is named",
                     "gochat INVITE [FLAG]...\n"
                     "gochat ROOM [FLAG]...      (a private room that we were in before)\n"
                     "gochat [--mode client] --bootnode HOST[:PORT] --room NAME [FLAG]...",
                     "gochat --bootnode chat.example.org --room tea"},
    [MODE_SEND] = {"says its words, or its input, waits until all who are there have it, and leaves",
                   "gochat --mode send --bootnode HOST[:PORT] --room NAME [FLAG]... [TEXT...]",
                   "gochat --mode send --bootnode chat.example.org --room tea the build is done"},
    [MODE_BOOTNODE] = {"introduces people to each other, at a public address",
                       "gochat --mode bootnode [FLAG]...",
                       "gochat --mode bootnode --listen 0.0.0.0:9595"},
    [MODE_CTL] = {"asks a running bootnode, and has it do something",
                  "gochat --mode ctl [FLAG]... COMMAND [ARGUMENT]...",
                  "gochat --mode ctl ban 192.0.2.0/24 2h"},
    [MODE_DOCTOR] = {"says what to expect from this network, and what kind of NAT it has",
                     "gochat --mode doctor --bootnode HOST[:PORT] [--bootnode HOST[:PORT]] [FLAG]...",
                     "gochat --mode doctor --bootnode chat.example.org"},
    [MODE_IDENTITY] = {"shows our key, backs it up, restores it, and puts a passphrase on it",
                       "gochat --mode identity [FLAG]... [COMMAND [FILE]]",
                       "gochat --mode identity backup gochat-identity.txt"},
};
/* clang-format on */

static const char *const names[MODES + 1] = {
    [MODE_CLIENT] = "client", [MODE_SEND] = "send",     [MODE_BOOTNODE] = "bootnode",
    [MODE_CTL] = "ctl",       [MODE_DOCTOR] = "doctor", [MODE_IDENTITY] = "identity"};
static const char *const help_commands[MODES] = {
    [MODE_CLIENT] = "gochat --mode client --help",     [MODE_SEND] = "gochat --mode send --help",
    [MODE_BOOTNODE] = "gochat --mode bootnode --help", [MODE_CTL] = "gochat --mode ctl --help",
    [MODE_DOCTOR] = "gochat --mode doctor --help",     [MODE_IDENTITY] = "gochat --mode identity --help",
};

const struct flag_table mode_flags = FLAG_TABLE(flags);
_Static_assert(sizeof flags / sizeof *flags <= MODE_FLAGS_MOST, "who keeps a value for each has room for these");

struct flag_reader mode_reader(enum mode mode, int argc, char *const *argv) {
    return (struct flag_reader){.table = mode_flags,
                                .modes = 1u << mode,
                                .mode_names = names,
                                .help_command = help_commands[mode],
                                .takes_words = mode == MODE_SEND || mode == MODE_CTL || mode == MODE_IDENTITY,
                                .takes_names = mode == MODE_CLIENT,
                                .words = argv + 1,
                                .count = argc > 0 ? (size_t)argc - 1 : 0};
}

bool mode_read(enum mode mode, int argc, char *const *argv,
               void (*take)(void *context, const char *name, const char *value), void *context) {
    struct flag_reader reader = mode_reader(mode, argc, argv);
    const struct flag *flag;
    const char *value;
    struct why why;
    bool good = true;
    for (enum flag_item item; (item = flag_next(&reader, &flag, &value, &why)) != FLAG_END;) {
        if (item == FLAG_GIVEN) take(context, flag->name, value);
        if (item == FLAG_WORD) take(context, NULL, value);
        if (item != FLAG_WRONG) continue;
        fprintf(stderr, "gochat: %s\n", why.text);
        good = false;
    }
    return good;
}

static bool find_mode(const char *name, enum mode *out, struct why *why) {
    struct similar meant = similar_to(name);
    for (size_t i = 0; i < MODES; i++) {
        *out = (enum mode)i;
        if (strcmp(name, names[i]) == 0) return true;
        similar_offer(&meant, names[i]);
    }
    flag_explain("--mode", name, "expected client, send, bootnode, ctl, doctor or identity", why->text,
                 sizeof why->text);
    if (meant.count > 0) why_add(why, "; did you mean %s?", meant.names[0]);
    return false;
}

bool mode_choose(int argc, char *const *argv, struct mode_choice *out, struct why *why) {
    struct flag_reader reader = mode_reader(MODE_SEND, argc, argv);
    const struct flag *flag;
    const char *value;
    struct why ignored;
    *out = (struct mode_choice){.mode = MODE_CLIENT};
    reader.modes = ALL;
    for (enum flag_item item; (item = flag_next(&reader, &flag, &value, &ignored)) != FLAG_END;) {
        if (item != FLAG_GIVEN) continue;
        if (strcmp(flag->name, "help") == 0) out->help = true;
        if (strcmp(flag->name, "version") == 0) out->version = true;
        if (strcmp(flag->name, "mode") != 0) continue;
        if (!find_mode(value, &out->mode, why)) return false;
        out->named = true;
    }
    return true;
}

/* The sample file that has every setting with what it means, or where else they are explained. */
static const char *settings_explained(bool of_bootnode, char out[static PATH_MAX]) {
    if (of_bootnode) return installed_or("bootnode.ini", "The manual gochat-bootnode.ini(5)", out, PATH_MAX);
    return installed_or("client.ini", "The manual gochat(1)", out, PATH_MAX);
}

void mode_print_help(enum mode mode) {
    const bool of_bootnode = mode == MODE_BOOTNODE || mode == MODE_CTL;
    char path[PATH_MAX];
    printf("%s\n\n--mode %s %s.\n\n", pages[mode].usage, names[mode], pages[mode].does);
    flags_list(&mode_flags, 1u << mode, stdout);
    if (!of_bootnode && mode != MODE_IDENTITY) puts("\nWithout a PORT it is 9595.");
    printf("\n%s explains the settings.\n", settings_explained(of_bootnode, path));
    printf("\nFor example:  %s\n", pages[mode].example);
}

void modes_print_help(void) {
    char path[PATH_MAX];
    puts("gochat [--mode MODE] [FLAG]...\n\n"
         "GoChat: group chat from terminal to terminal, introduced by a bootnode. The modes, each with an example:\n");
    for (size_t i = 0; i < MODES; i++)
        printf("  %-8s  %s\n            %s\n", names[i], pages[i].does, pages[i].example);
    puts("\n"
         "gochat --mode MODE --help lists the flags of one, and --version prints the version. What is always the same "
         "for\n"
         "you, as the bootnode, can stand in ~/.config/gochat/client.ini.");
    printf("%s explains it.\n", settings_explained(false, path));
}

void modes_print_start(void) {
    puts("GoChat is group chat from terminal to terminal: a bootnode introduces people, then they talk directly, "
         "encrypted.\n"
         "\n"
         "Join by an invite that somebody sent you:\n"
         "    gochat 'gochat://...'\n"
         "Chat in a room, where somebody runs a bootnode:\n"
         "    gochat --bootnode chat.example.org --room tea\n"
         "Run one, and try it from another terminal of this machine:\n"
         "    gochat --mode bootnode\n"
         "    gochat --bootnode localhost --room tea\n"
         "\n"
         "gochat --help has the rest.");
}
