#include "client/ui/line_ui.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "client/ui/code.h"
#include "client/ui/commands.h"
#include "client/ui/flood_lines.h"
#include "client/ui/json.h"
#include "client/ui/lines.h"
#include "client/ui/models.h"
#include "client/ui/objects.h"
#include "client/ui/plain.h"
#include "common/clock.h"
#include "common/log.h"
#include "common/memory.h"
#include "common/output.h"

#define FOLD_MS 2000       /* after one who comes or goes, others wait so long to be one line */
#define LOST_MOST_MS 10000 /* as long as what was said may take to be delivered (engine.h) */

struct loop {
    struct ui *ui;
    struct lines *lines;
    struct models models;
    struct command_host host;
    /* The next line is for the room that this event decides on: JOINED or PARTED of it. EVENT_NONE: nothing is. */
    enum event_type awaited;
    char awaited_room[ROOM_NAME_MAX + 1];
    struct line line; /* while it is held: the next one, which waits for credit */
    bool holds;
    struct objects objects; /* of the input of JSON */
    bool holds_object;      /* which is what is held */
    bool entered;           /* there was a room */
    bool skips;             /* the rest of a line that was a command */
    bool reads;             /* input is open */
    bool shows;             /* output is open */
    uint64_t ends_by;       /* it is not: what is not said by then is not said */
    uint64_t waits_until;   /* input is over before a bootnode let us in: one may do so until then; NEVER: not so */
    int input_error;        /* that input cannot be read any more, and is still to be told; 0: none */
    bool told;              /* INPUT_END was said */
    bool warned;            /* that input is no UTF-8 */
    /* Of UI_PLAIN: comings and goings that are not told yet, in this room; NULL: none. They are at `folded_until`, and
     * until then those who come after one that was told are held. */
    struct conversation *folded;
    uint64_t folded_until;
    bool finished;
    int status;
};

static char *line_of(const struct loop *loop, const struct event *event, const struct conversation *room) {
    if (loop->ui->kind == UI_JSON) return ui_json_line(event);
    return ui_plain_line_among(event, room ? &room->roster : NULL);
}

static struct conversation *room_of(const struct loop *loop, const char *name) {
    return name ? conversations_find(&loop->models.conversations, name) : NULL;
}

/* --- To the engine --- */

/* The queue has no limit: credit bounds what is in it. */
static void push(struct loop *loop, struct input *input) {
    if (!queue_push(loop->ui->inputs, &input->node)) abort();
}

static void end_input(struct loop *loop) {
    loop->reads = false;
    if (!loop->told) push(loop, input_create(INPUT_END, NULL, NULL, 0));
    loop->told = true;
}

static void await(struct loop *loop, enum event_type type, const char *room) {
    loop->awaited = type;
    snprintf(loop->awaited_room, sizeof loop->awaited_room, "%s", room);
}

static void tell(void *context, struct input *input) {
    struct loop *loop = context;
    struct conversation *room = room_of(loop, input->room);
    if (input->type == INPUT_SAY && room) room->credit--;
    if (input->type == INPUT_JOIN || input->type == INPUT_ENTER) await(loop, EVENT_JOINED, input->room);
    if (input->type == INPUT_PART && room == conversations_current(&loop->models.conversations))
        await(loop, EVENT_PARTED, room->name);
    push(loop, input);
}

/* --- Out --- */

/* "[room] " in front of each line; takes them. */
static char *prefixed(char *lines, const char *title) {
    char *out, *rest = lines;
    size_t size;
    FILE *stream = open_memstream(&out, &size);
    if (!stream) abort();
    for (char *line; *rest && (line = strsep(&rest, "\n"));) fprintf(stream, "[%s] %s\n", title, line);
    if (fclose(stream) != 0) abort();
    free(lines);
    return out;
}

/* What is wrong with it is told by the loop: output may be what is being lost now. */
static void read_input(struct loop *loop) {
    int error = lines_read(loop->lines, loop->ui->input);
    if (error) loop->input_error = error;
}

/* What lies there already, whole lines of it, and no more than the buffer holds. */
static void read_last_input(struct loop *loop) {
    struct pollfd wanted = {.fd = loop->ui->input, .events = POLLIN};
    size_t room;
    while (!loop->lines->ended && (lines_space(loop->lines, &room), room > 0) && poll(&wanted, 1, 0) > 0)
        read_input(loop);
    if (!loop->lines->ended) lines_cut(loop->lines);
}

/* What is given to say is still said, and delivered, as far as that takes no longer than an end may. Where a reader
 * went away, or somebody types, the end is now. */
static void lose_output(struct loop *loop, int error) {
    output_failed("gochat", error);
    loop->shows = false;
    loop->ends_by = clock_boot_ms() + LOST_MOST_MS;
    if (loop->reads && (error == EPIPE || isatty(loop->ui->input))) read_last_input(loop);
}

static char *lines_of(const struct loop *loop, const struct event *event, const struct conversation *room) {
    if (!loop->shows) return NULL;
    bool code = event->type == EVENT_CODE && loop->ui->kind == UI_PLAIN;
    return code ? code_lines(event->text, loop->ui->output) : line_of(loop, event, room);
}

static void print(struct loop *loop, const struct event *event) {
    const struct conversation *room = room_of(loop, event->room);
    char *line = lines_of(loop, event, room);
    if (line && room && event->type != EVENT_CODE && loop->ui->kind == UI_PLAIN && loop->models.conversations.count > 1)
        line = prefixed(line, room->title);
    if (line && !output_write(loop->ui->output, line, strlen(line))) lose_output(loop, errno);
    free(line);
}

static void unfold(struct loop *loop) {
    struct conversation *folded = loop->folded;
    if (!folded) return;
    loop->folded = NULL;
    char *text = comings_text(&folded->comings);
    struct event *event = event_create(EVENT_NOTICE, text, strlen(text));
    event->room = folded->name;
    comings_end(&folded->comings);
    loop->folded_until = clock_boot_ms() + FOLD_MS;
    print(loop, event);
    event_destroy(event);
    free(text);
}

static void show(void *context, const struct event *event) {
    unfold(context);
    print(context, event);
}

/* Who comes and goes is told at once; who does so right after that, with all who do by then. */
static void show_coming(struct loop *loop, const struct event *event, const struct taken *taken) {
    struct conversation *room = taken->conversation;
    uint64_t now = clock_boot_ms();
    if (loop->folded != room) unfold(loop);
    struct coming coming = {event, taken->author, room->roster.count, conversations_joins(&loop->models.conversations)};
    enum comings_told told = comings_take(&room->comings, &coming, now);
    if (told == COMINGS_HIDDEN) return;
    if (told == COMINGS_OTHER || (told == COMINGS_ALONE && now >= loop->folded_until)) {
        show(loop, event);
        comings_end(&room->comings);
        if (told == COMINGS_ALONE) loop->folded_until = now + FOLD_MS;
        return;
    }
    if (now >= loop->folded_until) loop->folded_until = now + FOLD_MS;
    loop->folded = room;
}

static void show_text(struct loop *loop, enum event_type type, const char *room, const char *text, size_t size) {
    struct event *event = event_create(type, text, size);
    event->room = room;
    show(loop, event);
    event_destroy(event);
}

static void tell_floods(struct loop *loop) {
    const struct conversation *room;
    for (char *text; (text = flood_lines_over(&loop->models, clock_wall_ms(), &room)); free(text))
        show_text(loop, EVENT_NOTICE, room->name, text, strlen(text));
}

static bool is_flood(struct loop *loop, const struct event *event, const struct taken *taken) {
    char *text;
    bool terminal = isatty(loop->ui->output);
    tell_floods(loop);
    if (!flood_lines_take(&loop->models, event, taken, terminal, clock_wall_ms(), &text)) return false;
    if (text) show_text(loop, EVENT_NOTICE, event->room, text, strlen(text));
    free(text);
    return true;
}

static void show_error(struct loop *loop, const char *text) {
    show_text(loop, EVENT_ERROR, NULL, text, strlen(text));
}

static void show_current(struct loop *loop) {
    const struct conversation *room = conversations_current(&loop->models.conversations);
    char text[3 * ROOM_NAME_MAX + 32];
    if (!room) return;
    snprintf(text, sizeof text, "you speak in %s now", room->title);
    show_text(loop, EVENT_NOTICE, room->name, text, strlen(text));
}

static void show_old(void *context, const char *text, size_t size) {
    struct loop *loop = context;
    show_text(loop, EVENT_NOTICE, conversations_current(&loop->models.conversations)->name, text, size);
}

/* --- Events --- */

static void go(void *context, struct conversation *to) {
    struct loop *loop = context;
    for (size_t i = 0; i < loop->models.conversations.count; i++)
        if (loop->models.conversations.list[i] == to) loop->models.conversations.current = i;
    show_current(loop);
}

static void quit(void *context) {
    end_input(context);
}

static void log_event(struct loop *loop, const struct event *event, const char *label) {
    struct why why;
    if (!transcripts_append(&loop->models.transcripts, event, label, clock_wall_ms(), &why)) show_error(loop, why.text);
}

/* Is it what the next line waits for? A join that fails is an error that names no room: one of that room is of the
 * time before, while we are still leaving it, and its members can cause some. */
static bool is_awaited(const struct loop *loop, const struct event *event) {
    if (event->type == EVENT_ERROR) return loop->awaited == EVENT_JOINED && !event->room;
    return event->type == loop->awaited && event->room && strcmp(event->room, loop->awaited_room) == 0;
}

static void enter(struct loop *loop, const struct conversation *room) {
    loop->entered = true;
    if (loop->ui->kind == UI_PLAIN) transcripts_last(&loop->models.transcripts, room->name, show_old, loop);
}

static void leave(struct loop *loop, struct conversation *room) {
    if (loop->folded == room) unfold(loop);
    bool was_current = room == conversations_current(&loop->models.conversations);
    conversations_remove(&loop->models.conversations, room);
    if (was_current) show_current(loop);
}

static void take_event(struct loop *loop, const struct event *event) {
    struct taken taken;
    models_take(&loop->models, event, &taken);
    if (event->type == EVENT_FINISHED) {
        loop->finished = true;
        loop->status = event->status;
    }
    if (is_awaited(loop, event)) loop->awaited = EVENT_NONE;
    if (taken.heard) {
        if (!taken.conversation || loop->ui->kind != UI_PLAIN)
            show(loop, event);
        else if (!is_flood(loop, event, &taken))
            show_coming(loop, event, &taken);
        if (event->type == EVENT_INVITE) show_text(loop, EVENT_CODE, event->room, event->text, event->text_size);
        if (taken.conversation) log_event(loop, event, taken.label);
    }
    if (taken.conversation && event->type == EVENT_JOINED) enter(loop, taken.conversation);
    if (taken.conversation && event->type == EVENT_PARTED) leave(loop, taken.conversation);
}

/* A queue's nodes are the first members of what they carry. */
static void take_events(struct loop *loop) {
    struct queue_node *node;
    while (!loop->finished && (node = queue_pop(&loop->ui->events))) {
        struct event *event = (struct event *)node;
        take_event(loop, event);
        event_destroy(event);
    }
}

/* --- Lines --- */

static void say(struct loop *loop, const char *text, size_t size) {
    const struct conversation *room = conversations_current(&loop->models.conversations);
    if (room)
        tell(loop, input_create(INPUT_SAY, room->name, text, size));
    else
        show_error(loop, "you are in no room, expected /join ROOM first");
}

static void run_command(struct loop *loop, const struct line *line) {
    char text[64];
    if (loop->lines->continues) {
        snprintf(text, sizeof text, "expected a command of at most %d bytes", MESSAGE_TEXT_MAX);
        show_error(loop, text);
    } else if (strlen(line->text) < line->size) {
        show_error(loop, "expected a command without zero bytes");
    } else {
        commands_run(&loop->host, line->text);
    }
}

static void take_line(struct loop *loop, const struct line *line) {
    const char *text = line->begins ? commands_text(line->text) : line->text;
    if (line->repaired && !loop->warned)
        log_warning("input", "line %" PRIu64 ": not UTF-8: what is wrong is sent as U+FFFD", line->number);
    loop->warned |= line->repaired;
    if (line->begins) loop->skips = commands_is(line->text);
    if (!loop->skips)
        say(loop, text, line->size - (size_t)(text - line->text));
    else if (line->begins)
        run_command(loop, line);
}

/* Is it known where the next line goes? */
static bool may_read(const struct loop *loop) {
    bool somewhere = conversations_current(&loop->models.conversations) || loop->entered;
    return loop->reads && loop->awaited == EVENT_NONE && somewhere;
}

/* Who is in no room any more can only give commands. */
static bool has_credit(const struct loop *loop) {
    const struct conversation *room = conversations_current(&loop->models.conversations);
    return !room || room->credit > 0;
}

/* A room that gives no credit, because it is full, say, can still be left. */
static bool may_take(const struct loop *loop) {
    const struct line *line = &loop->line;
    if (loop->holds_object) return objects_may_run(&loop->objects, &loop->host);
    if (has_credit(loop)) return true;
    return line->begins ? commands_is(line->text) && commands_goes_ahead(line->text) : loop->skips;
}

/* The next line, piece of one, or object. */
static bool hold_next(struct loop *loop) {
    loop->holds_object = false;
    while (lines_next(loop->lines, &loop->line)) {
        if (loop->ui->kind != UI_JSON || !objects_take(&loop->objects, &loop->line)) return true;
        loop->holds_object = objects_add(&loop->objects, &loop->host, &loop->line);
        if (loop->holds_object) return true;
    }
    return false;
}

/* Whose room waits for a bootnode may wait for ever, and nobody is there any more who would end it. */
static bool waits_in_vain(struct loop *loop) {
    const struct conversation *room = conversations_current(&loop->models.conversations);
    uint64_t now = clock_boot_ms(), patience_ms = (uint64_t)loop->ui->settings->timeout * 1000;
    if (!loop->reads || !loop->lines->ended || !room || room->listed)
        loop->waits_until = NEVER;
    else if (loop->waits_until == NEVER)
        loop->waits_until = now + patience_ms;
    return now >= loop->waits_until;
}

static void give_up(struct loop *loop) {
    char text[128];
    snprintf(text, sizeof text, "input has ended, and no bootnode let us in within %lld s%s",
             loop->ui->settings->timeout,
             loop->holds || !lines_finished(loop->lines) ? ": what it had is not said" : "");
    show_error(loop, text);
    end_input(loop);
}

static void take_lines(struct loop *loop) {
    while (may_read(loop)) {
        if (!loop->holds) loop->holds = hold_next(loop);
        if (!loop->holds || !may_take(loop)) break;
        loop->holds = false;
        if (loop->holds_object)
            objects_run(&loop->objects, &loop->host);
        else
            take_line(loop, &loop->line);
    }
    bool nothing_left = loop->reads && !loop->holds && lines_finished(loop->lines);
    if (nothing_left && (!loop->shows || (may_read(loop) && has_credit(loop)))) end_input(loop);
    if (loop->reads && clock_boot_ms() >= loop->ends_by) end_input(loop);
    if (waits_in_vain(loop)) give_up(loop);
}

static void show_unreadable(struct loop *loop) {
    char text[128];
    snprintf(text, sizeof text, "standard input: %s", strerror(loop->input_error));
    loop->input_error = 0;
    show_error(loop, text);
}

static uint64_t least(uint64_t a, uint64_t b) {
    return a < b ? a : b;
}

static int until(uint64_t end) {
    uint64_t now = clock_boot_ms();
    if (end == NEVER) return -1;
    return end > now ? (int)(end - now) : 0;
}

/* While the next line waits for a bootnode, what follows is read as far as there is room, to see the end. */
static bool wants_input(const struct loop *loop) {
    const struct conversation *room = conversations_current(&loop->models.conversations);
    size_t space;
    if (!may_read(loop) || loop->lines->ended) return false;
    if (!loop->holds) return true;
    (void)lines_space(loop->lines, &space);
    return room && !room->listed && space > 0;
}

/* poll(2) reports a hang-up unasked, so a descriptor that is not read now is left out altogether. */
static void wait_for_something(struct loop *loop) {
    bool reads = wants_input(loop);
    struct pollfd wanted[] = {
        {.fd = queue_event(&loop->ui->events), .events = POLLIN},
        {.fd = reads ? loop->ui->input : -1, .events = POLLIN},
    };
    tell_floods(loop);
    uint64_t flood_wait = flood_lines_wait(&loop->models, clock_wall_ms());
    uint64_t end =
        least(loop->reads ? least(loop->ends_by, loop->waits_until) : NEVER, loop->folded ? loop->folded_until : NEVER);
    int wait = until(flood_wait == NEVER ? end : least(end, clock_boot_ms() + flood_wait));
    if (!queue_settle(&loop->ui->events)) return;
    if (poll(wanted, 2, wait) > 0 && wanted[1].revents) read_input(loop);
    if (loop->input_error) show_unreadable(loop);
    if (loop->folded && clock_boot_ms() >= loop->folded_until) unfold(loop);
}

static void open_models(struct loop *loop) {
    struct why why;
    if (!models_open(&loop->models, loop->ui, &why)) show_error(loop, why.text);
    loop->host = (struct command_host){.context = loop,
                                       .models = &loop->models,
                                       .settings = loop->ui->settings,
                                       .tell = tell,
                                       .show = show,
                                       .go = go,
                                       .quit = quit};
}

int line_ui_run(struct ui *ui) {
    struct loop loop = {.ui = ui,
                        .lines = allocate(sizeof *loop.lines),
                        .awaited = EVENT_NONE,
                        .reads = true,
                        .shows = true,
                        .ends_by = NEVER,
                        .waits_until = NEVER};
    lines_init(loop.lines);
    open_models(&loop);
    for (;;) {
        take_events(&loop);
        if (loop.finished) break;
        take_lines(&loop);
        wait_for_something(&loop);
    }
    unfold(&loop);
    models_close(&loop.models);
    objects_clear(&loop.objects);
    free(loop.lines);
    return loop.status;
}
