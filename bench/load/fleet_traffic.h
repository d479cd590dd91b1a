/* A fleet as what a row sends: its own beats, or its life beside other requests. */
#pragma once

#include "common/attributes.h"

struct fleet;
struct row_options;
struct traffic;

/* The beats of the row begun; for TRAFFIC_NONE nothing but what keeps the sessions alive. For pump_run on fleet_wire.
 * The fleet's own: traffic_destroy does nothing to it. */
struct traffic *fleet_traffic_beats(struct fleet *fleet, const struct row_options *row);
/* `other`'s requests and answers, and in between the fleet lives on over its own wire. For pump_run on any other wire.
 * Takes `other` over. NULL without memory (`other` is destroyed). */
MUST_USE struct traffic *fleet_traffic_beside(struct fleet *fleet, struct traffic *other);
/* Requests a second that the row's pace means for this fleet, 0: as fast as possible. A --rate is for all fleets: each
 * has a part as large as its part of the sessions. Sessions that fell silent have no interval. */
double fleet_traffic_rate(const struct fleet *fleet, const struct row_options *row);
