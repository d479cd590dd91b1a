/* Numbers with units, as people write them: 15s, 64KiB, 100Mbit/s. Pure.
 *
 * A unit belongs to a quantity, and what one quantity is measured in converts exactly or not at all:
 *
 *     a time                  ms s min h d
 *     a size                  B KiB MiB GiB kB MB GB
 *     a rate                  B/s KiB/s MiB/s GiB/s kB/s MB/s GB/s bit/s kbit/s Mbit/s Gbit/s
 *     a number a second       /s
 *     a percentage            %
 *
 * Ki, Mi and Gi are powers of 1,024, k, M and G of 1,000. Small and large letters differ, as in Mbit and mbit. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "common/attributes.h"
#include "common/why.h"

#define UNITS_TEXT_SIZE 32

/* Reads "1.5 GiB", a number of at most 9 decimals and its unit, into a whole number of `unit`, one of the table above.
 * A number without a unit is one of `unit` where `bare`; 0 needs none. False with what is wrong in `why`, as a part of
 * a sentence ("KB is no unit of a size"), for what is no number, has another quantity's unit, comes out as no whole
 * number or is more than a long long holds. */
MUST_USE bool units_parse(const char *unit, bool bare, const char *text, long long *out, struct why *why);
/* Prints so many of `unit` in the unit that makes the smallest whole number, as in "64KiB", which units_parse reads as
 * the same. */
char *units_format(const char *unit, long long value, char out[static UNITS_TEXT_SIZE]);
/* "a time": the quantity of `unit`. */
const char *units_quantity(const char *unit);
/* Puts " in ms, s, min, h or d" behind what `why` says; nothing, and false, where there is one unit alone.
 */
bool units_list(const char *unit, struct why *why);
