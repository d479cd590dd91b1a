#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "client/peer/cutting.h"
#include "client/peer/delivery_receiver.h"

static uint8_t text[DELIVERY_SEGMENT_DATA];

struct heard {
    unsigned count;
    size_t size;
};

static void take(void *context, const uint8_t *message, size_t size, uint64_t age) {
    struct heard *heard = context;
    (void)age;
    assert_memory_equal(message, text, size);
    heard->count++;
    heard->size = size;
}

/* Packets with `before` bytes of other frames in the first one, as the receiver takes them. Their number. */
static unsigned send_in(const struct frame_segment *segment, size_t room, size_t before, struct heard *heard) {
    struct delivery_receiver receiver;
    struct cutting cutting;
    unsigned packets = 0;
    delivery_receiver_init(&receiver);
    cutting_begin(&cutting, segment, room);
    while (cutting.open) {
        uint8_t bytes[PEER_FRAMES_OWN_MAX];
        struct writer writer = writer_over(bytes, sizeof bytes);
        struct frame frame;
        writer.at = packets == 0 ? before : 0;
        size_t start = writer.at;
        bool written = cutting_write(&cutting, &writer);
        packets++;
        assert_true(written || start > 0);
        assert_false(writer.failed);
        assert_true(writer.at <= room);
        if (!written) continue;
        struct reader reader = reader_over(bytes + start, writer.at - start);
        assert_true(frame_next(&reader, &frame));
        if (frame.type == FRAME_PIECE) {
            bool whole = delivery_receiver_take_piece(&receiver, &frame.piece, 0, take, heard);
            assert_int_equal(whole, !cutting.open);
        } else {
            assert_int_equal(frame.type, FRAME_SEGMENT);
            assert_true(delivery_receiver_take(&receiver, &frame.segment, 0, take, heard));
        }
        assert_false(frame_next(&reader, &frame));
    }
    delivery_receiver_clear(&receiver);
    return packets;
}

/* Every size in every room: it arrives once and as it was, in as few packets as there can be. */
static void a_segment_fits_everywhere(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof text; i++) text[i] = (uint8_t)(i * 7 + i / 256);
    for (size_t size = 0; size <= sizeof text; size += size < 64 || size > 960 ? 1 : 13)
        for (size_t room = DELIVERY_ROOM_LEAST; room <= PEER_FRAMES_OWN_MAX; room += 16)
            for (uint32_t age = 0; age < 2; age++) {
                struct frame_segment segment = {.stream = 1, .first = true, .last = true, .age = age};
                struct heard heard = {0};
                segment.data = text;
                segment.size = size;
                size_t around = FRAME_PIECE_OVERHEAD + (age ? FRAME_SEGMENT_AGE_SIZE : 0);
                size_t least = size + FRAME_SEGMENT_OVERHEAD + (age ? FRAME_SEGMENT_AGE_SIZE : 0) <= room
                                   ? 1
                                   : (size + (room - around) / 16 * 16 - 1) / ((room - around) / 16 * 16);
                assert_int_equal(cutting_packets(&segment, room), least);
                assert_int_equal(send_in(&segment, room, 0, &heard), least);
                assert_true(heard.count == 1 && heard.size == size);
                /* Behind an introduction and an acknowledgement. */
                assert_in_range(send_in(&segment, room, 99, &heard), least, least + 1);
                assert_true(heard.count == 2 && heard.size == size);
            }
}

/* No packet but the first is much smaller than the others. */
static void pieces_share(void **state) {
    (void)state;
    struct frame_segment segment = {.stream = 1, .data = text, .size = sizeof text};
    struct cutting cutting;
    cutting_begin(&cutting, &segment, DELIVERY_ROOM_LEAST);
    for (int i = 0; i < 3; i++) {
        uint8_t bytes[PEER_FRAMES_OWN_MAX];
        struct writer writer = writer_over(bytes, sizeof bytes);
        assert_true(cutting_write(&cutting, &writer));
        assert_int_equal(writer.at, FRAME_PIECE_OVERHEAD + (i == 0 ? 352 : 336));
    }
    assert_false(cutting.open);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_segment_fits_everywhere),
        cmocka_unit_test(pieces_share),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("cutting", tests, NULL, NULL);
}
