#include "tests/support/town.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "bootnode/cluster/view_intake.h"
#include "common/memory.h"

#define BEGAN 1000000
#define WALL 1795996800000

void town_make(struct town *town, size_t count) {
    memset(town, 0, sizeof *town);
    town->now = BEGAN;
    town->wall = WALL;
    town->dice = 1;
    town->replicas = 2;
    town->count = count;
    town->nodes = allocate_zeroed(count, sizeof *town->nodes);
    town->mail = allocate_zeroed(TOWN_MAIL_MAX, sizeof *town->mail);
    for (size_t i = 0; i < count; i++) {
        town->nodes[i].id = (uint8_t)(i + 1);
        town->nodes[i].weight = 100;
    }
}

void town_free(struct town *town) {
    free(town->nodes);
    free(town->mail);
}

static uint32_t roll(struct town *town) {
    town->dice = town->dice * 1664525 + 1013904223;
    return town->dice >> 16;
}

static uint64_t wall_of(const struct town *town, const struct town_node *node) {
    return town->wall + (uint64_t)node->clock_ms;
}

static bool has_board(const struct town *town, const struct town_node *node) {
    return !town->board_down && !node->board_cut;
}

static void drop_mail(struct town *town, size_t to) {
    size_t left = 0;
    for (size_t i = 0; i < town->mail_count; i++)
        if (town->mail[i].to != to) town->mail[left++] = town->mail[i];
    town->mail_count = left;
}

void town_start(struct town *town, size_t index) {
    struct town_node *node = &town->nodes[index];
    const struct view_own own = {
        .id = node->id,
        .replicas = town->replicas,
        .weight = node->weight,
        .boot = 1 + roll(town) + ((uint64_t)index << 32),
        .started_ms = wall_of(town, node),
        .address_count = 1,
        .addresses = {{.ip = {[10] = 0xff, [11] = 0xff, 8, 8, 8, (uint8_t)index}, .port = 9595}}};
    view_init(&node->view, &own, town->now);
    if (node->has_kept) view_resume(&node->view, &node->kept, town->now, wall_of(town, node));
    memset(&node->probe, 0, sizeof node->probe);
    drop_mail(town, index);
    node->state = TOWN_UP;
    node->counter = node->changes = 0;
    node->draining = false;
    node->beacon_ms = node->turned_ms = town->now;
}

void town_start_all(struct town *town) {
    for (size_t i = 0; i < town->count; i++) town_start(town, i);
}

void town_kill(struct town *town, size_t index) {
    town->nodes[index].state = TOWN_DOWN;
}

void town_stop(struct town *town, size_t index) {
    town->nodes[index].state = TOWN_STOPPED;
}

void town_continue(struct town *town, size_t index) {
    town->nodes[index].state = TOWN_UP;
}

void town_cut(struct town *town, size_t index, bool cut) {
    town->nodes[index].board_cut = town->nodes[index].path_cut = cut;
}

struct view *town_view(const struct town *town, size_t index) {
    return &town->nodes[index].view;
}

/* --- A turn --- */

static void say_beacon(struct town *town, struct town_node *node) {
    const struct view *view = &node->view;
    struct beacon beacon = {.node = node->id,
                            .state = view->state,
                            .replicas = view->own.replicas,
                            .weight = view->own.weight,
                            .boot = view->own.boot,
                            .started_ms = view->own.started_ms,
                            .counter = ++node->counter,
                            .wall_ms = wall_of(town, node),
                            .sessions = 1000,
                            .moving = node->moving,
                            .address_count = view->own.address_count};
    memcpy(beacon.addresses, view->own.addresses, sizeof beacon.addresses);
    for (size_t to = 0; to < town->count && has_board(town, node); to++) {
        if (town->nodes[to].state == TOWN_DOWN) continue;
        if (roll(town) % 100 < town->loss_percent) continue;
        assert_true(town->mail_count < TOWN_MAIL_MAX);
        town->mail[town->mail_count++] =
            (struct town_mail){town->now + (town->delay_ms ? roll(town) % town->delay_ms : 0), to, beacon};
    }
}

static void take_mail(struct town *town, size_t index) {
    struct town_node *node = &town->nodes[index];
    size_t left = 0;
    for (size_t i = 0; i < town->mail_count; i++) {
        const struct town_mail *mail = &town->mail[i];
        if (mail->to != index || mail->at_ms > town->now)
            town->mail[left++] = *mail;
        else if (has_board(town, node))
            (void)!view_intake(&node->view, &mail->beacon, town->now, wall_of(town, node));
    }
    town->mail_count = left;
}

static const struct town_node *at(const struct town *town, const struct address *address) {
    for (size_t i = 0; i < town->count; i++)
        if (town->nodes[i].state != TOWN_DOWN && address_equal(&town->nodes[i].view.own.addresses[0], address))
            return &town->nodes[i];
    return NULL;
}

/* An answer is there at once. */
static void ask(struct town *town, struct town_node *node) {
    struct probe_packet packets[HOME_ADDRESSES_MAX];
    const uint8_t random[12 * HOME_ADDRESSES_MAX] = {(uint8_t)roll(town)};
    for (unsigned id = 0; id < CLUSTER_NODES_MAX; id++) {
        if (!probe_is_due(&node->probe, &node->view, (uint8_t)id, town->now)) continue;
        (void)!probe_ask(&node->probe, &node->view, (uint8_t)id, town->now, random, packets);
        const struct town_node *other = at(town, &packets[0].to);
        if (other && other->state == TOWN_UP && !other->path_cut && !node->path_cut)
            view_answered(&node->view, (uint8_t)id, town->now);
    }
}

static void take_turn(struct town *town, size_t index) {
    struct town_node *node = &town->nodes[index];
    const uint64_t gap = town->now - node->turned_ms;
    if (gap > 2000) view_paused(&node->view, gap - TOWN_TURN_MS);
    node->turned_ms = town->now;
    take_mail(town, index);
    view_board(&node->view, has_board(town, node), town->now);
    node->view.own.weight = node->weight;
    node->view.own.draining = node->draining;
    const enum beacon_state state = node->view.state;
    node->changes += view_step(&node->view, town->now);
    assert_true(view_holds(&node->view, town->now));
    node->view.event_count = 0;
    ask(town, node);
    if (town->now >= node->beacon_ms || node->view.state != state) {
        say_beacon(town, node);
        node->beacon_ms = town->now + 1000;
    }
    view_keep(&node->view, wall_of(town, node), &node->kept);
    node->has_kept = node->kept.count > 0;
}

static void pass_turn(struct town *town) {
    town->now += TOWN_TURN_MS;
    town->wall += TOWN_TURN_MS;
    for (size_t i = 0; i < town->count; i++)
        if (town->nodes[i].state == TOWN_UP) take_turn(town, i);
}

void town_pass(struct town *town, uint64_t ms, void (*each)(struct town *)) {
    for (uint64_t end = town->now + ms; town->now < end;) {
        pass_turn(town);
        if (each) each(town);
    }
}

uint64_t town_await(struct town *town, bool (*so)(const struct town *), uint64_t most_ms) {
    const uint64_t began = town->now;
    while (!so(town)) {
        assert_true(town->now < began + most_ms);
        pass_turn(town);
    }
    return town->now - began;
}

/* --- What is seen --- */

bool town_sees(const struct town *town, size_t index, size_t other) {
    return town->nodes[index].view.nodes[town->nodes[other].id].member;
}

size_t town_differ(const struct town *town, size_t index, size_t other) {
    size_t count = 0;
    for (size_t id = 0; id < CLUSTER_NODES_MAX; id++)
        count += town->nodes[index].view.nodes[id].member != town->nodes[other].view.nodes[id].member;
    return count;
}

bool town_agrees(const struct town *town) {
    for (size_t i = 0; i < town->count; i++)
        for (size_t j = 0; j < town->count && town->nodes[i].state == TOWN_UP; j++)
            if (town_sees(town, i, j) != (town->nodes[j].state == TOWN_UP)) return false;
    return true;
}
