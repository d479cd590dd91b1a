#include "client/peer/cutting.h"

#define SCRAP 64 /* so few bytes are not worth a piece of their own */

static size_t age_size(const struct frame_segment *segment) {
    return segment->age > 0 ? FRAME_SEGMENT_AGE_SIZE : 0;
}

static size_t whole_size(const struct frame_segment *segment) {
    return FRAME_SEGMENT_OVERHEAD + age_size(segment) + segment->size;
}

/* Bytes of a segment, in whole units, that go into so much room. */
static size_t piece_fits(const struct frame_segment *segment, size_t room) {
    size_t around = FRAME_PIECE_OVERHEAD + age_size(segment);
    return room > around ? (room - around) / FRAME_PIECE_UNIT * FRAME_PIECE_UNIT : 0;
}

static size_t packets_of(const struct cutting *cutting) {
    size_t most = piece_fits(&cutting->segment, cutting->room);
    if (most == 0) most = FRAME_PIECE_UNIT; /* no room for any: the header forbids that */
    return (cutting->segment.size - cutting->at + most - 1) / most;
}

size_t cutting_packets(const struct frame_segment *segment, size_t room) {
    const struct cutting all = {.segment = *segment, .room = room};
    return whole_size(segment) <= room ? 1 : packets_of(&all);
}

void cutting_begin(struct cutting *cutting, const struct frame_segment *segment, size_t room) {
    *cutting = (struct cutting){.segment = *segment, .room = room, .open = true};
}

/* All packets that it takes get the same share: none is nearly empty. */
static size_t share_of(const struct cutting *cutting) {
    size_t packets = packets_of(cutting), share = (cutting->segment.size - cutting->at + packets - 1) / packets;
    return (share + FRAME_PIECE_UNIT - 1) / FRAME_PIECE_UNIT * FRAME_PIECE_UNIT;
}

static void write_piece(struct cutting *cutting, size_t size, struct writer *packet) {
    struct frame frame = {.type = FRAME_PIECE, .piece = {.segment = cutting->segment}};
    frame.piece.offset = (uint16_t)cutting->at;
    frame.piece.total = (uint16_t)cutting->segment.size;
    frame.piece.segment.data += cutting->at;
    frame.piece.segment.size = size;
    frame_write(packet, &frame);
    cutting->at += size;
    cutting->open = cutting->at < cutting->segment.size;
}

bool cutting_write(struct cutting *cutting, struct writer *packet) {
    const struct frame_segment *segment = &cutting->segment;
    size_t left = cutting->room > packet->at ? cutting->room - packet->at : 0;
    if (cutting->at == 0 && whole_size(segment) <= cutting->room) {
        if (whole_size(segment) > left) return false;
        frame_write(packet, &(struct frame){.type = FRAME_SEGMENT, .segment = *segment});
        cutting->open = false;
        return true;
    }
    size_t rest = segment->size - cutting->at, share = share_of(cutting), fits = piece_fits(segment, left);
    if (fits < share && fits < SCRAP) return false;
    size_t size = share < fits ? share : fits;
    write_piece(cutting, size < rest ? size : rest, packet);
    return true;
}
