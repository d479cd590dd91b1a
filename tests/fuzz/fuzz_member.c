/* A member that is connected, behind the encryption: any frames, in any packets, as from any address, to a client that
 * runs whole in a world of its own (tests/scenario/support). Whatever they are, nothing but its keys' owner speaks,
 * what holds of its structures holds (sanitized builds look at each change), and a stranger whose address was forged
 * gets no more than three times what was spent in its name. Each part of the input is the frames of one packet, behind
 * a byte that says where it seems to come from and how long it is waited after it, and two with its length.
 *
 * A world takes long to make, so it serves many inputs: what one of them breaks may show in a later one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/bytes.h"
#include "tests/scenario/support/hostile.h"

#define INPUTS_A_WORLD 100
#define WAIT_MS 3                     /* times up to 31 */
#define NAMED_BYTES (20 * PACKET_MAX) /* of what a member alone named, 20 packets at most: PROTOCOL.md §3.2 rule 14 */

/* It is slow beside the decoders. */
extern const unsigned long fuzz_runs;
const unsigned long fuzz_runs = 15000;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct world *world;
static struct hostile mallory;
static struct person *anna, *bert;
static unsigned inputs;

static void require(bool condition) {
    if (!condition) abort();
}

static void make_world(void) {
    void *state = NULL;
    require(world_setup(&state) == 0);
    world = state;
    anna = world_person(world, "anna", NAT_NONE);
    bert = world_person(world, "bert", NAT_NONE);
    hostile_init(&mallory, world, anna, "tea", true);
    person_start(anna, "tea");
    person_start(bert, "tea");
    world_run(world, 1000);
    hostile_meet(&mallory);
    hostile_run(&mallory, 1000);
    hostile_count(&mallory, &mallory.forged);
}

static void end_world(void) {
    void *state = world;
    if (world) require(world_teardown(&state) == 0);
    world = NULL;
}

static void say(uint8_t how, const uint8_t *frames, size_t size) {
    const struct address elsewhere = {.ip = {[10] = 0xff, 0xff, 198, 51, 100, (uint8_t)(1 + how % 7)}, .port = 4000};
    const struct address *from = how & 0x40 ? &mallory.forged : how & 0x20 ? &elsewhere : &mallory.at;
    hostile_data(&mallory, from, frames, size < PEER_FRAMES_MAX ? size : PEER_FRAMES_MAX);
    world_run(world, (uint64_t)(how & 0x1f) * WAIT_MS);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct reader reader = reader_over(data, size);
    if (inputs++ % INPUTS_A_WORLD == 0) {
        static bool once;
        if (!once) atexit(end_world);
        once = true;
        end_world();
        make_world();
    }
    while (reader_left(&reader) > 3) {
        uint8_t how = read_u8(&reader);
        size_t wanted = read_u16(&reader) % PEER_FRAMES_MAX, left = reader_left(&reader);
        size_t part = wanted < left ? wanted : left;
        say(how, read_view(&reader, part), part);
    }
    hostile_beat(&mallory);
    world_run(world, 200);
    require(mallory.at_victim.bytes <= 3 * mallory.from_victim.bytes + NAMED_BYTES);
    person_forget(anna);
    person_forget(bert);
    return 0;
}
