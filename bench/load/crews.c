#include "bench/load/crews.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "bench/load/crew.h"
#include "bench/load/fleet.h"
#include "bench/load/load_now.h"
#include "bench/load/row.h"
#include "bench/load/team.h"

/* Between saying when a row's first request is due, to several threads, and that time. */
#define START_US 1000

struct crews {
    struct crew_orders orders;
    struct crew *crew; /* orders.count */
    struct team *team;
    struct row_facts facts; /* of one */
};

static struct crew *crew_of(void *context, size_t index) {
    return &((struct crews *)context)->crew[index];
}

static void do_fill(void *context, size_t index) {
    crew_fill(crew_of(context, index));
}

static void do_begin(void *context, size_t index) {
    crew_begin(crew_of(context, index));
}

static void do_prepare(void *context, size_t index) {
    crew_prepare(crew_of(context, index));
}

static void do_drive(void *context, size_t index) {
    crew_drive(crew_of(context, index));
}

static void do_keep_alive(void *context, size_t index) {
    crew_keep_alive(crew_of(context, index));
}

uint32_t crews_wanted(const struct load_options *options) {
    uint64_t rooms = ((uint64_t)options->sessions + options->room_size - 1) / options->room_size;
    return options->sessions > 0 && rooms < options->threads ? (uint32_t)rooms : options->threads;
}

static bool open_all(struct crews *crews, struct why *why) {
    uint32_t count = crews->orders.count;
    crews->crew = calloc(count, sizeof *crews->crew);
    if (!crews->crew) return why_fail(why, "out of memory");
    for (uint32_t i = 0; i < count; i++)
        if (!crew_open(&crews->crew[i], &crews->orders, i, why)) return false;
    crews->team = team_create(count, do_keep_alive, crews);
    return crews->team || why_fail(why, "cannot start %u threads: %s", count, strerror(errno));
}

struct crews *crews_open(const struct load_options *options, struct progress *progress, struct why *why) {
    struct crews *crews = calloc(1, sizeof *crews);
    why_fail(why, "out of memory");
    if (!crews) return NULL;
    crews->orders = (struct crew_orders){.options = options, .count = crews_wanted(options), .progress = progress};
    if (open_all(crews, why)) return crews;
    crews_close(crews);
    return NULL;
}

void crews_close(struct crews *crews) {
    if (!crews) return;
    team_destroy(crews->team);
    for (uint32_t i = 0; crews->crew && i < crews->orders.count; i++) crew_close(&crews->crew[i]);
    free(crews->crew);
    free(crews);
}

bool crews_keep_alive(struct crews *crews) {
    bool busy = false;
    if (crews->orders.options->sessions == 0) return false;
    team_do(crews->team, do_keep_alive);
    for (uint32_t i = 0; i < crews->orders.count; i++) busy = busy || crews->crew[i].busy;
    return busy;
}

static enum run_status do_phase(struct crews *crews, team_work work, struct why *why) {
    struct crew_orders *orders = &crews->orders;
    atomic_store(&orders->halted, false);
    atomic_store(&orders->culprit, 0);
    atomic_store(&orders->over, 0);
    team_do(crews->team, work);
    unsigned culprit = atomic_load(&orders->culprit);
    if (culprit == 0) return RUN_OK;
    *why = crews->crew[culprit - 1].why;
    return crews->crew[culprit - 1].status;
}

enum run_status crews_fill(struct crews *crews, struct fill_result *out, struct why *why) {
    *out = (struct fill_result){.registered = 0};
    enum run_status status = do_phase(crews, do_fill, why);
    for (uint32_t i = 0; i < crews->orders.count; i++) {
        const struct fill_result *own = &crews->crew[i].fill;
        out->registered += own->registered;
        if (own->elapsed_us > out->elapsed_us) out->elapsed_us = own->elapsed_us;
    }
    return status;
}

enum run_status crews_begin(struct crews *crews, const struct row_options *row, struct why *why) {
    crews->orders.row = row;
    enum run_status status = do_phase(crews, do_begin, why);
    if (status != RUN_OK || load_options_of_fleet(row)) return status;
    for (uint32_t i = 0; i < crews->orders.count; i++)
        if (!crew_open_beside(&crews->crew[i], why)) return RUN_USAGE;
    return RUN_OK;
}

enum run_status crews_prepare(struct crews *crews, struct why *why) {
    return do_phase(crews, do_prepare, why);
}

enum run_status crews_drive(struct crews *crews, struct pump_result *out, struct why *why) {
    struct crew_orders *orders = &crews->orders;
    memset(out, 0, sizeof *out);
    orders->start_us = load_now_us() + (orders->count > 1 ? START_US : 0);
    enum run_status status = do_phase(crews, do_drive, why);
    for (uint32_t i = 0; i < orders->count; i++) pump_result_merge(out, &crews->crew[i].pump);
    return status;
}

void crews_end_row(struct crews *crews) {
    for (uint32_t i = 0; i < crews->orders.count; i++) crew_end_row(&crews->crew[i]);
}

void crews_take_facts(struct crews *crews, struct row_facts *out) {
    memset(out, 0, sizeof *out);
    for (uint32_t i = 0; i < crews->orders.count; i++) {
        row_end(crews->crew[i].fleet, &crews->facts);
        row_facts_merge(out, &crews->facts);
    }
}

double crews_rate(const struct crews *crews) {
    double rate = 0;
    for (uint32_t i = 0; i < crews->orders.count; i++) rate += crew_rate(&crews->crew[i]);
    return rate;
}

struct fleet_counts crews_counts(const struct crews *crews) {
    struct fleet_counts sum = {.registered = 0};
    for (uint32_t i = 0; i < crews->orders.count && crews->crew[i].fleet; i++) {
        struct fleet_counts own = fleet_counts(crews->crew[i].fleet);
        fleet_counts_add(&sum, &own);
    }
    return sum;
}

static void add_sent(struct wire_counts *into, const struct wire *wire) {
    if (!wire) return;
    struct wire_counts counts = wire_counts(wire);
    into->sent += counts.sent;
    into->failed += counts.failed;
    into->refused += counts.refused;
}

struct wire_counts crews_fleet_sent(const struct crews *crews) {
    struct wire_counts sum = {.sent = 0};
    for (uint32_t i = 0; i < crews->orders.count; i++) add_sent(&sum, crews->crew[i].fleet_wire);
    return sum;
}

struct wire_counts crews_beside_sent(const struct crews *crews) {
    struct wire_counts sum = {.sent = 0};
    for (uint32_t i = 0; i < crews->orders.count; i++) add_sent(&sum, crews->crew[i].beside);
    return sum;
}
