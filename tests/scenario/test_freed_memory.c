/* What is given back to the heap: no secret of a private room is in it. The program's own free() stands before the
 * library's, and looks. Sanitizers have one of their own, so there is nothing to see then. */
#include <malloc.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <sodium.h>

#include "client/events.h"
#include "client/message/blob.h"
#include "client/peer/delivery_receiver.h"
#include "common/sanitizers.h"
#include "tests/scenario/support/private_people.h"

#define CONNECT_MS 3000
#define TELL_MS 2000
#define KEPT (32u * 1024 * 1024)

/* All that was freed since `kept` was set to 0. */
static uint8_t *freed;
static size_t kept;

#ifndef GOCHAT_SANITIZED
void __libc_free(void *old);

void free(void *old) {
    size_t size = old && freed ? malloc_usable_size(old) : 0;
    if (size > KEPT - kept) size = KEPT - kept;
    if (size > 0) memcpy(freed + kept, old, size);
    kept += size;
    __libc_free(old);
}
#endif

/* How many copies of it were in what was freed. */
static unsigned copies(const uint8_t *secret, size_t size) {
    unsigned count = 0;
    assert_true(kept < KEPT);
    for (const uint8_t *at = freed; (at = memmem(at, kept - (size_t)(at - freed), secret, size)); at++) count++;
    return count;
}

static int look(void **state) {
    uint8_t *place = malloc(KEPT);
    (void)state;
    if (!place) return -1;
    kept = 0;
    freed = place;
    return 0;
}

static int look_away(void **state) {
    uint8_t *place = freed;
    (void)state;
    freed = NULL;
    free(place);
    return 0;
}

static const uint8_t secret[PRIVATE_SECRET_SIZE] = "thirty-two bytes that are secret";

/* Else nothing here shows anything. */
static void what_is_freed_is_seen(void **state) {
    uint8_t *volatile copy = malloc(sizeof secret); /* else the compiler does without it */
    (void)state;
    assert_non_null(copy);
    memcpy(copy, secret, sizeof secret);
    free(copy);
    assert_int_equal(copies(secret + 16, 16), 1); /* the heap's own words are at the front */
}

static void a_message_is_wiped(void **state) {
    uint8_t bytes[100] = {0};
    (void)state;
    memcpy(bytes + 50, secret, sizeof secret);
    struct blob *blob = blob_create(bytes, sizeof bytes), *other = blob_hold(blob);
    blob_drop(blob);
    assert_memory_equal(other->data, bytes, sizeof bytes);
    blob_drop(other);
    blob_drop(NULL);
    assert_int_equal(copies(secret, sizeof secret), 0);
}

static void an_invite_is_wiped(void **state) {
    (void)state;
    event_destroy(event_create(EVENT_INVITE, (const char *)secret, sizeof secret));
    assert_int_equal(copies(secret, sizeof secret), 0);
}

static void on_heard(void *context, const uint8_t *message, size_t size, uint64_t age) {
    unsigned *heard = context;
    (void)message, (void)size, (void)age;
    ++*heard;
}

/* Of three segments, each with the secret in it. */
static struct frame_segment segment_of(uint32_t sequence, const uint8_t data[static 100]) {
    return (struct frame_segment){
        .stream = 1, .sequence = sequence, .first = sequence == 0, .last = sequence == 2, .data = data, .size = 100};
}

static void take(struct delivery_receiver *receiver, const struct frame_segment *segment, unsigned *heard) {
    assert_true(delivery_receiver_take(receiver, segment, 1, on_heard, heard));
}

static void what_came_of_a_message_is_wiped(void **state) {
    uint8_t data[100] = {0};
    struct delivery_receiver receiver;
    unsigned heard = 0;
    (void)state;
    memcpy(data + 50, secret, sizeof secret);
    const struct frame_segment segments[] = {segment_of(0, data), segment_of(1, data), segment_of(2, data)};
    delivery_receiver_init(&receiver);
    for (size_t i = 3; i-- > 0;) take(&receiver, &segments[i], &heard); /* the last one first */
    assert_int_equal(heard, 1);
    delivery_receiver_clear(&receiver);
    take(&receiver, &segments[0], &heard); /* another one, which is never whole */
    take(&receiver, &segments[2], &heard);
    delivery_receiver_clear(&receiver);
    const struct frame_piece piece = {.segment = segments[1], .total = 164}; /* and one that comes again, whole */
    struct frame_piece aligned = piece;
    aligned.segment.size = 96;
    assert_false(delivery_receiver_take_piece(&receiver, &aligned, 1, on_heard, &heard));
    take(&receiver, &segments[1], &heard);
    delivery_receiver_clear(&receiver);
    assert_int_equal(copies(secret, sizeof secret), 0);
}

/* It came by an invite, and the keeper's client notes by which. */
static void the_token_of_an_invite_is_wiped(void **state) {
    struct world *world = *state;
    uint8_t token[PRIVATE_SECRET_SIZE];
    struct why why;
    struct person *anna = private_found(world, "anna");
    if (!chamber_open_door(private_chamber(anna), false, 0, world->now, token, &why)) fail_msg("%s", why.text);
    world_run(world, 1000);
    struct person *bert = private_invite(world, "bert", token);
    world_wait(world, 20000, private_sees(anna, bert));
    look(NULL);
    person_kill(anna);
    unsigned found = copies(token, sizeof token);
    look_away(NULL);
    assert_int_equal(found, 0);
}

/* On its way to all who stay, and where it is taken. */
static void a_new_secret_is_wiped(void **state) {
    struct world *world = *state;
    uint8_t now[PRIVATE_SECRET_SIZE];
    struct person *anna = private_found(world, "anna"), *bert = private_invite(world, "bert", NULL),
                  *carl = private_invite(world, "carl", NULL), *eve = private_invite(world, "eve", NULL);
    world_wait(world, CONNECT_MS,
               private_sees(anna, bert) && private_sees(anna, carl) && private_sees(bert, carl) &&
                   private_sees(anna, eve) && private_agree(anna, bert));
    world_run(world, 3000);
    world->loss_percent = 20;
    look(NULL);
    private_decide(anna, eve, DECIDE_REMOVE);
    world_run(world, 20000);
    assert_true(private_agree(anna, bert) && private_agree(anna, carl));
    private_room_secret(chamber_room(private_chamber(anna)), now);
    unsigned found = copies(now, sizeof now);
    print_message("# %u copies of a new secret in %zu bytes that were freed\n", found, kept);
    look_away(NULL);
    assert_int_equal(found, 0);
}

#define freed_test(name) cmocka_unit_test_setup_teardown(name, look, look_away)
#define world_test(name) cmocka_unit_test_setup_teardown(name, private_setup, world_teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        freed_test(what_is_freed_is_seen),
        freed_test(a_message_is_wiped),
        freed_test(an_invite_is_wiped),
        freed_test(what_came_of_a_message_is_wiped),
        world_test(the_token_of_an_invite_is_wiped),
        world_test(a_new_secret_is_wiped),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
#ifdef GOCHAT_SANITIZED
    (void)tests;
    print_message("1..0 # SKIP a sanitizer has the heap\n");
    return 0;
#else
    return cmocka_run_group_tests_name("freed_memory", tests, NULL, NULL);
#endif
}
