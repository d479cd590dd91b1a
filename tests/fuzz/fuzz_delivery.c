/* Both ends of the delivery against a peer that sends whatever it likes: each byte of the input chooses what happens
 * next. */
#include <stdlib.h>

#include "client/peer/delivery_receiver.h"
#include "common/bytes.h"

#define QUEUED_MAX 8
#define MOVES_MAX 200

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const uint8_t zeros[DELIVERY_MESSAGE_MAX + 1];

struct ends {
    struct delivery_sender sender;
    struct delivery_receiver receiver;
    uint64_t now, queued, completed;
};

static void require(bool condition) {
    if (!condition) abort();
}

static void take(void *context, const uint8_t *message, size_t size, uint64_t age) {
    (void)age;
    (void)context;
    require(size <= DELIVERY_MESSAGE_MAX);
    if (size > 0) require(message[0] == 0 && message[size - 1] == 0);
}

/* Sizes around every edge. */
static void queue(struct ends *ends, struct reader *reader) {
    static const size_t sizes[] = {0, 1, 1023, 1024, 1025, 2048, 5000, sizeof zeros - 1, sizeof zeros};
    size_t size = sizes[read_u8(reader) % (sizeof sizes / sizeof sizes[0])];
    struct blob *blob;
    if (ends->sender.messages >= QUEUED_MAX) return;
    blob = blob_create(zeros, size);
    require(blob != NULL);
    if (delivery_queue(&ends->sender, blob, ends->queued, ends->now)) ends->queued++;
    blob_drop(blob);
}

static void transmit(struct ends *ends, struct reader *reader) {
    struct frame_segment segment;
    unsigned most = read_u8(reader);
    ends->now += read_u16(reader);
    for (unsigned i = 0; i < most && delivery_next(&ends->sender, ends->now, &segment); i++) {
        require(segment.size <= DELIVERY_SEGMENT_DATA && segment.stream == ends->sender.stream);
        take(NULL, segment.data, segment.size, 0);
    }
    require(delivery_due(&ends->sender, ends->now) >= ends->now);
}

static uint32_t near(struct reader *reader, uint32_t centre) {
    uint8_t offset = read_u8(reader);
    return offset == UINT8_MAX ? read_u32(reader) : centre + offset - 127;
}

static void acknowledged(struct ends *ends, struct reader *reader) {
    struct frame_acknowledgement ack = {.stream = ends->sender.stream,
                                        .cumulative = near(reader, ends->sender.cumulative)};
    uint64_t tag;
    ack.bitmap = read_u64(reader);
    delivery_acknowledged(&ends->sender, &ack, ends->now);
    while (delivery_completed(&ends->sender, &tag)) require(tag == ends->completed++);
}

static void receive(struct ends *ends, struct reader *reader) {
    struct frame_segment segment = {.stream = near(reader, ends->receiver.stream + 100), .data = zeros};
    struct frame_acknowledgement ack;
    uint8_t flags = read_u8(reader);
    if (flags & 4) segment.stream = ends->receiver.stream;
    segment.sequence = flags & 8 ? ends->receiver.next : near(reader, ends->receiver.next);
    segment.first = flags & 1;
    segment.last = flags & 2;
    segment.size = read_u16(reader) % (DELIVERY_SEGMENT_DATA + 2);
    if (!delivery_receiver_take(&ends->receiver, &segment, ends->now, take, NULL)) return;
    require(delivery_receiver_acknowledgement(&ends->receiver, &ack));
    require(ack.cumulative == ends->receiver.next && ack.bitmap >> (DELIVERY_WINDOW - 1) == 0);
}

/* As the decoder lets them through: a piece within its segment. */
static void receive_piece(struct ends *ends, struct reader *reader) {
    struct frame_piece piece = {.segment = {.stream = ends->receiver.stream, .data = zeros}};
    uint8_t flags = read_u8(reader);
    if (flags & 4) piece.segment.stream = near(reader, ends->receiver.stream);
    piece.segment.sequence = flags & 8 ? ends->receiver.next : near(reader, ends->receiver.next);
    piece.segment.first = flags & 1;
    piece.segment.last = flags & 2;
    piece.total = (uint16_t)(1 + read_u16(reader) % (DELIVERY_SEGMENT_DATA + 1));
    piece.offset = (uint16_t)(read_u8(reader) * FRAME_PIECE_UNIT % piece.total / FRAME_PIECE_UNIT * FRAME_PIECE_UNIT);
    size_t end = piece.offset + (size_t)FRAME_PIECE_UNIT * (1 + read_u8(reader) % 64);
    piece.segment.size = (end < piece.total ? end : piece.total) - piece.offset;
    (void)delivery_receiver_take_piece(&ends->receiver, &piece, ends->now, take, NULL);
    require(delivery_receiver_holds(&ends->receiver));
}

static void restart(struct ends *ends, struct reader *reader) {
    (void)reader;
    delivery_restart(&ends->sender, ends->sender.stream + 1);
}

static void sample(struct ends *ends, struct reader *reader) {
    delivery_sample(&ends->sender, read_u32(reader));
}

/* As much as some path takes. */
static void room(struct ends *ends, struct reader *reader) {
    size_t size = PATH_MTU_BASE + (size_t)FRAMES_ALIGNMENT * (read_u8(reader) % 39) - PEER_DATA_OVERHEAD;
    if (delivery_doubts_room(&ends->sender, ends->now))
        delivery_room_fell(&ends->sender, DELIVERY_ROOM_LEAST, ends->now);
    else
        delivery_set_room(&ends->sender, size, ends->now);
    require(delivery_holds(&ends->sender));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static void (*const moves[])(struct ends * ends, struct reader * reader) = {
        queue, transmit, acknowledged, receive, receive, restart, sample, receive_piece, receive_piece, room};
    struct reader reader = reader_over(data, size);
    struct ends ends = {.now = 1};
    delivery_sender_init(&ends.sender, 1);
    delivery_receiver_init(&ends.receiver);
    for (int i = 0; i < MOVES_MAX && reader_left(&reader) > 0; i++) {
        moves[read_u8(&reader) % (sizeof moves / sizeof moves[0])](&ends, &reader);
        require(ends.sender.next_sequence - ends.sender.cumulative <= DELIVERY_WINDOW);
        require(ends.queued - ends.completed == ends.sender.messages);
        require(ends.receiver.message_size <= DELIVERY_MESSAGE_MAX);
    }
    delivery_sender_clear(&ends.sender);
    delivery_receiver_clear(&ends.receiver);
    return 0;
}
