#include "bench/load/lifesign.h"

#include "bench/load/beats.h"
#include "bench/load/comeback.h"
#include "bench/load/fleet_parts.h"
#include "bench/load/homing.h"

/* A step that takes longer is one in which we did not run. */
#define STEP_MOST_US 200000
#define ASK_AFTER_US 2000000
#define LOST_US 15500000
#define CHOICES 16

static uint64_t last_sign(const struct node_entry *node) {
    return node->heard_us > node->answered_us ? node->heard_us : node->answered_us;
}

static bool lives_there(const struct fleet *fleet, uint32_t member, uint8_t node) {
    return fleet->members[member].state == MEMBER_ACTIVE && fleet->members[member].node == node;
}

/* One at random, as far as one looks, else the next one. False when nobody has a session there. */
static bool ask(struct fleet *fleet, uint8_t node, uint64_t now_us) {
    uint32_t member = 0;
    fleet->nodes.list[node].sign.asked_us = now_us;
    for (unsigned i = 0; i < CHOICES; i++) {
        member = (uint32_t)(fleet_random(fleet) % fleet->places);
        if (lives_there(fleet, member, node)) break;
    }
    for (uint32_t i = 0; i < fleet->places; i++, member = member + 1 < fleet->places ? member + 1 : 0) {
        if (!lives_there(fleet, member, node)) continue;
        (void)beats_send(fleet, member, true, now_us);
        return true;
    }
    return false;
}

static void forget(struct node_entry *node, uint64_t now_us) {
    node->sign = (struct lifesign){.stepped_us = now_us, .heard_us = last_sign(node)};
}

void lifesign_forget(struct fleet *fleet, uint64_t now_us) {
    for (uint8_t i = 0; i < fleet->nodes.count; i++) forget(&fleet->nodes.list[i], now_us);
}

static void step(struct fleet *fleet, uint8_t number, uint64_t now_us) {
    struct node_entry *node = &fleet->nodes.list[number];
    struct lifesign *sign = &node->sign;
    uint64_t passed_us = now_us - sign->stepped_us;
    sign->stepped_us = now_us;
    if (last_sign(node) != sign->heard_us || now_us < node->expected_us) {
        forget(node, now_us);
        return;
    }
    if (!sign->nobody) sign->missing_us += passed_us < STEP_MOST_US ? passed_us : STEP_MOST_US;
    if (sign->missing_us > node->silent_us) node->silent_us = sign->missing_us;
    homing_seek(fleet, number, now_us);
    if (sign->missing_us < ASK_AFTER_US || now_us - sign->asked_us < REPEAT_US) return;
    if (sign->missing_us >= LOST_US)
        comeback_lost(fleet, number, now_us);
    else
        sign->nobody = !ask(fleet, number, now_us) && fleet->homes && fleet->registrations.active == 0;
}

void lifesign_step(struct fleet *fleet, uint64_t now_us) {
    for (uint8_t i = 0; i < fleet->nodes.count; i++) step(fleet, i, now_us);
}
