/* The bootnode and the process of its board: whatever one of them sends, the other takes it only in the one form that
 * it has. And subjects: only those that we would make ourselves. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "bootnode/cluster/board_pair.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool condition) {
    if (!condition) abort();
}

static void check_packet(const uint8_t *data, size_t size) {
    static struct board_packet packet;
    uint8_t again[BOARD_PACKET_MAX];
    if (!board_pair_decode(data, size, &packet)) return;
    require(size <= sizeof again && strlen(packet.text) < BOARD_TEXT_SIZE);
    require(packet.message.size <= BOARD_MESSAGE_MAX && packet.message.subject < BOARD_SUBJECTS);
    require(board_pair_encode(&packet, again) == size && memcmp(again, data, size) == 0);
}

static void check_subject(const uint8_t *data, size_t size) {
    char text[2 * BOARD_SUBJECT_SIZE], again[BOARD_SUBJECT_SIZE];
    enum board_subject subject;
    uint8_t id;
    if (size >= sizeof text) return;
    memcpy(text, data, size);
    text[size] = '\0';
    if (!board_pair_read_subject(text, "town", &subject, &id)) return;
    board_pair_subject("town", subject, id, again);
    require(strcmp(text, again) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    check_packet(data, size);
    check_subject(data, size);
    return 0;
}
