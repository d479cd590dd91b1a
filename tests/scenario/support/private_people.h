/* People of a private room called "tea" in a world. */
#pragma once

#include "client/room/chamber.h"
#include "tests/scenario/support/world.h"

#define PRIVATE_NAME "tea"

/* The room as it was when it was made: who has it has its root and its first secret. */
extern struct private_room private_made;

extern const char *private_folder;

/* cmocka's setup; its teardown is world_teardown. */
int private_setup(void **state);
/* The same with a folder, in which somebody can keep its rooms; and its teardown. */
int private_setup_folder(void **state);
int private_teardown_folder(void **state);
/* The owner. */
struct person *private_found(struct world *world, const char *name);
/* The same of somebody who runs nothing yet. */
struct person *private_found_as(struct person *owner);
/* By an invite: with the first secret (NULL), an epoch's, or a door's token. */
struct person *private_invite(struct world *world, const char *name, const uint8_t *secret);
struct person *private_invite_dated(struct world *world, const char *name, const uint8_t *secret, uint64_t stamp);
/* By one that this person makes now. */
struct person *private_invite_by(struct world *world, const char *name, struct person *by);
struct person *private_invite_behind(struct world *world, const char *name, enum nat_kind nat, const uint8_t *secret);
struct chamber *private_chamber(struct person *person);
const struct charter *private_charter(struct person *person);
/* The keys under which its members meet now, as this person knows them. */
struct key_set private_present_set(struct person *person);
/* It is killed, and what it keeps of the room on its disk is put into `kept`. */
void private_kill(struct person *person, struct private_room *kept);
void private_decide(struct person *by, const struct person *about, enum room_decision decision);
bool private_sees(struct person *a, struct person *b);
bool private_refused(const struct person *person, const char *reason);
unsigned private_heard(const struct person *person, const char *text);
void private_say(struct person *person, const char *text);
/* Do both hold the same charter, and the same secret? */
bool private_agree(struct person *a, struct person *b);
enum standing private_standing(struct person *at, const struct person *of);
