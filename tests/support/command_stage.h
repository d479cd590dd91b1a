/* A user who types commands, and what comes of them. */
#pragma once

#include <stdio.h>

#include "client/ui/commands.h"

#define ALICE "a11c0000000000000000000000000000"
#define BOB "b0b10000000000000000000000000000"
#define OTHER_BOB "b0b20000000000000000000000000000"
#define OUR_KEY "0123456789abcdef0123456789abcdef"
#define STAGE_INPUTS 32

/* A user in a room, and what came of what was typed. */
struct command_stage {
    struct models models;
    struct client_config settings;
    struct command_host host;
    struct input *told[STAGE_INPUTS];
    size_t told_count, told_taken;
    char *shown; /* as plain shows it; a QR code as "[code of TEXT]" */
    size_t shown_size;
    FILE *output;
    char found[64];
    unsigned clears, changes, key_helps, quits;
};

/* Of a member called carol, in no room. `directory` NULL: keeps nothing. */
void stage_open(struct command_stage *stage, const char *directory);
/* Whatever was told has to be looked at before. */
void stage_close(struct command_stage *stage);

/* Events, to be applied or destroyed; and applied, which takes them. */
struct event *stage_event(const char *room, enum event_type type, const char *text);
void stage_apply(struct command_stage *stage, struct event *event);
void stage_enter(struct command_stage *stage, const char *room);
struct event *stage_event_of(const char *room, enum event_type type, uint8_t id, const char *nick);
void stage_arrive(struct command_stage *stage, const char *room, uint8_t id);
void stage_connect(struct command_stage *stage, const char *room, uint8_t id, const char *nick,
                   const char *fingerprint);
void stage_leave(struct command_stage *stage, const char *room, uint8_t id, const char *nick);

/* What was shown so far, as plain has it; then it is forgotten. */
void stage_forget_shown(struct command_stage *stage);
void stage_expect_shown(struct command_stage *stage, const char *expected);
/* Runs a command, which shows that. */
void stage_expect(struct command_stage *stage, const char *line, const char *expected);
/* It shows nothing and tells the engine one thing, to be looked at until stage_done. */
struct input *stage_expect_told(struct command_stage *stage, const char *line, enum input_type type, const char *room,
                                const char *text);
void stage_done(struct command_stage *stage);
