#include "client/identity/main.h"

#include <limits.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "client/command_line/given.h"
#include "client/config.h"
#include "client/identity/custody.h"
#include "client/identity/show.h"
#include "client/key_passphrase.h"
#include "common/dumps.h"
#include "common/home.h"
#include "common/modes.h"
#include "common/names.h"
#include "common/text.h"

#define DONE 0
#define FAILED 1
#define USAGE 2

struct options {
    const char *config, *data_dir, *nick, *passphrase_fd, *key_passphrase_fd;
    const char *words[2]; /* a command and its file */
    size_t count;
    bool json, replace, help;
};

struct keeper {
    struct options options;
    struct client_config config; /* of which data_dir counts */
    char directory[IDENTITY_PATH_SIZE], path[IDENTITY_PATH_SIZE];
    int passphrase_fd, key_passphrase_fd; /* -1: none */
    struct identity_file file;            /* once it is open */
    uint8_t seed[SEED_SIZE];              /* once it is known */
};

static int fail(int status, const char *why) {
    fprintf(stderr, "gochat: %s\n", why);
    return status;
}

/* --- Passphrases --- */

static struct key_passphrase of_key(const struct keeper *keeper) {
    return (struct key_passphrase){
        .of = "our key", .flag = KEY_PASSPHRASE_FLAG, .descriptor = keeper->key_passphrase_fd};
}

static struct key_passphrase of_backup(const struct keeper *keeper) {
    return (struct key_passphrase){.of = "the backup", .flag = "--passphrase-fd", .descriptor = keeper->passphrase_fd};
}

/* Opens our key file, which must be there, and finds out the seed. */
static int open_key(struct keeper *keeper, bool hold) {
    const struct key_passphrase how = of_key(keeper);
    struct why why;
    enum identity_file_outcome outcome = identity_file_open(keeper->path, hold, &keeper->file, &why);
    if (outcome == IDENTITY_FILE_MISSING)
        why_fail(&why, "%s: there is no key yet: a client makes one when it is first started", keeper->path);
    if (outcome == IDENTITY_FILE_IN_USE) why_add(&why, ", which has to end first");
    if (outcome != IDENTITY_FILE_OPENED) return fail(FAILED, why.text);
    memcpy(keeper->seed, keeper->file.seed, sizeof keeper->seed);
    if (!keeper->file.sealed) return DONE;
    return key_passphrase_known(&how, &keeper->file.box, keeper->seed) == KEY_PASSPHRASE_GIVEN ? DONE : USAGE;
}

/* --- Commands --- */

static int show(struct keeper *keeper) {
    struct why why;
    enum identity_file_outcome outcome = identity_file_open(keeper->path, false, &keeper->file, &why);
    if (outcome == IDENTITY_FILE_MISSING)
        why_fail(&why, "%s: there is no key yet: a client makes one when it is first started", keeper->path);
    if (outcome != IDENTITY_FILE_OPENED) return fail(FAILED, why.text);
    (keeper->options.json ? show_to_programs : show_to_people)(keeper->path, &keeper->file, keeper->directory);
    return DONE;
}

static int backup(struct keeper *keeper) {
    const struct key_passphrase how = of_backup(keeper);
    const char *file = keeper->options.words[1];
    char passphrase[PASSPHRASE_MAX + 1], fingerprint[FINGERPRINT_TEXT_SIZE];
    struct why why;
    if (!custody_is_free(file, &why)) return fail(FAILED, why.text);
    int status = open_key(keeper, false);
    if (status != DONE) return status;
    if (key_passphrase_new(&how, passphrase) != KEY_PASSPHRASE_GIVEN) return USAGE;
    bool done = custody_backup(file, keeper->seed, passphrase, &why);
    sodium_memzero(passphrase, sizeof passphrase);
    if (!done) return fail(FAILED, why.text);
    fingerprint_format(keeper->file.public, fingerprint);
    printf("%s has the key %s\n", file, fingerprint);
    return DONE;
}

/* May what is there be replaced, or is nothing there? `same`: it is the key of the backup. */
static int check_place(struct keeper *keeper, const struct sealed_seed *box, bool *there, bool *same) {
    struct why why;
    enum identity_file_outcome outcome = identity_file_open(keeper->path, true, &keeper->file, &why);
    char fingerprint[FINGERPRINT_TEXT_SIZE];
    *there = outcome != IDENTITY_FILE_MISSING;
    *same = outcome == IDENTITY_FILE_OPENED && memcmp(keeper->file.public, box->public, sizeof box->public) == 0;
    if (!*there || *same) return DONE;
    if (outcome == IDENTITY_FILE_IN_USE) why_add(&why, ", which has to end first");
    if (outcome == IDENTITY_FILE_IN_USE || outcome == IDENTITY_FILE_FAILED) return fail(FAILED, why.text);
    if (keeper->options.replace) return DONE;
    fingerprint_format(keeper->file.public, fingerprint);
    if (outcome == IDENTITY_FILE_OPENED) why_fail(&why, "%s: has another key, %s", keeper->path, fingerprint);
    why_add(&why, "; with --replace it is kept under another name, and replaced");
    return fail(FAILED, why.text);
}

static int put_restored(struct keeper *keeper, bool there) {
    char kept[IDENTITY_PATH_SIZE] = "";
    struct why why;
    bool done = there ? custody_replace(keeper->path, keeper->seed, time(NULL), kept, &why)
                      : custody_restore(keeper->path, keeper->seed, &why);
    if (!done) return fail(FAILED, why.text);
    printf("it is restored: %s\n", keeper->path);
    if (there) printf("what was there is kept as %s\n", kept);
    return DONE;
}

static int restore(struct keeper *keeper) {
    const struct key_passphrase how = of_backup(keeper);
    const char *file = keeper->options.words[1];
    char fingerprint[FINGERPRINT_TEXT_SIZE];
    struct sealed_seed box;
    struct why why;
    bool there, same;
    if (!custody_read_backup(file, &box, &why)) return fail(FAILED, why.text);
    int status = check_place(keeper, &box, &there, &same);
    if (status != DONE) return status;
    fingerprint_format(box.public, fingerprint);
    printf("%s has the key %s\n", file, fingerprint);
    fflush(stdout);
    if (key_passphrase_known(&how, &box, keeper->seed) != KEY_PASSPHRASE_GIVEN) return USAGE;
    /* The passphrase of the one that is there may be what was forgotten. */
    bool unlocks = same && keeper->file.sealed;
    if (!same || (unlocks && keeper->options.replace)) return put_restored(keeper, there);
    printf("it opens, and is the one that is there: %s stays as it is%s\n", keeper->path,
           unlocks ? "; --replace puts it there without a passphrase" : "");
    return DONE;
}

static int lock(struct keeper *keeper) {
    const struct key_passphrase how = of_key(keeper);
    char passphrase[PASSPHRASE_MAX + 1];
    struct why why;
    int status = open_key(keeper, true);
    if (status != DONE) return status;
    if (key_passphrase_new(&how, passphrase) != KEY_PASSPHRASE_GIVEN) return USAGE;
    bool done = custody_lock(keeper->path, keeper->seed, passphrase, &why);
    sodium_memzero(passphrase, sizeof passphrase);
    if (!done) return fail(FAILED, why.text);
    printf("%s has %s passphrase: without it nobody gets at the key\n", keeper->path,
           keeper->file.sealed ? "another" : "a");
    return DONE;
}

static int unlock(struct keeper *keeper) {
    struct why why;
    int status = open_key(keeper, true);
    if (status != DONE) return status;
    if (!keeper->file.sealed) printf("%s has no passphrase\n", keeper->path);
    if (!keeper->file.sealed) return DONE;
    if (!custody_unlock(keeper->path, keeper->seed, &why)) return fail(FAILED, why.text);
    printf("%s has no passphrase any more\n", keeper->path);
    return DONE;
}

static const struct command {
    const char *name, *file, *help;
    int (*run)(struct keeper *keeper);
} commands[] = {
    {"show", NULL, "the fingerprint, and where the key is; what is done without a command", show},
    {"backup", "FILE", "writes the key into a new file, behind a passphrase", backup},
    {"restore", "FILE", "takes it from there", restore},
    {"lock", NULL, "puts a passphrase on the key file, or another one", lock},
    {"unlock", NULL, "takes it off", unlock},
};
#define COMMANDS (sizeof commands / sizeof *commands)

/* --- The command line --- */

static void take_argument(void *context, const char *name, const char *value) {
    struct options *out = context;
    if (!name) {
        if (out->count < 2) out->words[out->count] = value;
        out->count++;
        return;
    }
    if (strcmp(name, "config") == 0) out->config = value;
    if (strcmp(name, "data-dir") == 0) out->data_dir = value;
    if (strcmp(name, "nick") == 0) out->nick = value;
    if (strcmp(name, "passphrase-fd") == 0) out->passphrase_fd = value;
    if (strcmp(name, "key-passphrase-fd") == 0) out->key_passphrase_fd = value;
    if (strcmp(name, "json") == 0) out->json = true;
    if (strcmp(name, "replace") == 0) out->replace = true;
    if (strcmp(name, "help") == 0) out->help = true;
}

static int print_help(void) {
    char usage[32];
    mode_print_help(MODE_IDENTITY);
    puts("\nCommands:");
    for (size_t i = 0; i < COMMANDS; i++) {
        const struct command *command = &commands[i];
        snprintf(usage, sizeof usage, "%s%s%s", command->name, command->file ? " " : "",
                 command->file ? command->file : "");
        printf("  %-12s  %s\n", usage, command->help);
    }
    return DONE;
}

static bool refuse(const char *what, const char *value, const char *expected) {
    char line[sizeof((struct why *)NULL)->text];
    flag_explain(what, value, expected, line, sizeof line);
    return fail(false, line);
}

static bool take_descriptor(const char *flag, const char *value, int *out) {
    *out = -1;
    return !value || given_descriptor(value, out) ||
           refuse(flag, value, "expected the number of an open descriptor, as in 0 for standard input");
}

/* NULL: told. */
static const struct command *find_command(const struct options *options) {
    const char *name = options->count > 0 ? options->words[0] : "show";
    const struct command *found = NULL;
    for (size_t i = 0; i < COMMANDS; i++)
        if (strcmp(name, commands[i].name) == 0) found = &commands[i];
    size_t wanted = found && found->file ? 2 : 1;
    bool good = true;
    if (!found)
        good = refuse("command", name, "expected show, backup FILE, restore FILE, lock or unlock");
    else if (options->count < wanted && found->file)
        good = refuse(name, NULL, "expected a file behind it");
    else if (options->count > wanted)
        good = refuse("argument", options->count > 2 ? options->words[1] : options->words[wanted],
                      found->file ? "expected one file alone" : "expected nothing behind the command");
    else if (options->json && found->run != show)
        good = refuse("--json", NULL, "expected with show");
    else if (options->replace && found->run != restore)
        good = refuse("--replace", NULL, "expected with restore");
    return good ? found : NULL;
}

static bool check_nick(const char *given, char out[static TEXT_NICK_MAX + 1]) {
    *out = '\0';
    return !given || text_nick(given, strlen(given), out) ||
           refuse("--nick", given, "expected the nick of a second client");
}

/* --- Where the key is --- */

static bool load_settings(struct keeper *keeper) {
    const struct options *options = &keeper->options;
    char file[PATH_MAX];
    struct why why;
    ini_table_defaults(&client_config_table, &keeper->config);
    bool named = options->config != NULL;
    if (named && (!*options->config || !home_expand(options->config, file, sizeof file)))
        return refuse("--config", options->config, "expected a file; /dev/null is one without settings");
    if ((named || client_config_own_file(file, sizeof file)) &&
        ini_table_load(&client_config_table, file, &keeper->config, stderr) > 0)
        return false;
    return !options->data_dir ||
           ini_table_set(&client_config_table, CLIENT_CONFIG_SECTION, "data_dir", options->data_dir, &keeper->config,
                         &why) ||
           refuse("--data-dir", options->data_dir, why.text);
}

static bool find_key(struct keeper *keeper) {
    char nick[TEXT_NICK_MAX + 1];
    struct why why;
    if (!load_settings(keeper) || !check_nick(keeper->options.nick, nick)) return false;
    if (!client_config_data_directory(&keeper->config, keeper->directory, sizeof keeper->directory, &why))
        return fail(0, why.text);
    return identity_file_path(keeper->directory, IDENTITY_CHATTING, nick, keeper->path, &why) || fail(0, why.text);
}

static int run(struct keeper *keeper) {
    const struct options *options = &keeper->options;
    const struct command *command = find_command(options);
    if (!command || !take_descriptor("--passphrase-fd", options->passphrase_fd, &keeper->passphrase_fd) ||
        !take_descriptor(KEY_PASSPHRASE_FLAG, options->key_passphrase_fd, &keeper->key_passphrase_fd) ||
        !find_key(keeper))
        return USAGE;
    return command->run(keeper);
}

int identity_main(int argc, char **argv) {
    static struct keeper keeper;
    dumps_forbid();
    keeper.file.descriptor = -1;
    if (!mode_read(MODE_IDENTITY, argc, argv, take_argument, &keeper.options)) return USAGE;
    if (keeper.options.help) return print_help();
    if (sodium_init() < 0) return fail(FAILED, "libsodium does not start");
    int status = run(&keeper);
    identity_file_close(&keeper.file);
    sodium_memzero(keeper.seed, sizeof keeper.seed);
    return status;
}
