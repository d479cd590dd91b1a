/* Sessions that fall silent for a row: chosen at random, but so that every watched room keeps somebody to see it and,
 * where it has two, loses somebody. From the beginning of the row they send nothing. Those that are watched beat once
 * more just before, and that beat is answered: else nobody would know what the bootnode heard last. */
#pragma once

#include <stdint.h>

struct agenda_entry;
struct fleet;

void silence_choose(struct fleet *fleet, double percent);
/* The member's last beat, for the `tries`-th time, repeated until it is answered. */
void silence_say_last(struct fleet *fleet, uint32_t member, uint8_t tries, uint64_t now_us);
/* ERRAND_LAST_WORD. */
void silence_errand(struct fleet *fleet, const struct agenda_entry *entry, uint64_t now_us);
/* A beat of a member with MEMBER_LAST_WORD was answered. */
void silence_answered(struct fleet *fleet, uint32_t member, uint32_t counter, uint64_t now_us);
