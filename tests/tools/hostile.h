/* What the hostile tools share: a seeded stream of numbers, so that a finding can be had again, and mutations of
 * packets. Whatever fails ends the tool with one line on standard error and exit status 1. */
#pragma once

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MUTANT_MAX 1472 /* UDP payload of one Ethernet frame: more than any decoder takes */

__attribute__((noreturn, format(printf, 1, 2))) static inline void hostile_fail(const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fputc('\n', stderr);
    exit(EXIT_FAILURE);
}

static inline uint64_t hostile_number(const char *text) {
    char *end;
    uint64_t value = strtoull(text, &end, 0);
    if (*text == '\0' || *end != '\0') hostile_fail("a number was expected, not \"%s\"", text);
    return value;
}

struct chance {
    uint64_t state;
};

/* splitmix64. */
static inline uint64_t chance_next(struct chance *chance) {
    uint64_t z = chance->state += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

/* 0 … bound - 1. */
static inline size_t chance_below(struct chance *chance, size_t bound) {
    return (size_t)(chance_next(chance) % bound);
}

static inline void chance_fill(struct chance *chance, uint8_t *out, size_t size) {
    for (size_t i = 0; i < size; i++) out[i] = (uint8_t)chance_next(chance);
}

struct mutant {
    uint8_t data[MUTANT_MAX];
    size_t size;
};

/* Of a kind that somebody may handle: STUN, to and from a bootnode, between peers, and the next one. */
static inline uint8_t chance_type(struct chance *chance) {
    static const struct { uint8_t first, count; } ranges[] = {{0x00, 4}, {0x80, 16}, {0x90, 6}};
    size_t range = chance_below(chance, 3);
    return (uint8_t)(ranges[range].first + chance_below(chance, ranges[range].count));
}

static inline void mutate_bits(struct mutant *mutant, const struct mutant *other, struct chance *chance) {
    (void)other;
    for (size_t i = chance_below(chance, 8) + 1; i > 0 && mutant->size > 0; i--)
        mutant->data[chance_below(chance, mutant->size)] ^= (uint8_t)(1u << chance_below(chance, 8));
}

/* Numbers at the edges are what lengths and counts go wrong with. */
static inline void mutate_bytes(struct mutant *mutant, const struct mutant *other, struct chance *chance) {
    static const uint8_t edges[] = {0x00, 0x01, 0x7f, 0x80, 0xfe, 0xff};
    (void)other;
    if (mutant->size == 0) return;
    size_t at = chance_below(chance, mutant->size), left = mutant->size - at;
    size_t run = chance_below(chance, 8) + 1;
    memset(mutant->data + at, edges[chance_below(chance, sizeof edges)], run < left ? run : left);
}

static inline void mutate_cut(struct mutant *mutant, const struct mutant *other, struct chance *chance) {
    (void)other;
    mutant->size = chance_below(chance, mutant->size + 1);
}

static inline void mutate_extend(struct mutant *mutant, const struct mutant *other, struct chance *chance) {
    size_t more = chance_below(chance, MUTANT_MAX - mutant->size + 1);
    (void)other;
    if (chance_below(chance, 2)) more %= 32;
    chance_fill(chance, mutant->data + mutant->size, more);
    mutant->size += more;
}

/* The head of one packet, the tail of the other from the same place on. */
static inline void mutate_splice(struct mutant *mutant, const struct mutant *other, struct chance *chance) {
    size_t at = chance_below(chance, mutant->size + 1);
    if (other->size <= at) return;
    memcpy(mutant->data + at, other->data + at, other->size - at);
    mutant->size = other->size;
}

static inline void mutate_type(struct mutant *mutant, const struct mutant *other, struct chance *chance) {
    (void)other;
    mutant->data[0] = chance_type(chance);
}

/* Where session ids and indices stand: random ones, and those of another conversation. */
static inline void mutate_session(struct mutant *mutant, const struct mutant *other, struct chance *chance) {
    size_t count = chance_below(chance, 2) ? 4 : 8;
    if (mutant->size < 12) return;
    if (chance_below(chance, 2) && other->size >= 12) {
        memcpy(mutant->data + 4, other->data + 4, count);
    } else {
        chance_fill(chance, mutant->data + 4, count);
    }
}

/* One to three changes; `other` is what splicing takes from. */
static inline void mutate(struct mutant *mutant, const struct mutant *other, struct chance *chance) {
    static void (*const changes[])(struct mutant *, const struct mutant *, struct chance *) = {
        mutate_bits, mutate_bits, mutate_bytes, mutate_cut, mutate_extend, mutate_type, mutate_splice, mutate_session,
    };
    for (size_t i = chance_below(chance, 3) + 1; i > 0; i--)
        changes[chance_below(chance, sizeof changes / sizeof *changes)](mutant, other, chance);
}
