/* A room of a cluster while nodes die, come back, stand still, are restarted and cut off, and people come, go and die,
 * all at random, seed by seed. What nodes believe of each other is what their views make of it (tests/support/town.h).
 * What is so is known here: nobody alive is said to have left, nobody who is gone is listed long after its end and the
 * last fault, and a newcomer sees all in time while a home lives. FAULTS_SEEDS in the environment: so many seeds of
 * each kind; FAULTS_SEED: this one alone. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <sodium.h>

#include "common/clock.h"
#include "tests/scenario/support/repeatable.h"
#include "tests/scenario/support/world_cluster.h"
#include "tests/support/town.h"

#define SEEDS 2
#define NODES 4         /* at most; of odd seeds there is one less */
#define LASTS_MS 150000 /* a run, and then until nobody can be listed that is gone */
#define ENDS_MS 45000
#define LOOK_MS 50
#define GHOSTS_MS 500 /* it takes long to look for them */

#define TRUTH_MS 20000   /* after the end of a member and the last fault */
#define SILENCE_MS 25000 /* after a death without a word: as tests/crowd judges it */
#define NEWCOMER_MS 1500 /* until it sees all who have been there for that: */
#define SETTLED_MS 2000
#define COMING_BACK_MS 6000 /* a beat, RESET, and a moment */

enum kind {
    KIND_DEATHS,   /* one node at a time is dead, for 6 to 40 s */
    KIND_RESTARTS, /* one after the other is back before it is out */
    KIND_STOPS,    /* one at a time stands still, for 1 to 30 s */
    KIND_CUTS,     /* one at a time neither hears the others nor is heard by them, but clients are */
    KIND_DRAINS,   /* one at a time drains, and is restarted */
    KIND_NATS,     /* the board is away, for 1 to 60 s */
    KIND_TWO,      /* all of it, two at once */
    KINDS
};

struct guest {
    struct person *person;
    uint64_t started, ended; /* 0: it lives */
    bool said_bye, late;
};

struct play {
    struct world *world;
    enum kind kind;
    size_t nodes;
    uint64_t dice;
    struct town town;                             /* what the nodes believe of each other */
    uint64_t back_at[NODES], faulty_since[NODES]; /* NEVER, 0: nothing is wrong with it */
    enum kind fault[NODES];                       /* what is */
    uint64_t next_fault, next_guest, last_fault;
    uint64_t
        apart_until; /* views may differ in as many nodes as a room has homes, so that newcomers may not meet all */
    struct guest guests[WORLD_PEOPLE];
    size_t guest_count;
    uint64_t worst_ghost, worst_newcomer;
    unsigned wrong, ghosts, late, newcomers;
};

static uint64_t roll(struct play *play, uint64_t least, uint64_t most) {
    return least + repeatable_draw(&play->dice) % (most - least + 1);
}

/* --- Nodes --- */

static void follow(struct play *play, size_t node) {
    const struct view *view = town_view(&play->town, node);
    uint32_t members = 0;
    if (play->world->places[node].down || play->town.nodes[node].changes == 0) return;
    for (size_t i = 0; i < view->list_count; i++) members |= WORLD_NODE(view->list[i].id - 1);
    play->town.nodes[node].changes = 0;
    world_cluster_view(play->world, node, members);
}

static void believe(struct play *play) {
    for (size_t i = 0; i < play->nodes; i++)
        play->town.nodes[i].moving = (uint32_t)node_moving(&world_net(play->world, i)->node).waiting;
    town_pass(&play->town, TOWN_TURN_MS, NULL);
    for (size_t i = 0; i < play->nodes; i++) follow(play, i);
}

static size_t faulty(const struct play *play) {
    size_t count = 0;
    for (size_t i = 0; i < play->nodes; i++) count += play->faulty_since[i] != 0;
    return count;
}

static void die(struct play *play, size_t node) {
    world_cluster_kill(play->world, node);
    town_kill(&play->town, node);
}

static void begin_again(struct play *play, size_t node) {
    world_cluster_revive(play->world, node, 0);
    town_start(&play->town, node);
}

static void begin_fault(struct play *play, size_t node, enum kind what) {
    const uint64_t now = play->world->now;
    static const uint64_t lasts[KIND_TWO][2] = {{6000, 40000}, {0, 3000},      {1000, 30000},
                                                {5500, 40000}, {12000, 30000}, {1000, 60000}};
    play->fault[node] = what;
    play->faulty_since[node] = play->last_fault = now;
    play->back_at[node] = now + roll(play, lasts[what][0], lasts[what][1]);
    switch (what) {
    case KIND_DEATHS:
    case KIND_RESTARTS: die(play, node); break;
    case KIND_STOPS:
        world_cluster_pause(play->world, node);
        town_stop(&play->town, node);
        break;
    case KIND_CUTS: town_cut(&play->town, node, true); break;
    case KIND_DRAINS: play->town.nodes[node].draining = true; break;
    case KIND_NATS: play->town.board_down = true; break;
    default: break;
    }
}

static void end_fault(struct play *play, size_t node) {
    play->faulty_since[node] = 0;
    play->back_at[node] = NEVER;
    play->last_fault = play->world->now;
    switch (play->fault[node]) {
    case KIND_DEATHS:
    case KIND_RESTARTS: begin_again(play, node); break;
    case KIND_STOPS:
        world_cluster_resume(play->world, node);
        town_continue(&play->town, node);
        break;
    case KIND_CUTS: town_cut(&play->town, node, false); break;
    case KIND_DRAINS:
        die(play, node);
        begin_again(play, node);
        break;
    case KIND_NATS: play->town.board_down = false; break;
    default: break;
    }
}

static void do_faults(struct play *play) {
    const uint64_t now = play->world->now;
    for (size_t i = 0; i < play->nodes; i++)
        if (now >= play->back_at[i]) end_fault(play, i);
    if (now < play->next_fault) return;
    play->next_fault = now + roll(play, 3000, 25000);
    const size_t node = roll(play, 0, play->nodes - 1);
    const bool two = play->kind == KIND_TWO;
    if (faulty(play) >= (two ? 2 : 1) || play->faulty_since[node]) return;
    begin_fault(play, node, two ? (enum kind)roll(play, 0, KIND_TWO - 1) : play->kind);
}

/* --- People --- */

static const char *const names[WORLD_PEOPLE] = {
    "p0",  "p1",  "p2",  "p3",  "p4",  "p5",  "p6",  "p7",  "p8",  "p9",  "p10", "p11", "p12", "p13", "p14", "p15",
    "p16", "p17", "p18", "p19", "p20", "p21", "p22", "p23", "p24", "p25", "p26", "p27", "p28", "p29", "p30", "p31"};

static size_t living(const struct play *play) {
    size_t count = 0;
    for (size_t i = 0; i < play->guest_count; i++) count += play->guests[i].ended == 0;
    return count;
}

static void arrive(struct play *play) {
    static const enum nat_kind nats[] = {NAT_NONE, NAT_PORT_RESTRICTED, NAT_SYMMETRIC};
    if (play->guest_count == WORLD_PEOPLE) return;
    const size_t number = play->guest_count++;
    struct guest *guest = &play->guests[number];
    *guest = (struct guest){.person = world_person(play->world, names[number], nats[roll(play, 0, 2)]),
                            .started = play->world->now};
    person_start(guest->person, "tea");
}

static void depart(struct play *play) {
    struct guest *guest = &play->guests[roll(play, 0, play->guest_count - 1)];
    if (guest->ended) return;
    guest->ended = play->world->now;
    guest->said_bye = roll(play, 0, 2) == 0;
    if (guest->said_bye)
        engine_end_of_input(guest->person->engine, play->world->now);
    else
        person_kill(guest->person);
}

static void do_people(struct play *play) {
    if (play->world->now < play->next_guest) return;
    play->next_guest = play->world->now + roll(play, 1000, 8000);
    const size_t count = living(play);
    if (count < 3 || (count < 7 && roll(play, 0, 1)))
        arrive(play);
    else
        depart(play);
}

/* --- Judging --- */

static bool lists(const struct guest *guest, const struct guest *other) {
    return person_count(guest->person, EVENT_PEER_JOINED, other->person) >
           person_count(guest->person, EVENT_PEER_LEFT, other->person);
}

static void judge_left(struct play *play, const struct guest *guest) {
    for (const struct told *told = guest->person->told; told; told = told->next) {
        if (told->event->type != EVENT_PEER_LEFT || (guest->ended && told->at > guest->ended)) continue;
        for (size_t i = 0; i < play->guest_count; i++) {
            const struct guest *other = &play->guests[i];
            if (memcmp(told->event->peer, other->person->id, MEMBER_ID_SIZE) != 0) continue;
            if (other->ended && told->at >= other->ended) continue;
            play->wrong++;
            printf("# %s was told at %u that %s left, who lives since %u\n", guest->person->name, (unsigned)told->at,
                   other->person->name, (unsigned)other->started);
        }
    }
}

static void judge_ghost(struct play *play, const struct guest *guest, const struct guest *other) {
    const uint64_t now = play->world->now, since = later(later(other->ended, play->last_fault), guest->started);
    if (!lists(guest, other)) return;
    play->worst_ghost = later(play->worst_ghost, now - since);
    if (now < since + TRUTH_MS || (!other->said_bye && now < other->ended + SILENCE_MS)) return;
    play->ghosts++;
    if (now - since < TRUTH_MS + GHOSTS_MS || now - other->ended < SILENCE_MS + GHOSTS_MS)
        printf("# %s (since %u, at %x) lists %s at %u, who ended at %u (%s; at %x), the last fault at %u\n",
               guest->person->name, (unsigned)guest->started, (unsigned)world_cluster_lists(play->world, guest->person),
               other->person->name, (unsigned)now, (unsigned)other->ended, other->said_bye ? "bye" : "silent",
               (unsigned)world_cluster_lists(play->world, other->person), (unsigned)play->last_fault);
}

/* While they come back to one home the other one died: no node that lives knows of it. */
static bool is_known_nowhere(const struct play *play, const struct guest *guest) {
    uint32_t up = 0;
    for (size_t i = 0; i < play->nodes; i++) up |= play->world->places[i].down ? 0 : WORLD_NODE(i);
    return play->world->now < play->last_fault + COMING_BACK_MS &&
           !(world_cluster_lists(play->world, guest->person) & up);
}

static bool awaits(const struct play *play, const struct guest *guest, const struct guest *other) {
    return other != guest && !other->ended && other->started + SETTLED_MS <= guest->started && !lists(guest, other) &&
           !is_known_nowhere(play, other);
}

/* At the time that it has. */
static void judge_newcomer(struct play *play, struct guest *guest) {
    const uint64_t now = play->world->now;
    if (guest->late || now < guest->started + NEWCOMER_MS || now >= guest->started + NEWCOMER_MS + LOOK_MS) return;
    guest->late = true;
    if (now < play->apart_until) return;
    play->newcomers++;
    unsigned missing = 0;
    for (size_t i = 0; i < play->guest_count; i++) missing += awaits(play, guest, &play->guests[i]);
    play->late += missing > 0;
    if (missing > 0)
        printf("# %s, who began at %u, does not see %u of them; the last fault was at %u\n", guest->person->name,
               (unsigned)guest->started, missing, (unsigned)play->last_fault);
}

static void judge(struct play *play) {
    const bool looks = play->world->now % GHOSTS_MS < LOOK_MS;
    for (size_t i = 0; i < play->guest_count; i++) {
        struct guest *guest = &play->guests[i];
        if (guest->ended) continue;
        judge_newcomer(play, guest);
        for (size_t j = 0; j < play->guest_count && looks; j++)
            if (play->guests[j].ended) judge_ghost(play, guest, &play->guests[j]);
    }
}

/* --- A run --- */

static void pass(struct play *play, uint64_t ms, bool faults) {
    for (const uint64_t until = play->world->now + ms; play->world->now < until;) {
        if (faults) do_faults(play);
        if (faulty(play) > 1) play->apart_until = play->world->now + TRUTH_MS;
        if (faults) do_people(play);
        if (play->world->now >= play->town.now) believe(play);
        world_run(play->world, LOOK_MS);
        judge(play);
    }
}

static void heal(struct play *play) {
    for (size_t i = 0; i < play->nodes; i++)
        if (play->faulty_since[i]) end_fault(play, i);
}

static void run(struct play *total, enum kind kind, unsigned seed) {
    void *state;
    struct play *play = calloc(1, sizeof *play);
    assert_non_null(play);
    assert_int_equal(world_setup(&state), 0);
    *play = (struct play){.world = state, .kind = kind, .nodes = NODES - seed % 2, .dice = seed * 1000 + kind};
    for (unsigned i = 0; i < seed; i++) (void)randombytes_random();
    /* A name of all nodes, or an address that leads each newcomer to one, the one that is cut off as well. */
    play->world->entry =
        seed % 4 < 2 || kind == KIND_STOPS || kind == KIND_TWO ? WORLD_ENTRY_NAMES : WORLD_ENTRY_SPREADS;
    play->world->entry_seed = seed;
    world_cluster_open(play->world, play->nodes, 2);
    town_make(&play->town, play->nodes);
    play->town.dice = seed;
    play->town.now = play->world->now;
    town_start_all(&play->town);
    for (size_t i = 0; i < play->nodes; i++) play->back_at[i] = NEVER;
    for (size_t i = 0; i < 4; i++) arrive(play);
    pass(play, 5000, false);
    play->next_fault = play->world->now + roll(play, 0, 5000);
    pass(play, LASTS_MS, true);
    heal(play);
    pass(play, ENDS_MS, false);
    for (size_t i = 0; i < play->guest_count; i++) judge_left(play, &play->guests[i]);
    total->wrong += play->wrong;
    total->ghosts += play->ghosts;
    total->late += play->late;
    total->newcomers += play->newcomers;
    total->worst_ghost = later(total->worst_ghost, play->worst_ghost);
    if (play->wrong || play->ghosts || play->late) printf("# so it was in kind %d, seed %u\n", (int)kind, seed);
    town_free(&play->town);
    (void)world_teardown(&state);
    free(play);
}

static void all_is_as_it_should_be(enum kind kind) {
    const char *given = getenv("FAULTS_SEEDS"), *only = getenv("FAULTS_SEED");
    struct play *total = calloc(1, sizeof *total);
    assert_non_null(total);
    const unsigned seeds = given ? (unsigned)strtoul(given, NULL, 10) : SEEDS;
    for (unsigned seed = 1; seed <= seeds; seed++) {
        if (only && strtoul(only, NULL, 10) != seed) continue;
        run(total, kind, seed);
    }
    printf("# %u wrong, %u looks at ghosts, %u of %u newcomers late; listed at most %u ms after all\n", total->wrong,
           total->ghosts, total->late, total->newcomers, (unsigned)total->worst_ghost);
    const bool right = total->wrong == 0 && total->ghosts == 0 && total->late == 0;
    free(total);
    assert_true(right);
}

static void nodes_die_and_come_back(void **state) {
    (void)state;
    all_is_as_it_should_be(KIND_DEATHS);
}
static void nodes_are_restarted(void **state) {
    (void)state;
    all_is_as_it_should_be(KIND_RESTARTS);
}
static void nodes_stand_still(void **state) {
    (void)state;
    all_is_as_it_should_be(KIND_STOPS);
}
static void nodes_are_cut_off(void **state) {
    (void)state;
    all_is_as_it_should_be(KIND_CUTS);
}
static void nodes_drain(void **state) {
    (void)state;
    all_is_as_it_should_be(KIND_DRAINS);
}
static void nats_is_away(void **state) {
    (void)state;
    all_is_as_it_should_be(KIND_NATS);
}
static void two_at_once(void **state) {
    (void)state;
    all_is_as_it_should_be(KIND_TWO);
}

/* --- Another id in the same place --- */

#define AGREED_MS 10000

/* Each has all that run, by the ids that they have now, and nobody besides. */
static bool all_have_those_that_run(const struct town *town) {
    for (size_t i = 0; i < town->count; i++)
        if (town_view(town, i)->list_count != town->count) return false;
    return town_agrees(town);
}

/* One node after the other is started anew as another one, `away_ms` later, as after the theft of a key. The others ask
 * the former one by STUN, and are answered by the next. Returns how long it took until all agreed, at worst. */
static uint64_t renumber_all(size_t count, uint64_t away_ms, unsigned loss_percent) {
    struct town town;
    uint64_t worst = 0;
    town_make(&town, count);
    town_start_all(&town);
    (void)town_await(&town, all_have_those_that_run, AGREED_MS);
    town_pass(&town, AGREED_MS, NULL);
    town.loss_percent = loss_percent;
    for (size_t i = 0; i < count; i++) {
        town_kill(&town, i);
        town_pass(&town, away_ms, NULL);
        town.nodes[i].id += 10;
        town_start(&town, i);
        worst = later(worst, town_await(&town, all_have_those_that_run, AGREED_MS));
        town_pass(&town, AGREED_MS, NULL);
        assert_true(all_have_those_that_run(&town));
    }
    town_free(&town);
    return worst;
}

static void places_get_other_ids(void **state) {
    (void)state;
    for (unsigned loss = 0; loss <= 30; loss += 30) {
        uint64_t worst = 0;
        for (size_t count = 2; count <= NODES; count++)
            for (uint64_t away = 0; away <= 7500; away += 1500) worst = later(worst, renumber_all(count, away, loss));
        printf("# %u %% of beacons lost: all agree after %u ms at most\n", loss, (unsigned)worst);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nodes_die_and_come_back),
        cmocka_unit_test(nodes_are_restarted),
        cmocka_unit_test(nodes_stand_still),
        cmocka_unit_test(nodes_are_cut_off),
        cmocka_unit_test(nodes_drain),
        cmocka_unit_test(nats_is_away),
        cmocka_unit_test(two_at_once),
        cmocka_unit_test(places_get_other_ids),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("cluster_faults", tests, NULL, NULL);
}
