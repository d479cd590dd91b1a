/* The sessions of the load generator: real ones, each with its own handshake, keys and beats, many behind each socket
 * of a wire. A million of them fit one thread and some 150 bytes each; several threads have a fleet each, and
 * share nothing.
 *
 * The order of calls: fleet_create; then for each row fill_fleet (which also brings back what the row before had
 * expire), row_begin, row_start, pump_run with fleet_traffic_beats on fleet_wire or with fleet_traffic_beside on
 * another wire, row_end; fleet_destroy. Nothing waits on the side: who leaves a fleet alone for longer than a second
 * calls fleet_keep_alive.
 *
 * A fleet sends from fill_fleet, row_begin, fleet_keep_alive and from its traffics' `request` and `idle`, never
 * from `answer`. */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bench/load/fleet_counts.h"
#include "bench/load/share.h"
#include "common/attributes.h"

struct fleet;
struct load_options;
struct node_facts;
struct wire;

/* The share's rooms of what the options want, and the sessions in them; rooms are whole, and each fleet's have names
 * and keys of their own. `wire` is borrowed: it is connected to the bootnode. `halted`, or NULL, is borrowed, too:
 * whoever raises it, from any thread, ends what blocks. NULL without memory. */
MUST_USE struct fleet *fleet_create(const struct load_options *options, struct share share, struct wire *wire,
                                    const atomic_bool *halted);
void fleet_destroy(struct fleet *fleet);
struct wire *fleet_wire(const struct fleet *fleet);

/* Sends what is due and takes what came, without waiting. True while registrations are on their way: they want a turn
 * within a millisecond. */
bool fleet_keep_alive(struct fleet *fleet);
struct fleet_counts fleet_counts(const struct fleet *fleet);
/* What there is at each node of a cluster by now. */
void fleet_nodes(const struct fleet *fleet, struct node_facts *out);

/* Everything that is due, public-key work for at most so many registrations: true when there is more to do at once. */
bool fleet_step(struct fleet *fleet, uint32_t registrations, uint64_t now_us);
/* A step, and what comes within `wait_us` (at once when there is more to do): for what blocks. */
void fleet_drive(struct fleet *fleet, uint64_t wait_us);
