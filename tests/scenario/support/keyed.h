/* People in a private room whose key sets come and go: which ones there are, by the number of their secret, without a
 * charter that would say so. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "tests/scenario/support/world.h"

#define KEYED_CONNECT_MS 2000

struct key_set keyed_set(uint8_t number);
/* Somebody who has the room's root, and that one of its secrets. */
void keyed_start(struct person *person, uint8_t number);
struct chatroom *keyed_room(struct person *person);
void keyed_rekey(struct person *person, uint8_t number, bool keep);
void keyed_add_door(struct person *person, uint8_t number);
/* How many are registered under that set, at all bootnodes. */
unsigned keyed_registered(const struct world *world, uint8_t number);
