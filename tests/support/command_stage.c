#include "tests/support/command_stage.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "client/ui/plain.h"

/* --- What commands act on --- */

static void tell(void *context, struct input *input) {
    struct command_stage *stage = context;
    assert_true(stage->told_count < STAGE_INPUTS);
    stage->told[stage->told_count++] = input;
}

static void show(void *context, const struct event *event) {
    struct command_stage *stage = context;
    if (event->type == EVENT_CODE) {
        fprintf(stage->output, "[code of %s]\n", event->text);
        return;
    }
    char *line = ui_plain_line(event);
    assert_non_null(line);
    fputs(line, stage->output);
    free(line);
}

static void go(void *context, struct conversation *to) {
    struct command_stage *stage = context;
    while (conversations_current(&stage->models.conversations) != to)
        stage->models.conversations.current =
            (stage->models.conversations.current + 1) % stage->models.conversations.count;
}

static void find(void *context, const char *text) {
    struct command_stage *stage = context;
    snprintf(stage->found, sizeof stage->found, "<%s>", text);
}

static void clear(void *context) {
    ((struct command_stage *)context)->clears++;
}

static void settings_changed(void *context) {
    ((struct command_stage *)context)->changes++;
}

static void help_with_keys(void *context) {
    ((struct command_stage *)context)->key_helps++;
}

static void quit(void *context) {
    ((struct command_stage *)context)->quits++;
}

void stage_open(struct command_stage *stage, const char *directory) {
    struct why why;
    memset(stage, 0, sizeof *stage);
    conversations_init(&stage->models.conversations, "carol", OUR_KEY);
    assert_true(ignores_open(&stage->models.ignores, directory, &why));
    transcripts_open(&stage->models.transcripts, directory);
    ini_table_defaults(&client_config_table, &stage->settings);
    assert_non_null(stage->output = open_memstream(&stage->shown, &stage->shown_size));
    stage->host = (struct command_host){.context = stage,
                                        .models = &stage->models,
                                        .settings = &stage->settings,
                                        .tell = tell,
                                        .show = show,
                                        .go = go,
                                        .find = find,
                                        .clear = clear,
                                        .settings_changed = settings_changed,
                                        .keys_help = help_with_keys,
                                        .quit = quit};
}

void stage_close(struct command_stage *stage) {
    assert_int_equal(stage->told_taken, stage->told_count);
    conversations_clear(&stage->models.conversations);
    ignores_close(&stage->models.ignores);
    transcripts_close(&stage->models.transcripts);
    fclose(stage->output);
    free(stage->shown);
}

/* --- Events --- */

struct event *stage_event(const char *room, enum event_type type, const char *text) {
    struct event *event = event_create(type, text, text ? strlen(text) : 0);
    event->room = room;
    return event;
}

void stage_apply(struct command_stage *stage, struct event *event) {
    conversations_apply(&stage->models.conversations, event);
    event_destroy(event);
}

void stage_enter(struct command_stage *stage, const char *room) {
    stage_apply(stage, stage_event(room, EVENT_JOINED, NULL));
}

struct event *stage_event_of(const char *room, enum event_type type, uint8_t id, const char *nick) {
    struct event *event = stage_event(room, type, NULL);
    memset(event->peer, id, sizeof event->peer);
    snprintf(event->nick, sizeof event->nick, "%s", nick);
    return event;
}

void stage_arrive(struct command_stage *stage, const char *room, uint8_t id) {
    stage_apply(stage, stage_event_of(room, EVENT_PEER_JOINED, id, ""));
}

void stage_connect(struct command_stage *stage, const char *room, uint8_t id, const char *nick,
                   const char *fingerprint) {
    struct event *event = stage_event_of(room, EVENT_PEER_CONNECTED, id, nick);
    stage_arrive(stage, room, id);
    assert_true(address_parse("192.0.2.7:4000", 0, &event->address));
    event->rtt_ms = 12;
    event->cipher = "AES-256-GCM";
    memcpy(event->fingerprint, fingerprint, sizeof event->fingerprint);
    snprintf(event->safety, sizeof event->safety, "12345 67890");
    stage_apply(stage, event);
}

void stage_leave(struct command_stage *stage, const char *room, uint8_t id, const char *nick) {
    stage_apply(stage, stage_event_of(room, EVENT_PEER_LEFT, id, nick));
}

/* --- What is expected --- */

void stage_forget_shown(struct command_stage *stage) {
    fclose(stage->output);
    free(stage->shown);
    assert_non_null(stage->output = open_memstream(&stage->shown, &stage->shown_size));
}

void stage_expect_shown(struct command_stage *stage, const char *expected) {
    fflush(stage->output);
    assert_string_equal(stage->shown, expected);
    stage_forget_shown(stage);
}

void stage_expect(struct command_stage *stage, const char *line, const char *expected) {
    assert_true(commands_is(line));
    commands_run(&stage->host, line);
    stage_expect_shown(stage, expected);
}

struct input *stage_expect_told(struct command_stage *stage, const char *line, enum input_type type, const char *room,
                                const char *text) {
    struct input *input;
    stage_expect(stage, line, "");
    assert_int_equal(stage->told_count, stage->told_taken + 1);
    input = stage->told[stage->told_taken];
    assert_int_equal(input->type, type);
    assert_string_equal(input->room, room);
    assert_string_equal(input->text, text);
    assert_int_equal(input->size, strlen(text));
    return input;
}

void stage_done(struct command_stage *stage) {
    input_destroy(stage->told[stage->told_taken++]);
}
