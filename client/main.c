#include "client/main.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "client/command_line/command_line.h"
#include "client/curses/emergency.h"
#include "client/curses/terminal_type.h"
#include "client/enclosure.h"
#include "client/face.h"
#include "client/helper/helper.h"
#include "client/setup.h"
#include "client/threads/crypto_thread.h"
#include "client/threads/receiver.h"
#include "client/threads/sockets.h"
#include "common/clock.h"
#include "common/dumps.h"
#include "common/log.h"
#include "common/thread.h"

#define LEAVE_MOST_MS 5000 /* the engine takes 2 s at most; then it is the reader of our output who holds us up */

/* The three threads of events.h, and the main thread, which waits for signals. */
struct client {
    struct helper *helper;
    struct setup setup;
    struct sockets sockets;
    struct ui ui;
    struct thread ui_thread;
    struct receiver receiver;
    struct crypto_thread crypto;
    char fingerprint[FINGERPRINT_TEXT_SIZE];
    int ui_ended; /* eventfd */
    int signals;  /* signalfd */
    int status;
};

static void ui_thread_run(void *argument) {
    struct client *client = argument;
    client->status = face_run(&client->ui);
    uint64_t one = 1;
    (void)!write(client->ui_ended, &one, sizeof one);
}

/* What lies under a screen is given back to the shell. */
static _Noreturn void end_here(int signal) {
    emergency_restore();
    _exit(128 + signal);
}

static int until(uint64_t end) {
    uint64_t now = clock_boot_ms();
    return now < end ? (int)(end - now) : 0;
}

/* The first signal leaves gracefully; a second one, from somebody in a hurry, ends the program where it stands. But
 * SIGHUP comes more than once when a terminal is closed (from the shell, then from the kernel), and by some service
 * managers after SIGTERM: nobody is in a hurry then. */
static void wait_for_end(struct client *client) {
    struct pollfd wanted[] = {{.fd = client->ui_ended, .events = POLLIN},
                              {.fd = client->signals, .events = POLLIN},
                              {.fd = client->helper->socket}};
    uint64_t end = 0;
    int caught = 0;
    for (;;) {
        int ready = poll(wanted, sizeof wanted / sizeof *wanted, caught ? until(end) : -1);
        if (ready < 0 && errno != EINTR) return;
        if (ready == 0) end_here(caught);
        if (ready < 0) continue;
        if (wanted[0].revents) return;
        if (wanted[2].revents && helper_check(client->helper)) wanted[2].fd = -1;
        struct signalfd_siginfo info;
        if (!wanted[1].revents || read(client->signals, &info, sizeof info) != sizeof info) continue;
        if (caught && info.ssi_signo == SIGHUP) continue;
        if (caught) end_here((int)info.ssi_signo);
        caught = (int)info.ssi_signo;
        end = clock_boot_ms() + LEAVE_MOST_MS;
        /* This queue has no limit, so a push to it does not fail. */
        (void)queue_push(&client->crypto.inputs, &input_create(INPUT_STOP, NULL, NULL, 0)->node);
    }
}

/* What the shell or nohup(1) had us ignore stays ignored: a blocked signal would come through the signalfd all the
 * same.
 */
static int catch_signals(void) {
    static const int farewells[] = {SIGINT, SIGTERM, SIGHUP};
    sigset_t set;
    sigemptyset(&set);
    for (size_t i = 0; i < sizeof farewells / sizeof *farewells; i++) {
        struct sigaction action;
        if (sigaction(farewells[i], NULL, &action) == 0 && action.sa_handler != SIG_IGN) sigaddset(&set, farewells[i]);
    }
    sigprocmask(SIG_BLOCK, &set, NULL);
    return signalfd(-1, &set, SFD_CLOEXEC);
}

/* The UI thread reads these from a signalfd of its own: they must be blocked everywhere, and so first of all here. */
static void leave_to_screen(void) {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGWINCH);
    sigaddset(&set, SIGTSTP);
    sigaddset(&set, SIGCONT);
    sigprocmask(SIG_BLOCK, &set, NULL);
}

/* The crypto thread derives the keys: no screen has to wait for that. */
static void join_first_room(struct client *client) {
    const struct setup *setup = &client->setup;
    enum input_type type = setup->config->founds ? INPUT_FOUND : setup->enters ? INPUT_ENTER : INPUT_JOIN;
    struct input *input = input_create(type, setup->config->room, (const char *)setup->secret, setup->secret_size);
    input->passphrase = setup->passphrase;
    input->once = setup->config->once;
    input->lasts_ms = (uint64_t)setup->config->invite_s * 1000;
    if (client->ui.kind == UI_SEND)
        client->ui.join = input;
    else
        (void)queue_push(&client->crypto.inputs, &input->node);
}

static int converse(struct client *client) {
    client->status = SETUP_FAILED;
    join_first_room(client);
    int error = receiver_start(&client->receiver, &client->sockets, &client->crypto.filled);
    if (error != 0) goto no_receiver;
    error = crypto_thread_start(&client->crypto);
    if (error != 0) goto no_crypto;
    error = thread_start(&client->ui_thread, "ui", false, ui_thread_run, client);
    if (error == 0) {
        wait_for_end(client);
        thread_join(&client->ui_thread);
    } else {
        (void)queue_push(&client->crypto.inputs, &input_create(INPUT_STOP, NULL, NULL, 0)->node);
    }
    crypto_thread_join(&client->crypto);
no_crypto:
    receiver_stop(&client->receiver);
no_receiver:
    if (error != 0) fprintf(stderr, "gochat: cannot start threads: %s\n", strerror(-error));
    return client->status;
}

static void events_clear(struct queue *events) {
    struct queue_node *node;
    while ((node = queue_pop(events))) event_destroy((struct event *)node);
    queue_destroy(events);
}

static void ui_set_up(struct client *client, struct client_config *config, enum ui_kind kind) {
    fingerprint_format(client->setup.identity.public, client->fingerprint);
    client->ui = (struct ui){.inputs = &client->crypto.inputs,
                             .kind = kind,
                             .input = STDIN_FILENO,
                             .output = STDOUT_FILENO,
                             .settings = config,
                             .directory = setup_directory(&client->setup),
                             .nick = client->setup.nick,
                             .fingerprint = client->fingerprint,
                             .warnings = client->setup.warnings,
                             .warning_count = client->setup.warning_count};
    if (kind == UI_CURSES) leave_to_screen();
}

static void tell_warnings(const struct setup *setup) {
    for (size_t i = 0; i < setup->warning_count; i++) fprintf(stderr, "gochat: %s\n", setup->warnings[i]);
}

static int run(struct client_config *config, enum ui_kind kind, struct helper *helper) {
    static struct client client; /* large: its own tables, and the buffers and rooms that hang on it */
    client.helper = helper;
    client.signals = client.ui_ended = -1;
    int status = setup_open(&client.setup, config);
    if (status != SETUP_OK) goto no_setup;
    client.signals = catch_signals(); /* not before: a sender may wait for its key, and nothing is to be left yet */
    client.ui_ended = eventfd(0, EFD_CLOEXEC);
    ui_set_up(&client, config, kind);
    status = SETUP_FAILED;
    if (client.signals < 0 || client.ui_ended < 0 || queue_init(&client.ui.events, 0) != 0) {
        fputs("gochat: out of memory or descriptors\n", stderr);
        goto no_setup;
    }
    tell_warnings(&client.setup);
    if (sockets_init(&client.sockets, client.setup.socket, &client.setup.bound) != 0) {
        fputs("gochat: out of memory or descriptors\n", stderr);
        goto no_sockets;
    }
    if (crypto_thread_open(&client.crypto, &client.setup, helper, &client.sockets, &client.receiver,
                           &client.ui.events) &&
        enclosure_enter(&client.setup, kind, helper))
        status = converse(&client);
    input_destroy(client.ui.join);
    crypto_thread_close(&client.crypto);
    sockets_clear(&client.sockets);
no_sockets:
    events_clear(&client.ui.events);
no_setup:
    setup_close(&client.setup);
    if (client.ui_ended >= 0) close(client.ui_ended);
    if (client.signals >= 0) close(client.signals);
    return status;
}

/* Why no screen can be drawn here, or NULL. Nothing to tell where nobody expects one: `why` is empty then. */
static const char *no_screen(struct why *why) {
    const char *term = getenv("TERM");
    if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO)) return "";
    if (terminal_type_here(why)) return NULL;
    return term && term[0] && strcmp(term, "dumb") != 0 ? why->text : "";
}

/* False: a screen was asked for where none can be. */
static bool choose_ui(const struct client_config *config, enum ui_kind *kind) {
    struct why why;
    const char *missing;
    bool terminal = isatty(STDIN_FILENO) && isatty(STDOUT_FILENO);
    if (config->sends) {
        *kind = UI_SEND;
        return true;
    }
    switch (config->ui) {
    case UI_CHOICE_JSON: *kind = UI_JSON; return true;
    case UI_CHOICE_PLAIN: *kind = UI_PLAIN; return true;
    case UI_CHOICE_CURSES: *kind = UI_CURSES; break;
    default:
        missing = no_screen(&why);
        *kind = missing ? UI_PLAIN : UI_CURSES;
        if (missing && *missing) fprintf(stderr, "gochat: lines instead of a screen: %s\n", missing);
        return true;
    }
    if (!terminal)
        fputs("gochat: --ui curses: expected a terminal as standard input and output (plain and json need none)\n",
              stderr);
    else if (!terminal_type_here(&why))
        fprintf(stderr, "gochat: --ui curses: %s\n", why.text);
    else
        return true;
    return false;
}

static int run_as_told(struct client_config *config, struct helper *helper) {
    enum ui_kind kind;
    log_set_level((enum log_level)config->log_level);
    return choose_ui(config, &kind) ? run(config, kind, helper) : SETUP_USAGE;
}

static int read_and_run(int argc, char **argv, struct helper *helper) {
    struct client_config config;
    int status = SETUP_USAGE;
    if (sodium_init() < 0) {
        fputs("gochat: libsodium does not start\n", stderr);
        return SETUP_FAILED;
    }
    switch (command_line_read(argc, argv, &config)) {
    case COMMAND_LINE_DONE: status = 0; break;
    case COMMAND_LINE_BAD: break;
    case COMMAND_LINE_RUN: status = run_as_told(&config, helper);
    }
    free(config.text);
    sodium_memzero(&config.invite, sizeof config.invite);
    return status;
}

/* The helper process comes before everything else: what is not read yet is not in its memory. */
int client_main(int argc, char **argv) {
    static struct helper helper; /* the last threads to ask it may still be there when this function is not */
    dumps_forbid();
    signal(SIGPIPE, SIG_IGN);
    int error = helper_start(&helper, argc, argv);
    if (error != 0) {
        fprintf(stderr, "gochat: cannot start the helper process: %s\n", strerror(-error));
        return SETUP_FAILED;
    }
    int status = read_and_run(argc, argv, &helper);
    helper_end(&helper);
    return status;
}
