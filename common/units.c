#include "common/units.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define DECIMALS_MOST 9
#define UNITS_MOST 12

struct unit {
    const char *name;
    long long size; /* in the quantity's smallest */
};

static const struct quantity {
    const char *name;
    struct unit units[UNITS_MOST];
} quantities[] = {
    {"a time", {{"ms", 1}, {"s", 1000}, {"min", 60000}, {"h", 3600000}, {"d", 86400000}}},
    {"a size",
     {{"B", 1},
      {"KiB", 1024},
      {"MiB", 1024 * 1024},
      {"GiB", 1024 * 1024 * 1024},
      {"kB", 1000},
      {"MB", 1000000},
      {"GB", 1000000000}}},
    /* In bits, so that those of bytes are whole, too. */
    {"a rate",
     {{"B/s", 8},
      {"KiB/s", 8LL * 1024},
      {"MiB/s", 8LL * 1024 * 1024},
      {"GiB/s", 8LL * 1024 * 1024 * 1024},
      {"kB/s", 8000},
      {"MB/s", 8000000},
      {"GB/s", 8000000000},
      {"bit/s", 1},
      {"kbit/s", 1000},
      {"Mbit/s", 1000000},
      {"Gbit/s", 1000000000}}},
    {"a number a second", {{"/s", 1}}},
    {"a percentage", {{"%", 1}}},
};
#define QUANTITIES (sizeof quantities / sizeof *quantities)

static const struct unit *find_in(const struct quantity *quantity, const char *name) {
    for (const struct unit *unit = quantity->units; unit->name; unit++)
        if (strcmp(unit->name, name) == 0) return unit;
    return NULL;
}

/* The quantity that has the unit; NULL: none. */
static const struct quantity *find(const char *name, const struct unit **out) {
    for (size_t i = 0; i < QUANTITIES; i++)
        if ((*out = find_in(&quantities[i], name))) return &quantities[i];
    return NULL;
}

/* What a key's unit must be one of is our own mistake where it is none. */
static const struct quantity *require(const char *name, const struct unit **out) {
    const struct quantity *quantity = find(name, out);
    if (!quantity) abort();
    return quantity;
}

struct number {
    long long mantissa, scale; /* their quotient; the scale is a power of ten */
};

/* Takes the digits from `text` on; what stands behind them, or NULL with `why`. */
static const char *take_number(const char *text, struct number *out, struct why *why) {
    const char *point = NULL, *at = text;
    *out = (struct number){.mantissa = 0, .scale = 1};
    if (!isdigit((unsigned char)*at)) return why_fail(why, "no number"), NULL;
    for (; isdigit((unsigned char)*at) || (*at == '.' && !point && isdigit((unsigned char)at[1])); at++) {
        if (*at == '.') {
            point = at;
            continue;
        }
        if (point && at - point > DECIMALS_MOST) return why_fail(why, "more than %d decimals", DECIMALS_MOST), NULL;
        if (__builtin_mul_overflow(out->mantissa, 10, &out->mantissa) ||
            __builtin_add_overflow(out->mantissa, *at - '0', &out->mantissa))
            return why_fail(why, "too large"), NULL;
        if (point) out->scale *= 10;
    }
    return at;
}

/* A unit that is written with other letters, or belongs elsewhere. */
static bool refuse_unit(const struct quantity *quantity, const char *name, struct why *why) {
    const struct unit *unit;
    const struct quantity *other = find(name, &unit);
    if (other) return why_fail(why, "%s is a unit of %s", name, other->name);
    why_fail(why, "%.40s is no unit of %s", name, quantity->name);
    for (unit = quantity->units; unit->name; unit++)
        if (strcasecmp(unit->name, name) == 0) why_add(why, ", did you mean %s?", unit->name);
    return false;
}

static bool convert(struct number number, const struct unit *from, const struct unit *to, long long *out,
                    struct why *why) {
    long long amount, divisor = number.scale * to->size; /* of 10^9 GiB/s at most: it fits */
    if (__builtin_mul_overflow(number.mantissa, from->size, &amount)) return why_fail(why, "too large");
    if (amount % divisor != 0) return why_fail(why, "no whole number of %s", to->name);
    *out = amount / divisor;
    return true;
}

bool units_parse(const char *unit, bool bare, const char *text, long long *out, struct why *why) {
    const struct unit *to, *from;
    struct number number;
    const struct quantity *quantity = require(unit, &to);
    const char *name = take_number(text, &number, why);
    if (!name) return false;
    while (isspace((unsigned char)*name)) name++;
    if (*name == '\0' && !bare && number.mantissa > 0) return why_fail(why, "a number without its unit");
    from = *name == '\0' ? to : find_in(quantity, name);
    return from ? convert(number, from, to, out, why) : refuse_unit(quantity, name, why);
}

char *units_format(const char *unit, long long value, char out[static UNITS_TEXT_SIZE]) {
    const struct unit *from, *best;
    const struct quantity *quantity = require(unit, &from);
    long long amount, least = value;
    best = from;
    for (const struct unit *to = quantity->units; to->name; to++) {
        if (__builtin_mul_overflow(value, from->size, &amount) || amount % to->size != 0) continue;
        if (amount / to->size >= least) continue;
        least = amount / to->size;
        best = to;
    }
    snprintf(out, UNITS_TEXT_SIZE, "%lld%s", least, value == 0 ? "" : best->name);
    return out;
}

const char *units_quantity(const char *unit) {
    const struct unit *ignored;
    return require(unit, &ignored)->name;
}

bool units_list(const char *unit, struct why *why) {
    const struct unit *ignored, *units = require(unit, &ignored)->units;
    for (size_t i = 0; units[1].name && units[i].name; i++)
        why_add(why, "%s%s", i == 0 ? " in " : units[i + 1].name ? ", " : " or ", units[i].name);
    return units[1].name != NULL;
}
