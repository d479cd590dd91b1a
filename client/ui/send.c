#include "client/ui/send.h"

#include <inttypes.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client/ui/conversations.h"
#include "client/ui/lines.h"
#include "client/ui/plain.h"
#include "common/clock.h"
#include "common/memory.h"

#define NAMES_SIZE 512
#define GHOSTS_HOLD_MS 20000 /* by then the engine has given up who never answered: OUTGOING_UNANSWERED_MS */
#define REFUSED_HOLD_MS 3000 /* so long another member may let us in */
#define WORD_SHOWN 64        /* bytes of one that is not UTF-8 */

struct sending {
    struct ui *ui;
    struct lines *lines;
    char *words;       /* what is said instead of them; NULL: standard input is */
    size_t words_left; /* bytes at their end that no message has yet */
    struct line line;  /* while it is held: the next one, which waits for credit */
    bool holds;
    int input_error; /* standard input could not be read to its end; 0: it could */
    bool warned;     /* that something is not UTF-8 */
    struct conversations rooms;
    bool joining, began; /* the room was asked for; something was said */
    bool refused;        /* by a private room's member, and error says why */
    bool ending;         /* all was said, and INPUT_END or INPUT_STOP told */
    unsigned said, accepted;
    unsigned waiting;        /* acknowledgements that are still to come */
    bool late;               /* gave up */
    uint64_t deadline;       /* of what is waited for now; NEVER: nothing, or more input */
    char error[NAMES_SIZE];  /* the first, or the last one before we were let in */
    char names[NAMES_SIZE];  /* who did not get it */
    char ghosts[NAMES_SIZE]; /* nor those, but they never answered a handshake of ours */
    bool ghosts_alone;       /* it was for them alone that it waited until it gave up */
    bool finished;
    int status;
};

static const struct conversation *room_of(const struct sending *sending) {
    return conversations_current(&sending->rooms);
}

static void tell(struct sending *sending, struct input *input) {
    if (!queue_push(sending->ui->inputs, &input->node)) abort();
}

static void wait_from_now(struct sending *sending) {
    sending->deadline = clock_boot_ms() + (uint64_t)sending->ui->settings->timeout * 1000;
}

static void end(struct sending *sending, enum input_type how) {
    if (sending->ending) return;
    sending->ending = true;
    sending->deadline = NEVER;
    tell(sending, input_create(how, NULL, NULL, 0));
}

/* --- What the engine tells --- */

static bool is_among(const char *names, const char *label) {
    size_t size = strlen(label);
    for (const char *at = names; (at = strstr(at, label)); at++)
        if ((at == names || at[-1] == ' ') && (at[size] == '\0' || at[size] == ',')) return true;
    return false;
}

static void add_name(char names[static NAMES_SIZE], const char *label) {
    size_t used = strlen(names), size = strlen(label);
    if (used + size + 3 > NAMES_SIZE || is_among(names, label)) return;
    snprintf(names + used, NAMES_SIZE - used, "%s%s", used > 0 ? ", " : "", label);
}

/* Anybody can have a bootnode list members who are not there: who never answered is nobody who should have got it. Whom
 * we block is told of as such. */
static void name(struct sending *sending, const struct member *member) {
    if (member->known)
        add_name(sending->names, member->label);
    else if (member->standing != STANDING_BLOCKED)
        add_name(sending->ghosts, member->label);
}

static void answered(struct sending *sending, const struct event *event) {
    if (sending->waiting > 0) sending->waiting--;
    if (sending->holds && sending->began) { /* what we hold waits anew: there is progress */
        sending->deadline = NEVER;
        sending->ghosts_alone = false;
    }
    if (event->type != EVENT_UNDELIVERED) return;
    const struct member *member = room_of(sending) ? roster_find(&room_of(sending)->roster, event->peer) : NULL;
    if (member) name(sending, member);
}

/* A bootnode's silence says whose it is. */
static void remember(struct sending *sending, const struct event *event) {
    char text[NAMES_SIZE];
    bool lost = event->type == EVENT_BOOTNODE_LOST && event->bootnode_name;
    if ((sending->began || sending->refused) && sending->error[0]) return;
    snprintf(text, sizeof text, "%s%s%s", lost ? event->bootnode_name : "", lost ? ": " : "", event->text);
    text_filter(text, strlen(text), false, sending->error, sizeof sending->error);
}

/* As people read it: "! this invite was …". */
static void take_refusal(struct sending *sending, const struct event *event) {
    if (sending->began) return;
    char *line = ui_plain_line(event);
    snprintf(sending->error, sizeof sending->error, "%.*s", (int)strcspn(line + 2, "\n"), line + 2);
    free(line);
    sending->refused = true;
    sending->deadline = earlier(sending->deadline, clock_boot_ms() + REFUSED_HOLD_MS);
}

static void take_event(struct sending *sending, const struct event *event) {
    switch (event->type) {
    case EVENT_SENT:
        sending->accepted++;
        sending->waiting += event->recipients;
        break;
    case EVENT_DELIVERED:
    case EVENT_UNDELIVERED: answered(sending, event); break;
    case EVENT_ERROR:
    case EVENT_NOTICE:
    case EVENT_BOOTNODE_LOST: remember(sending, event); break;
    case EVENT_REFUSED: take_refusal(sending, event); break;
    case EVENT_FINISHED:
        sending->finished = true;
        sending->status = event->status;
        break;
    default: break;
    }
    (void)conversations_apply(&sending->rooms, event);
}

static void take_events(struct sending *sending) {
    struct queue_node *node;
    while (!sending->finished && (node = queue_pop(&sending->ui->events))) {
        take_event(sending, (struct event *)node);
        event_destroy((struct event *)node);
    }
}

/* --- What is said --- */

static void join(struct sending *sending) {
    if (sending->joining) return;
    sending->joining = true;
    tell(sending, sending->ui->join);
    sending->ui->join = NULL;
    wait_from_now(sending);
}

/* The first word, as blanks part them, that is not UTF-8. No part of a character is a blank. */
static void warn_of_word(const char *text) {
    size_t size;
    char shown[3 * WORD_SHOWN + 1];
    while (size = strcspn(text, " \t\n"), text[size] != '\0' && text_is_utf8(text, size)) text += size + 1;
    text_filter(text, size < WORD_SHOWN ? size : WORD_SHOWN, false, shown, sizeof shown);
    fprintf(stderr, "gochat: '%s' is not UTF-8: what is wrong is sent as U+FFFD\n", shown);
}

/* The next message of the words: there is more than one where they are longer than a message may be. */
static bool next_words(struct sending *sending) {
    size_t consumed, size = sending->words_left;
    const char *rest = sending->words + strlen(sending->words) - size;
    if (size == 0) return false;
    sending->line.text = sending->lines->text;
    sending->line.size =
        lines_repair(rest, size, sending->lines->text, sizeof sending->lines->text, &consumed, &sending->line.repaired);
    sending->words_left -= consumed;
    if (sending->line.repaired && !sending->warned) warn_of_word(rest);
    sending->warned |= sending->line.repaired;
    return true;
}

static bool next_line(struct sending *sending) {
    if (!lines_next(sending->lines, &sending->line)) return false;
    if (sending->line.repaired && !sending->warned)
        fprintf(stderr, "gochat: standard input, line %" PRIu64 ": not UTF-8: what is wrong is sent as U+FFFD\n",
                sending->line.number);
    sending->warned |= sending->line.repaired;
    return true;
}

static bool all_taken(const struct sending *sending) {
    return lines_finished(sending->lines) && sending->words_left == 0;
}

static void say(struct sending *sending, struct conversation *room) {
    sending->deadline = NEVER;
    sending->began = true;
    sending->holds = false;
    sending->said++;
    room->credit--;
    tell(sending, input_create(INPUT_SAY, room->name, sending->line.text, sending->line.size));
}

static void say_what_there_is(struct sending *sending) {
    while (!sending->ending) {
        if (!sending->holds) sending->holds = sending->words ? next_words(sending) : next_line(sending);
        if (!sending->holds) break;
        join(sending);
        struct conversation *room = conversations_current(&sending->rooms);
        if (!room || room->credit == 0) {
            if (sending->deadline == NEVER) wait_from_now(sending); /* for acknowledgements, which bring credit */
            return;
        }
        say(sending, room);
    }
    if (!all_taken(sending) || sending->ending) return;
    bool all_accepted = sending->accepted == sending->said;
    if (all_accepted && sending->waiting == 0)
        end(sending, INPUT_END);
    else if (sending->deadline == NEVER)
        wait_from_now(sending);
}

/* One message, whatever is in it. */
static void take_words(struct sending *sending, const char *text) {
    lines_end(sending->lines);
    sending->words = copy_text(text + lines_mark(text, strlen(text)));
    sending->words_left = lines_unify(sending->words, strlen(sending->words));
}

/* Something was said, and whoever has not got all of it never answered. */
static bool waits_for_ghosts_alone(const struct sending *sending) {
    const struct conversation *room = room_of(sending);
    size_t ghosts = 0;
    for (size_t i = 0; room && i < room->roster.count; i++) {
        const struct member *member = &room->roster.members[i];
        if (member->waiting == 0) continue;
        if (member->known) return false;
        ghosts++;
    }
    return ghosts > 0 && sending->accepted == sending->said;
}

/* What they hold up the engine gives up for us, and then there is credit again. */
static bool may_yet_go_on(struct sending *sending) {
    if (!sending->holds || sending->ghosts_alone) return false;
    sending->ghosts_alone = waits_for_ghosts_alone(sending);
    sending->deadline += GHOSTS_HOLD_MS;
    return sending->ghosts_alone;
}

static void give_up(struct sending *sending) {
    const struct conversation *room = room_of(sending);
    if (may_yet_go_on(sending)) return;
    sending->ghosts_alone = !sending->holds && all_taken(sending) && waits_for_ghosts_alone(sending);
    sending->late = !sending->ghosts_alone;
    for (size_t i = 0; room && i < room->roster.count; i++)
        if (room->roster.members[i].waiting > 0) name(sending, &room->roster.members[i]);
    end(sending, INPUT_STOP);
}

static void wait_for_something(struct sending *sending) {
    uint64_t now = clock_boot_ms();
    if (now >= sending->deadline) {
        give_up(sending);
        return;
    }
    bool reads = !sending->holds && !sending->lines->ended && !sending->ending;
    struct pollfd wanted[] = {
        {.fd = queue_event(&sending->ui->events), .events = POLLIN},
        {.fd = reads ? sending->ui->input : -1, .events = POLLIN},
    };
    if (!queue_settle(&sending->ui->events)) return;
    int wait = sending->deadline == NEVER ? -1 : (int)(sending->deadline - now);
    if (poll(wanted, 2, wait) > 0 && wanted[1].revents)
        sending->input_error = lines_read(sending->lines, sending->ui->input);
}

/* --- How it went --- */

__attribute__((format(printf, 2, 3))) static int fail(int status, const char *format, ...) {
    va_list arguments;
    fputs("gochat: ", stderr);
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fputc('\n', stderr);
    return status;
}

/* Of what can still be told apart. */
static bool all_was_heard(const struct sending *sending) {
    const struct conversation *room = room_of(sending);
    for (size_t i = 0; room && i < room->deliveries.count; i++)
        if (room->deliveries.items[(room->deliveries.first + i) % DELIVERIES_MAX].delivered == 0) return false;
    return room != NULL;
}

/* With status 0 it is told, and is no fault. */
static int conclude_with_ghosts(const struct sending *sending, const char *room) {
    if (sending->ghosts_alone ? !all_was_heard(sending) : sending->status == ENGINE_STATUS_ALONE)
        return fail(ENGINE_STATUS_ALONE, "nobody who answers is in %s: %s never did", room, sending->ghosts);
    return fail(0, "%s never answered, so did not get it", sending->ghosts);
}

/* A signal leaves with status 0, but what it cut short was not sent. */
static int conclude(const struct sending *sending) {
    const char *given = sending->ui->settings->room;
    char room[3 * ROOM_NAME_MAX + 1];
    text_filter(given, strlen(given), false, room, sizeof room);
    bool cut_short = !all_taken(sending) || sending->holds || (sending->waiting > 0 && !sending->ghosts_alone);
    const char *names = sending->names[0] ? sending->names : "somebody";
    if (sending->status == ENGINE_STATUS_BARRED) return fail(ENGINE_STATUS_BARRED, "%s", sending->error);
    if (sending->input_error)
        return fail(sending->joining ? ENGINE_STATUS_UNDELIVERED : SEND_NOTHING, "standard input: %s",
                    strerror(sending->input_error));
    if (!sending->joining && all_taken(sending))
        return fail(SEND_NOTHING, "%s: expected something to send", sending->words ? "TEXT" : "standard input");
    if (!sending->began && sending->refused) return fail(SEND_OUTSIDE, "%s", sending->error);
    if (!sending->began && sending->late)
        return fail(SEND_OUTSIDE, "no bootnode let us in within %lld s%s%s", sending->ui->settings->timeout,
                    sending->error[0] ? ": " : "", sending->error);
    if (sending->status == ENGINE_STATUS_UNDELIVERED || sending->late)
        return fail(ENGINE_STATUS_UNDELIVERED, "%s did not get everything", names);
    if (cut_short) return fail(ENGINE_STATUS_UNDELIVERED, "ended before everybody had everything");
    if (sending->ghosts[0]) return conclude_with_ghosts(sending, room);
    if (sending->status == ENGINE_STATUS_ALONE) return fail(ENGINE_STATUS_ALONE, "nobody is in %s", room);
    return 0;
}

int send_run(struct ui *ui) {
    struct sending sending = {.ui = ui, .lines = allocate(sizeof *sending.lines), .deadline = NEVER};
    lines_init(sending.lines);
    conversations_init(&sending.rooms, ui->nick, ui->fingerprint);
    if (ui->settings->text) take_words(&sending, ui->settings->text);
    while (!sending.finished) {
        take_events(&sending);
        if (sending.finished) break;
        say_what_there_is(&sending);
        wait_for_something(&sending);
    }
    int status = conclude(&sending);
    conversations_clear(&sending.rooms);
    free(sending.words);
    free(sending.lines);
    return status;
}
