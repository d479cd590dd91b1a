#include "client/setup.h"

#include <errno.h>
#include <pwd.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "client/ask.h"
#include "client/key_passphrase.h"
#include "client/keys/passphrase.h"
#include "client/keys/secret_file.h"
#include "client/keys/words.h"
#include "common/directory.h"
#include "common/suite.h"
#include "common/udp.h"
#include "common/why.h"

#define OTHERS 077u

static int complain(int result, const char *text) {
    fprintf(stderr, "gochat: %s\n", text);
    return result;
}

__attribute__((format(printf, 2, 3))) static void warn(struct setup *setup, const char *format, ...) {
    va_list arguments;
    if (setup->warning_count == UI_WARNINGS) return;
    va_start(arguments, format);
    vsnprintf(setup->warnings[setup->warning_count++], UI_WARNING_SIZE, format, arguments);
    va_end(arguments);
}

static int open_directory(struct setup *setup) {
    struct why why;
    if (client_config_data_directory(setup->config, setup->directory, sizeof setup->directory, &why)) return SETUP_OK;
    return complain(SETUP_USAGE, why.text);
}

/* Who may look into it sees whom we know; who may write there can put another key into the place of ours, which nobody
 * wants of everybody. */
static int check_mode(struct setup *setup) {
    struct stat status;
    char text[UI_WARNING_SIZE];
    if (stat(setup->directory, &status) != 0 || !S_ISDIR(status.st_mode) || (status.st_mode & OTHERS) == 0)
        return SETUP_OK;
    bool refused = (status.st_mode & S_IWOTH) != 0;
    snprintf(text, sizeof text, "data directory %.400s: mode %04o lets %s, expected 0700: chmod 700 %.400s",
             setup->directory, status.st_mode & 07777u, refused ? "everybody replace our keys" : "others in",
             setup->directory);
    if (refused) return complain(SETUP_FAILED, text);
    warn(setup, "%s", text);
    return SETUP_OK;
}

/* Is it there, made if need be, and can something be made in it? 0, or else errno. */
static int try_directory(const char *path) {
    struct stat status;
    bool there = directory_make(path) && stat(path, &status) == 0;
    if (there && !S_ISDIR(status.st_mode)) return ENOTDIR;
    return there && access(path, W_OK | X_OK) == 0 ? 0 : errno;
}

/* One that cannot be made or written keeps nobody from chatting. */
static int make_directory(struct setup *setup) {
    setup->write_error = try_directory(setup->directory);
    return check_mode(setup);
}

/* `why`: what failed, if our key is a temporary one. */
static void warn_unwritable(struct setup *setup, const char *why) {
    bool temporary = setup->identity.temporary;
    if (setup->write_error)
        warn(setup, "data directory %s: %s: %snothing new is remembered", setup->directory,
             strerror(setup->write_error), temporary ? "our key ends with this run, and " : "");
    else if (temporary)
        warn(setup, "%.*s: our key ends with this run", UI_WARNING_SIZE / 2 - 1, why);
}

static const char *login_name(void) {
    const struct passwd *entry = getpwuid(getuid());
    return entry && entry->pw_name[0] ? entry->pw_name : "guest";
}

/* What was given as our nick, or "". A file's is the user's client's, and so its key's: a sender under it would have
 * one of the two blocked by everybody. */
static const char *chosen_nick(const struct client_config *config) {
    return config->sends && !config->nick_is_flag ? "" : config->nick;
}

static bool open_key(struct setup *setup, const char *base, struct why *why) {
    const struct client_config *config = setup->config;
    if (!config->sends) return identity_open(setup->directory, base, &setup->identity, why);
    return identity_open_sender(setup->directory, chosen_nick(config), (unsigned)config->timeout, &setup->identity,
                                why);
}

/* Our key may be behind a passphrase. Whoever gives one where it is not believes that it is. */
static int unseal_key(struct setup *setup) {
    struct key_passphrase how = {.flag = KEY_PASSPHRASE_FLAG, .descriptor = setup->config->key_passphrase_fd};
    char of[64], fingerprint[FINGERPRINT_TEXT_SIZE];
    uint8_t seed[SEED_SIZE];
    if (!setup->identity.sealed) {
        if (how.descriptor >= 0)
            warn(setup, "%s: our key has no passphrase%s", how.flag,
                 setup->config->sends ? "" : "; gochat --mode identity lock puts one on it");
        return SETUP_OK;
    }
    fingerprint_format(setup->identity.public, fingerprint);
    snprintf(of, sizeof of, "our key %.8s", fingerprint);
    how.of = of;
    if (key_passphrase_known(&how, &setup->identity.box, seed) != KEY_PASSPHRASE_GIVEN) return SETUP_USAGE;
    identity_unseal(&setup->identity, seed);
    sodium_memzero(seed, sizeof seed);
    return SETUP_OK;
}

/* As many bytes of `text` as are whole characters, and at most `most`. */
static int whole_characters(const char *text, size_t most) {
    size_t size = strnlen(text, most);
    while (size > 0 && ((unsigned char)text[size] & 0xc0) == 0x80) size--;
    return (int)size;
}

/* Without a nick: the login name and four digits of the key, because half the machines' users are called root. */
static int open_identity(struct setup *setup) {
    struct why why;
    const char *given = setup->config->nick, *base = given[0] ? given : login_name();
    if (!open_key(setup, base, &why)) return complain(SETUP_FAILED, why.text);
    warn_unwritable(setup, why.text);
    int unsealed = unseal_key(setup);
    if (unsealed != SETUP_OK) return unsealed;
    char nick[INI_TEXT_SIZE], suffix[16] = "", fingerprint[FINGERPRINT_TEXT_SIZE];
    fingerprint_format(setup->identity.public, fingerprint);
    if (!chosen_nick(setup->config)[0])
        snprintf(suffix, sizeof suffix, "%s-%.4s", setup->config->sends ? "-send" : "", fingerprint);
    snprintf(nick, sizeof nick, "%.*s%s", whole_characters(base, TEXT_NICK_MAX - strlen(suffix)), base, suffix);
    text_nick(nick, strlen(nick), setup->nick);
    return SETUP_OK;
}

/* Where nothing can be written, that was told; but what is there and cannot be read was not. */
static void open_keys(struct setup *setup, struct known_keys *known, const char *name) {
    struct why why;
    bool opened = known_keys_open(known, setup->directory, name, &why);
    if (known->log.hidden)
        warn(setup, "%.*s: the keys in it are not looked at, and new ones are forgotten at the end",
             UI_WARNING_SIZE / 2 - 1, why.text);
    else if (known->malformed > 0 && !known->told)
        warn(setup, "%.*s", UI_WARNING_SIZE / 2 - 1, why.text);
    else if (!opened && !setup->write_error)
        warn(setup, "%.*s: new keys are forgotten at the end", UI_WARNING_SIZE / 2 - 1, why.text);
}

static void open_people(struct setup *setup) {
    struct why why;
    bool opened = people_open(&setup->people, setup->directory, &why);
    if (setup->people.log.hidden)
        warn(setup, "%.*s: the people in it are not looked at, and new ones are forgotten at the end",
             UI_WARNING_SIZE / 2 - 1, why.text);
    else if (setup->people.malformed > 0 && !setup->people.told)
        warn(setup, "%.*s", UI_WARNING_SIZE / 2 - 1, why.text);
    else if (!opened && !setup->write_error)
        warn(setup, "%.*s: new people are forgotten at the end", UI_WARNING_SIZE / 2 - 1, why.text);
}

static int open_known(struct setup *setup) {
    open_people(setup);
    open_keys(setup, &setup->known_bootnodes, "known_bootnodes");
    return SETUP_OK;
}

/* --- A passphrase --- */

static int take_passphrase(struct setup *setup, const char *passphrase) {
    setup->passphrase = true;
    setup->secret_size = strlen(passphrase);
    memcpy(setup->secret, passphrase, setup->secret_size);
    return SETUP_OK;
}

/* Nobody is there to choose another one. */
static int take_line(struct setup *setup, char *typed, char *unified) {
    struct why why;
    char judged[128];
    if (!ask_read(setup->config->passphrase_fd, typed, PASSPHRASE_MAX + 2, &why) ||
        !passphrase_unify(typed, unified, &why)) {
        fprintf(stderr, "gochat: --passphrase-fd %d: %s\n", setup->config->passphrase_fd, why.text);
        return SETUP_USAGE;
    }
    double bits = passphrase_bits(unified);
    passphrase_judge(bits, judged, sizeof judged);
    if (bits < PASSPHRASE_WEAK_BITS) warn(setup, "the passphrase is weak: %s", judged);
    return take_passphrase(setup, unified);
}

/* Enter alone wants a proposal. False: asked in vain, or not to be used. */
static bool ask_once(char *typed, char *unified, struct why *why) {
    char judged[128];
    if (!ask("Passphrase of the room (Enter alone: one is proposed): ", true, typed, PASSPHRASE_MAX + 2, why))
        return false;
    bool proposed = *typed == '\0';
    if (proposed) passphrase_propose(unified);
    if (!proposed && !passphrase_unify(typed, unified, why)) return false;
    double bits = proposed ? PASSPHRASE_WORDS * WORDS_BITS : passphrase_bits(unified);
    passphrase_judge(bits, judged, sizeof judged);
    if (proposed) fprintf(stderr, "%s\n", unified);
    fprintf(stderr, "%s\n", judged);
    if (!proposed && bits >= PASSPHRASE_WEAK_BITS) return true;
    if (!ask(proposed ? "Use this one? [Y/n] " : "That is weak. Use it all the same? [y/N] ", false, typed,
             PASSPHRASE_MAX + 2, why))
        return false;
    *why->text = '\0';
    return proposed ? *typed != 'n' && *typed != 'N' : *typed == 'y' || *typed == 'Y';
}

static int ask_passphrase(struct setup *setup, char *typed, char *unified) {
    struct why why;
    if (!ask_possible())
        return complain(SETUP_USAGE, "--passphrase: expected a terminal to ask at; a script gives --passphrase-fd N");
    for (int tries = 0; tries < 3; tries++) {
        if (ask_once(typed, unified, &why)) return take_passphrase(setup, unified);
        if (*why.text) fprintf(stderr, "gochat: %s\n", why.text);
    }
    return complain(SETUP_USAGE, "no passphrase was given");
}

static int read_passphrase(struct setup *setup) {
    char typed[PASSPHRASE_MAX + 2], unified[PASSPHRASE_MAX + 1];
    int result =
        setup->config->passphrase_fd >= 0 ? take_line(setup, typed, unified) : ask_passphrase(setup, typed, unified);
    sodium_memzero(typed, sizeof typed);
    sodium_memzero(unified, sizeof unified);
    return result;
}

/* Of a private room there is more to know than a secret. */
static int take_invited(struct setup *setup) {
    const struct invite *invite = &setup->config->invite;
    size_t root_size = invite->kind == INVITE_SECRET ? 0 : sizeof invite->root;
    setup->enters = root_size > 0;
    setup->secret_size = root_size + invite->secret_size;
    memcpy(setup->secret, invite->root, root_size);
    memcpy(setup->secret + root_size, invite->secret, invite->secret_size);
    return SETUP_OK;
}

static int read_secret(struct setup *setup) {
    if (setup->config->passphrase) return read_passphrase(setup);
    if (setup->config->invited) return take_invited(setup);
    const char *file = setup->config->secret_file;
    struct why why;
    if (!file[0] || secret_file_read(file, getenv("CREDENTIALS_DIRECTORY"), setup->secret, &setup->secret_size, &why))
        return SETUP_OK;
    fprintf(stderr, "gochat: --secret-file %s: %s\n", file, why.text);
    return SETUP_USAGE;
}

/* Negative errno, with `why`. */
static int bind_port(uint16_t port, struct why *why) {
    struct why ignored;
    struct udp_options options = {.whole = true};
    struct address any = {.port = port};
    int failed, socket = udp_open(&any, &options, why);
    if (socket >= 0 || !address_parse("0.0.0.0", 1, &any)) return socket;
    any.port = port; /* no IPv6 here? */
    failed = socket;
    socket = udp_open(&any, &options, &ignored);
    return socket >= 0 ? socket : failed;
}

static int open_socket(struct setup *setup) {
    struct why why;
    setup->socket = bind_port((uint16_t)setup->config->port, &why);
    /* The user's client has it: a sender does as well with another one. */
    if (setup->socket == -EADDRINUSE && setup->config->sends) setup->socket = bind_port(0, &why);
    if (setup->socket < 0) {
        fprintf(stderr, "gochat: --port %lld: %s\n", setup->config->port, why.text);
        return SETUP_FAILED;
    }
    return udp_bound(setup->socket, &setup->bound) ? SETUP_OK : complain(SETUP_FAILED, "the socket has no address");
}

/* The config has checked both lists. Names are looked up by the engine, which no name server holds up. */
static int name_bootnodes(struct setup *setup) {
    setup->bootnode_count = bootnodes_name(setup->config->bootnode, setup->bootnodes);
    (void)bootnodes_pin(setup->config->bootnode_key, setup->bootnodes, setup->bootnode_count);
    for (size_t i = 0; setup->config->invited && i < setup->bootnode_count; i++) {
        const struct invite_host *host = &setup->config->invite.hosts[i];
        setup->bootnodes[i].has_print = host->has_print;
        memcpy(setup->bootnodes[i].print, host->print, sizeof host->print);
    }
    return SETUP_OK;
}

int setup_open(struct setup *setup, const struct client_config *config) {
    memset(setup, 0, sizeof *setup);
    setup->config = config;
    setup->socket = -1;
    setup->identity.lock = -1;
    setup->suite_mask = config->ciphers == CIPHERS_CHACHA ? SUITE_CHACHA20_POLY1305 : suite_mask_available();
    int (*const steps[])(struct setup *) = {read_secret,   name_bootnodes, open_directory, make_directory,
                                            open_identity, open_known,     open_socket};
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
        int result = steps[i](setup);
        if (result != SETUP_OK) return result;
    }
    return SETUP_OK;
}

const char *setup_directory(const struct setup *setup) {
    return access(setup->directory, X_OK) == 0 ? setup->directory : NULL;
}

void setup_close(struct setup *setup) {
    if (setup->socket >= 0) close(setup->socket);
    identity_close(&setup->identity);
    people_close(&setup->people);
    known_keys_close(&setup->known_bootnodes);
    sodium_memzero(setup, sizeof *setup);
}
