#include "client/peer/answers.h"

#include <string.h>

#include "common/holds.h"

#define ANSWER 1000 /* one, in thousandths */
#define ANSWERS_BURST 8
#define ANSWERS_A_SECOND 4
#define TOKEN_FRAME_SIZE (FRAME_HEADER_SIZE + 8) /* PING, PONG */

static const struct bucket_kind answers_kind = {
    .burst = ANSWERS_BURST * ANSWER, .amount = ANSWERS_A_SECOND, .per_ms = 1};

static bool place_holds(const struct answers_place *place, size_t most) {
    return place->size <= most && (place->size > 0) == (place->types != 0);
}

bool answers_hold(const struct answers *answers) {
    return answers->most <= ANSWERS_FRAMES_MAX && place_holds(&answers->here, answers->most) &&
           place_holds(&answers->path, answers->most);
}

void answers_begin(struct answers *answers, const struct path *from, size_t size) {
    answers->from = *from;
    answers->most = size < ANSWERS_FRAMES_MAX ? size : ANSWERS_FRAMES_MAX;
    answers->over = false;
    answers->taken = 0;
    answers->here.types = answers->path.types = 0;
    answers->here.size = answers->path.size = 0;
}

bool answers_add(struct answers *answers, struct answers_place *place, const struct frame *frame) {
    uint32_t bit = UINT32_C(1) << frame->type;
    size_t kept = frame->type == FRAME_PING && !(place->types & UINT32_C(1) << FRAME_PONG) ? TOKEN_FRAME_SIZE : 0;
    size_t left = answers_room(answers, place);
    if ((place->types & bit) || left < kept) return false;
    struct writer writer = writer_over(place->frames + place->size, left - kept);
    frame_write(&writer, frame);
    if (writer.failed) return false;
    place->types |= bit;
    place->size += writer_size(&writer);
    HOLDS(answers_hold(answers));
    return true;
}

bool answers_may_ask(const struct answers *answers) {
    return answers->most >= 2 * TOKEN_FRAME_SIZE;
}

size_t answers_room(const struct answers *answers, const struct answers_place *place) {
    return answers->most - place->size;
}

bool answers_take_once(struct answers *answers, enum frame_type type) {
    uint32_t bit = UINT32_C(1) << type;
    if (type == FRAME_RELAYED) bit = UINT32_C(1) << FRAME_RELAY; /* one of either */
    bool first = !(answers->taken & bit);
    answers->taken |= bit;
    return first;
}

void answers_move(struct answers_place *place, struct writer *frames) {
    write_bytes(frames, place->frames, place->size);
    place->size = 0;
    place->types = 0;
}

void answers_fill(struct bucket *bucket, uint64_t now) {
    bucket_fill(bucket, &answers_kind, now);
}

bool answers_allowed(struct bucket *bucket, enum frame_type type, uint64_t now) {
    return type == FRAME_PING || type == FRAME_PONG || bucket_take(bucket, &answers_kind, ANSWER, now);
}
