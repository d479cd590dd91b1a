/* A town: several nodes of a cluster, each with a view of its own (bootnode/cluster/view.h), on a clock, a board and a
 * network of the test, which lose, delay and cut. What the cluster's thread does at its turns is done here in the same
 * order; nothing is sent but by calls. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bootnode/cluster/probe.h"
#include "bootnode/cluster/view.h"

#define TOWN_TURN_MS 250
#define TOWN_MAIL_MAX 8192

enum town_state { TOWN_DOWN, TOWN_UP, TOWN_STOPPED };

struct town_node {
    enum town_state state;
    uint8_t id;
    struct view view;
    struct probe probe;
    struct view_record kept;
    bool has_kept;
    uint64_t counter, beacon_ms, turned_ms, stopped_ms;
    int64_t clock_ms; /* off by so much */
    bool board_cut;   /* no NATS server is there for it */
    bool path_cut;    /* nobody reaches it by STUN, and it reaches nobody */
    uint16_t weight;
    uint32_t moving;
    bool draining;
    unsigned changes; /* of its list, since it was started */
};

struct town_mail {
    uint64_t at_ms;
    size_t to;
    struct beacon beacon;
};

struct town {
    uint64_t now, wall;
    bool board_down;
    unsigned loss_percent, delay_ms; /* of the board */
    uint32_t dice;
    uint8_t replicas;
    size_t count;
    struct town_node *nodes;
    struct town_mail *mail;
    size_t mail_count;
};

/* `count` nodes with the ids 1, 2 …, all of them down. */
void town_make(struct town *town, size_t count);
void town_free(struct town *town);
/* Starts one, as of now, with what it kept. */
void town_start(struct town *town, size_t index);
void town_start_all(struct town *town);
/* Ends it without a word; what it kept stays. */
void town_kill(struct town *town, size_t index);
/* SIGSTOP and SIGCONT. */
void town_stop(struct town *town, size_t index);
void town_continue(struct town *town, size_t index);
/* It is nowhere to be reached, or is again. */
void town_cut(struct town *town, size_t index, bool cut);
/* So many milliseconds pass; `each` (may be NULL) is called after each turn. */
void town_pass(struct town *town, uint64_t ms, void (*each)(struct town *));
/* Passes time until it is so, and returns how long that took; fails the test after `most_ms`. */
uint64_t town_await(struct town *town, bool (*so)(const struct town *), uint64_t most_ms);

struct view *town_view(const struct town *town, size_t index);
/* Has the node's view that other one? */
bool town_sees(const struct town *town, size_t index, size_t other);
/* Nodes in which two views differ. */
size_t town_differ(const struct town *town, size_t index, size_t other);
/* All that run have the same view, which is all that run. */
bool town_agrees(const struct town *town);
