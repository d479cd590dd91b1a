#include "bootnode/table/wheel.h"

#include <assert.h>
#include <string.h>

#include "common/clock.h"

static_assert((WHEEL_SLOTS & (WHEEL_SLOTS - 1)) == 0 && WHEEL_SLOTS % 64 == 0, "slots fill words and divide 2^64");

/* The first tick at whose beginning the deadline has passed. */
static uint64_t tick_of(uint64_t deadline) {
    return deadline / WHEEL_TICK_MS + (deadline % WHEEL_TICK_MS != 0);
}

void wheel_init(struct wheel *wheel, uint64_t now) {
    memset(wheel, 0, sizeof *wheel);
    CDS_INIT_LIST_HEAD(&wheel->overdue);
    for (size_t i = 0; i < WHEEL_SLOTS; i++) CDS_INIT_LIST_HEAD(&wheel->slots[i]);
    wheel->tick = now / WHEEL_TICK_MS + 1;
}

void wheel_add(struct wheel *wheel, struct wheel_node *node, uint64_t deadline) {
    assert(!wheel_has(node));
    uint64_t tick = tick_of(deadline);
    node->deadline = deadline;
    wheel->count++;
    if (tick < wheel->tick) {
        cds_list_add_tail(&node->link, &wheel->overdue);
        return;
    }
    if (tick - wheel->tick >= WHEEL_SLOTS) tick = wheel->tick + WHEEL_SLOTS - 1;
    size_t slot = tick % WHEEL_SLOTS;
    cds_list_add_tail(&node->link, &wheel->slots[slot]);
    wheel->occupied[slot / 64] |= UINT64_C(1) << slot % 64;
}

void wheel_remove(struct wheel *wheel, struct wheel_node *node) {
    if (!wheel_has(node)) return;
    cds_list_del(&node->link);
    node->link = (struct cds_list_head){0};
    wheel->count--;
}

bool wheel_has(const struct wheel_node *node) {
    return node->link.next != NULL;
}

/* Takes nodes off the list until one is due; those that are not lay here before their time and find a new slot. */
static struct wheel_node *pop_due_of(struct wheel *wheel, struct cds_list_head *list, uint64_t now) {
    while (!cds_list_empty(list)) {
        struct wheel_node *node = cds_list_first_entry(list, struct wheel_node, link);
        wheel_remove(wheel, node);
        if (node->deadline <= now) return node;
        wheel_add(wheel, node, node->deadline);
    }
    return NULL;
}

static struct wheel_node *pop_due_of_slots(struct wheel *wheel, uint64_t now) {
    uint64_t now_tick = now / WHEEL_TICK_MS;
    while (wheel->count > 0 && wheel->tick <= now_tick) {
        size_t slot = wheel->tick % WHEEL_SLOTS;
        struct wheel_node *node = pop_due_of(wheel, &wheel->slots[slot], now);
        if (node) return node;
        wheel->occupied[slot / 64] &= ~(UINT64_C(1) << slot % 64);
        wheel->tick++;
    }
    if (wheel->tick <= now_tick) wheel->tick = now_tick + 1;
    return NULL;
}

struct wheel_node *wheel_pop_due(struct wheel *wheel, uint64_t now) {
    uint64_t now_tick = now / WHEEL_TICK_MS;
    /* A clock that fell back: slots are met earlier than their nodes' deadlines, which only costs another look. */
    if (wheel->tick > now_tick + 1) wheel->tick = now_tick + 1;
    wheel->overdue_had_turn = !wheel->overdue_had_turn;
    struct wheel_node *node = wheel->overdue_had_turn ? pop_due_of(wheel, &wheel->overdue, now) : NULL;
    if (!node) node = pop_due_of_slots(wheel, now);
    return node ? node : pop_due_of(wheel, &wheel->overdue, now);
}

/* liburcu's cds_list_empty takes no constant list. */
static bool is_empty(const struct cds_list_head *list) {
    return list->next == list;
}

uint64_t wheel_next(const struct wheel *wheel) {
    if (wheel->count == 0) return NEVER;
    if (!is_empty(&wheel->overdue)) return WHEEL_AT_ONCE;
    for (uint64_t tick = wheel->tick;;) {
        size_t slot = tick % WHEEL_SLOTS;
        uint64_t ahead = wheel->occupied[slot / 64] >> slot % 64;
        if (ahead == 0) {
            tick += 64 - slot % 64;
            continue;
        }
        tick += (uint64_t)__builtin_ctzll(ahead);
        if (!is_empty(&wheel->slots[tick % WHEEL_SLOTS])) return tick * WHEEL_TICK_MS;
        tick++;
    }
}

/* --- The invariants --- */

static size_t length_of(const struct cds_list_head *list) {
    size_t length = 0;
    for (const struct cds_list_head *link = list->next; link != list; link = link->next) length++;
    return length;
}

/* `met` is the tick at which the slot is worked off next. */
static bool slot_holds(const struct cds_list_head *slot, uint64_t met) {
    for (const struct cds_list_head *link = slot->next; link != slot; link = link->next)
        if (tick_of(caa_container_of(link, struct wheel_node, link)->deadline) < met) return false;
    return true;
}

bool wheel_holds(const struct wheel *wheel) {
    size_t count = length_of(&wheel->overdue);
    for (uint64_t tick = wheel->tick; tick < wheel->tick + WHEEL_SLOTS; tick++) {
        size_t slot = tick % WHEEL_SLOTS, length = length_of(&wheel->slots[slot]);
        bool occupied = wheel->occupied[slot / 64] >> slot % 64 & 1;
        if ((length > 0 && !occupied) || !slot_holds(&wheel->slots[slot], tick)) return false;
        count += length;
    }
    return count == wheel->count;
}
