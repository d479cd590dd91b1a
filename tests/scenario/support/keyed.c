#include "tests/scenario/support/keyed.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "bootnode/table/room.h"

#define ROOM "tea"

static uint8_t root[PRIVATE_ROOT_SIZE];

struct key_set keyed_set(uint8_t number) {
    struct key_set set;
    const uint8_t secret[PRIVATE_SECRET_SIZE] = {number};
    key_set_derive(root, secret, &set);
    return set;
}

void keyed_start(struct person *person, uint8_t number) {
    struct room_keys keys;
    const uint8_t owner[32] = {1}, nonce[PRIVATE_NONCE_SIZE] = {2};
    private_root(owner, nonce, root);
    assert_true(private_keys_derive(ROOM, root, &keys));
    keys.set = keyed_set(number);
    person_start_keys(person, ROOM, &keys);
}

struct chatroom *keyed_room(struct person *person) {
    struct chatroom *room = engine_room(person->engine, ROOM);
    assert_non_null(room);
    return room;
}

void keyed_rekey(struct person *person, uint8_t number, bool keep) {
    const struct key_set set = keyed_set(number);
    chatroom_rekey(keyed_room(person), &set, keep, person->world->now);
}

void keyed_add_door(struct person *person, uint8_t number) {
    const struct key_set set = keyed_set(number);
    assert_true(chatroom_add_set(keyed_room(person), &set, KEY_SET_DOOR, person->world->now));
}

unsigned keyed_registered(const struct world *world, uint8_t number) {
    const struct key_set set = keyed_set(number);
    unsigned all = 0;
    for (size_t i = 0; i < world->place_count; i++) {
        const struct room *room = net_room_of(world_net(world, i), set.tag);
        all += room ? room->member_count : 0;
    }
    return all;
}
