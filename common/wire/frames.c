#include "common/wire/frames.h"

#include <string.h>

#include "common/wire/packet.h"
#include "common/wire/peer_packets.h"

#define SEGMENT_FIRST 0x01
#define SEGMENT_LAST 0x02
#define SEGMENT_AGED 0x04

void read_introduction(struct reader *reader, struct frame_introduction *out) {
    *out = (struct frame_introduction){0};
    read_bytes(reader, out->identity, sizeof out->identity);
    out->run = read_u64(reader);
    out->epoch = read_u32(reader);
    out->wall_ms = read_u64(reader);
    out->nick_size = read_u8(reader);
    if (out->nick_size == 0 || out->nick_size > TEXT_NICK_MAX) {
        out->nick_size = 0;
        reader_fail(reader);
    }
    read_bytes(reader, out->nick, out->nick_size);
}

void write_introduction(struct writer *writer, const struct frame_introduction *introduction) {
    if (introduction->nick_size == 0 || introduction->nick_size > TEXT_NICK_MAX) writer->failed = true;
    write_bytes(writer, introduction->identity, sizeof introduction->identity);
    write_u64(writer, introduction->run);
    write_u32(writer, introduction->epoch);
    write_u64(writer, introduction->wall_ms);
    write_u8(writer, introduction->nick_size);
    write_bytes(writer, introduction->nick, introduction->nick_size);
}

static void read_introduction_frame(struct reader *reader, struct frame *out) {
    read_introduction(reader, &out->introduction);
}

static void write_introduction_frame(struct writer *writer, const struct frame *frame) {
    write_introduction(writer, &frame->introduction);
}

/* What a segment and a piece of one begin with. */
static void read_segment_head(struct reader *reader, struct frame_segment *segment) {
    segment->stream = read_u32(reader);
    segment->sequence = read_u32(reader);
    uint8_t flags = read_u8(reader);
    if (flags & ~(SEGMENT_FIRST | SEGMENT_LAST | SEGMENT_AGED)) reader_fail(reader);
    segment->first = flags & SEGMENT_FIRST;
    segment->last = flags & SEGMENT_LAST;
    if (flags & SEGMENT_AGED) {
        segment->age = read_u32(reader);
        if (!segment->first || segment->age == 0) reader_fail(reader);
    }
}

static void write_segment_head(struct writer *writer, const struct frame_segment *segment) {
    write_u32(writer, segment->stream);
    write_u32(writer, segment->sequence);
    if (segment->age > 0 && !segment->first) writer->failed = true;
    write_u8(writer, (uint8_t)((segment->first ? SEGMENT_FIRST : 0) | (segment->last ? SEGMENT_LAST : 0) |
                               (segment->age > 0 ? SEGMENT_AGED : 0)));
    if (segment->age > 0) write_u32(writer, segment->age);
}

static void read_segment(struct reader *reader, struct frame *out) {
    struct frame_segment *segment = &out->segment;
    read_segment_head(reader, segment);
    segment->size = reader_left(reader);
    segment->data = read_view(reader, segment->size);
}

static void write_segment(struct writer *writer, const struct frame *frame) {
    write_segment_head(writer, &frame->segment);
    write_bytes(writer, frame->segment.data, frame->segment.size);
}

/* Lies within the segment, on whole units. */
static bool is_piece(const struct frame_piece *piece) {
    size_t size = piece->segment.size, end = piece->offset + size;
    if (size == 0 || end > piece->total || piece->offset % FRAME_PIECE_UNIT != 0) return false;
    return end == piece->total || end % FRAME_PIECE_UNIT == 0;
}

static void read_piece(struct reader *reader, struct frame *out) {
    struct frame_piece *piece = &out->piece;
    read_segment_head(reader, &piece->segment);
    piece->offset = read_u16(reader);
    piece->total = read_u16(reader);
    piece->segment.size = reader_left(reader);
    piece->segment.data = read_view(reader, piece->segment.size);
    if (!is_piece(piece)) reader_fail(reader);
}

static void write_piece(struct writer *writer, const struct frame *frame) {
    const struct frame_piece *piece = &frame->piece;
    if (!is_piece(piece)) writer->failed = true;
    write_segment_head(writer, &piece->segment);
    write_u16(writer, piece->offset);
    write_u16(writer, piece->total);
    write_bytes(writer, piece->segment.data, piece->segment.size);
}

static void read_acknowledgement(struct reader *reader, struct frame *out) {
    out->acknowledgement.stream = read_u32(reader);
    out->acknowledgement.cumulative = read_u32(reader);
    out->acknowledgement.bitmap = read_u64(reader);
}

static void write_acknowledgement(struct writer *writer, const struct frame *frame) {
    write_u32(writer, frame->acknowledgement.stream);
    write_u32(writer, frame->acknowledgement.cumulative);
    write_u64(writer, frame->acknowledgement.bitmap);
}

static void read_token(struct reader *reader, struct frame *out) {
    out->token = read_u64(reader);
}

static void write_token(struct writer *writer, const struct frame *frame) {
    write_u64(writer, frame->token);
}

static bool relayable(const struct frame_relay *relay) {
    return relay->size >= RELAY_PACKET_MIN && peer_type(relay->packet[0]);
}

static void read_relay(struct reader *reader, struct frame *out) {
    read_bytes(reader, out->relay.member, sizeof out->relay.member);
    out->relay.size = reader_left(reader);
    out->relay.packet = read_view(reader, out->relay.size);
    if (!relayable(&out->relay)) reader_fail(reader);
}

static void write_relay(struct writer *writer, const struct frame *frame) {
    if (!relayable(&frame->relay)) writer->failed = true;
    write_bytes(writer, frame->relay.member, sizeof frame->relay.member);
    write_bytes(writer, frame->relay.packet, frame->relay.size);
}

/* A byte that may be at most `most`. */
static uint8_t read_limited(struct reader *reader, uint8_t most) {
    uint8_t value = read_u8(reader);
    if (value > most) reader_fail(reader);
    return value;
}

static void read_candidates_frame(struct reader *reader, struct frame *out) {
    out->candidates.answer = read_flag(reader);
    out->candidates.mapping = (enum nat_mapping)read_limited(reader, NAT_MAPPING_DEPENDENT);
    read_candidate_list(reader, RECORD_CANDIDATES_MAX, &out->candidates.candidates);
}

static void write_candidates_frame(struct writer *writer, const struct frame *frame) {
    write_flag(writer, frame->candidates.answer);
    write_u8(writer, (uint8_t)frame->candidates.mapping);
    write_candidate_list(writer, RECORD_CANDIDATES_MAX, &frame->candidates.candidates);
}

static void read_probing(struct reader *reader, struct frame *out) {
    out->probing.step = (enum probing_step)read_limited(reader, PROBING_OVER);
    out->probing.hard = read_flag(reader);
    out->probing.attempt = read_u32(reader);
}

static void write_probing(struct writer *writer, const struct frame *frame) {
    write_u8(writer, (uint8_t)frame->probing.step);
    write_flag(writer, frame->probing.hard);
    write_u32(writer, frame->probing.attempt);
}

static void read_nothing(struct reader *reader, struct frame *out) {
    (void)reader;
    (void)out;
}

static void write_nothing(struct writer *writer, const struct frame *frame) {
    (void)writer;
    (void)frame;
}

struct codec {
    void (*read)(struct reader *reader, struct frame *out);
    void (*write)(struct writer *writer, const struct frame *frame);
};

/* Padding has neither length nor body, so no row. */
static const struct codec codecs[] = {
    [FRAME_INTRODUCTION] = {read_introduction_frame, write_introduction_frame},
    [FRAME_SEGMENT] = {read_segment, write_segment},
    [FRAME_ACKNOWLEDGEMENT] = {read_acknowledgement, write_acknowledgement},
    [FRAME_PING] = {read_token, write_token},
    [FRAME_PONG] = {read_token, write_token},
    [FRAME_BYE] = {read_nothing, write_nothing},
    [FRAME_RELAY] = {read_relay, write_relay},
    [FRAME_RELAYED] = {read_relay, write_relay},
    [FRAME_CANDIDATES] = {read_candidates_frame, write_candidates_frame},
    [FRAME_PROBING] = {read_probing, write_probing},
    [FRAME_PIECE] = {read_piece, write_piece},
};

static const struct codec *codec_of(unsigned type) {
    return type > FRAME_PADDING && type < sizeof codecs / sizeof *codecs ? &codecs[type] : NULL;
}

bool frame_next(struct reader *reader, struct frame *out) {
    while (reader_left(reader) > 0) {
        uint8_t type = read_u8(reader);
        if (type == FRAME_PADDING) {
            read_zeros(reader, reader_left(reader));
            return false;
        }
        size_t size = read_u16(reader);
        const uint8_t *data = read_view(reader, size);
        if (!data) return false;
        const struct codec *codec = codec_of(type);
        if (!codec) continue;
        struct reader body = reader_over(data, size);
        *out = (struct frame){.type = (enum frame_type)type};
        codec->read(&body, out);
        if (reader_finished(&body)) return true;
        reader_fail(reader);
    }
    return false;
}

void frame_write(struct writer *writer, const struct frame *frame) {
    const struct codec *codec = codec_of(frame->type);
    if (!codec) {
        writer->failed = true;
        return;
    }
    write_u8(writer, (uint8_t)frame->type);
    uint8_t *length = write_space(writer, sizeof(uint16_t));
    size_t start = writer->at;
    codec->write(writer, frame);
    size_t size = writer->at - start;
    if (size > UINT16_MAX) writer->failed = true;
    if (writer->failed) return;
    length[0] = (uint8_t)(size >> 8);
    length[1] = (uint8_t)size;
}

void frames_pad(struct writer *writer) {
    size_t missing = (FRAMES_ALIGNMENT - writer->at % FRAMES_ALIGNMENT) % FRAMES_ALIGNMENT;
    size_t left = writer_left(writer);
    write_zeros(writer, missing < left ? missing : left);
}
