#include "tests/scenario/support/private_people.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <sodium.h>

#include "client/charter/room_file.h"
#include "tests/support/folder.h"

struct private_room private_made;
const char *private_folder;

int private_setup(void **state) {
    memset(&private_made, 0, sizeof private_made);
    return world_setup(state);
}

int private_setup_folder(void **state) {
    void *folder;
    if (private_setup(state) != 0 || folder_make(&folder) != 0) return -1;
    private_folder = folder;
    return 0;
}

/* Whoever is there still writes there at the end. */
int private_teardown_folder(void **state) {
    void *folder = (void *)private_folder;
    int ended = world_teardown(state);
    return folder_remove(&folder) == 0 ? ended : -1;
}

struct person *private_found_as(struct person *owner) {
    struct private_room room;
    assert_true(private_room_make(&private_made, PRIVATE_NAME, &owner->identity));
    room = private_made;
    person_enter(owner, &room);
    return owner;
}

struct person *private_found(struct world *world, const char *name) {
    return private_found_as(world_person(world, name, NAT_NONE));
}

struct person *private_invite_dated(struct world *world, const char *name, const uint8_t *secret, uint64_t stamp) {
    struct person *person = world_person(world, name, NAT_PORT_RESTRICTED);
    struct private_room room;
    assert_true(private_room_init(&room, PRIVATE_NAME, private_made.charter.root));
    room.invited = true;
    room.invite_stamp = stamp;
    memcpy(room.invite, secret, sizeof room.invite);
    person_enter(person, &room);
    return person;
}

struct person *private_invite_behind(struct world *world, const char *name, enum nat_kind nat, const uint8_t *secret) {
    struct person *person = world_person(world, name, nat);
    struct private_room room;
    assert_true(private_room_init(&room, PRIVATE_NAME, private_made.charter.root));
    room.invited = secret != NULL;
    if (secret) memcpy(room.invite, secret, sizeof room.invite);
    person_enter(person, &room);
    return person;
}

struct person *private_invite(struct world *world, const char *name, const uint8_t *secret) {
    return private_invite_behind(world, name, NAT_PORT_RESTRICTED, secret);
}

struct person *private_invite_by(struct world *world, const char *name, struct person *by) {
    const struct private_room *room = chamber_room(private_chamber(by));
    uint8_t secret[PRIVATE_SECRET_SIZE];
    private_room_secret(room, secret);
    return private_invite_dated(world, name, secret, private_room_stamp(room));
}

struct chamber *private_chamber(struct person *person) {
    struct chamber *chamber = engine_chamber(person->engine, PRIVATE_NAME);
    assert_non_null(chamber);
    return chamber;
}

const struct charter *private_charter(struct person *person) {
    return &chamber_room(private_chamber(person))->charter;
}

struct key_set private_present_set(struct person *person) {
    struct key_set set;
    uint8_t secret[PRIVATE_SECRET_SIZE];
    private_room_secret(chamber_room(private_chamber(person)), secret);
    key_set_derive(private_made.charter.root, secret, &set);
    return set;
}

void private_kill(struct person *person, struct private_room *kept) {
    struct why why;
    size_t size;
    char *text = room_file_format(chamber_room(private_chamber(person)), &size);
    if (!room_file_parse("kept", text, kept, &why)) fail_msg("%s", why.text);
    free(text);
    person_kill(person);
}

void private_decide(struct person *by, const struct person *about, enum room_decision decision) {
    struct why why;
    if (!chamber_decide(private_chamber(by), decision, about->id, "", by->world->now, &why)) fail_msg("%s", why.text);
}

/* Whoever was presumed to be a member may have been told as gone without having been connected. */
static bool has(const struct person *person, const struct person *other) {
    bool connected = false;
    for (const struct told *told = person->told; told; told = told->next) {
        if (memcmp(told->event->peer, other->id, sizeof other->id) != 0) continue;
        if (told->event->type == EVENT_PEER_CONNECTED) connected = true;
        if (told->event->type == EVENT_PEER_LEFT) connected = false;
    }
    return connected;
}

bool private_sees(struct person *a, struct person *b) {
    return has(a, b) && has(b, a);
}

bool private_refused(const struct person *person, const char *reason) {
    for (const struct told *told = person->told; told; told = told->next)
        if (told->event->type == EVENT_REFUSED && strcmp(told->event->reason, reason) == 0) return true;
    return false;
}

unsigned private_heard(const struct person *person, const char *text) {
    unsigned count = 0;
    for (const struct told *told = person->told; told; told = told->next)
        count += told->event->type == EVENT_MESSAGE && strcmp(told->event->text, text) == 0;
    return count;
}

void private_say(struct person *person, const char *text) {
    if (person->credit == 0) person->credit = 1;
    person_say(person, text);
}

bool private_agree(struct person *a, struct person *b) {
    uint8_t digests[2][CHARTER_DIGEST_SIZE], secrets[2][PRIVATE_SECRET_SIZE];
    charter_digest(private_charter(a), digests[0]);
    charter_digest(private_charter(b), digests[1]);
    private_room_secret(chamber_room(private_chamber(a)), secrets[0]);
    private_room_secret(chamber_room(private_chamber(b)), secrets[1]);
    return memcmp(digests[0], digests[1], sizeof digests[0]) == 0 &&
           memcmp(secrets[0], secrets[1], sizeof secrets[0]) == 0;
}

enum standing private_standing(struct person *at, const struct person *of) {
    return charter_standing(private_charter(at), of->identity.public);
}
