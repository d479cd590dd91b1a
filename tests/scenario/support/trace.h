/* The trace of a scenario, by which two builds are compared: WORLD_TRACE=FILE in the environment asks for it. A line
 * for every packet as it is sent (the time, from, to, size, hash), for every event (the time, whom it is told, its
 * JSON) and for what else a program asked of its surroundings; before each test of the program its number. The time is
 * the scenario's own and nothing else is of the machine or the hour: with the same seed (repeatable.h) two runs of a
 * build leave the same bytes. tests/trace makes and compares traces. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "client/events.h"
#include "common/address.h"

/* The next test of this program begins. */
void trace_test(void);
void trace_packet(uint64_t now, const struct address *from, const struct address *to, const uint8_t *data, size_t size);
void trace_event(uint64_t now, const char *whom, const struct event *event);
void trace_line(uint64_t now, const char *whom, const char *format, ...) __attribute__((format(printf, 3, 4)));
