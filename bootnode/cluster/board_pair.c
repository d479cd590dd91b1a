#include "bootnode/cluster/board_pair.h"

#include <stdio.h>
#include <string.h>

#include "common/bytes.h"

static const char *const words[BOARD_SUBJECTS] = {[BOARD_BEACON] = "beacon", [BOARD_ORDERS] = "orders"};

static bool has_text(enum board_packet_type type) {
    return type == BOARD_PACKET_FAILED || type == BOARD_PACKET_THERE || type == BOARD_PACKET_AWAY ||
           type == BOARD_PACKET_REFUSED || type == BOARD_PACKET_DIED;
}

static bool has_count(enum board_packet_type type) {
    return type == BOARD_PACKET_REFUSED || type == BOARD_PACKET_LOST;
}

static bool has_message(enum board_packet_type type) {
    return type == BOARD_PACKET_HEARD || type == BOARD_PACKET_PUBLISH;
}

static bool is_printable(uint8_t character) {
    return character >= ' ' && character <= '~';
}

static void write_message(struct writer *writer, const struct board_message *message) {
    write_u8(writer, (uint8_t)message->subject);
    write_u8(writer, message->id);
    write_u64(writer, message->at_ms);
    write_bytes(writer, message->data, message->size);
}

size_t board_pair_encode(const struct board_packet *packet, uint8_t out[static BOARD_PACKET_MAX]) {
    struct writer writer = writer_over(out, BOARD_PACKET_MAX);
    write_u8(&writer, (uint8_t)packet->type);
    if (has_count(packet->type)) write_u32(&writer, packet->count);
    for (size_t i = 0; has_text(packet->type) && i + 1 < BOARD_TEXT_SIZE && packet->text[i]; i++)
        write_u8(&writer, is_printable((uint8_t)packet->text[i]) ? (uint8_t)packet->text[i] : '?');
    if (has_message(packet->type)) write_message(&writer, &packet->message);
    return writer_size(&writer);
}

static void read_text(struct reader *reader, char out[static BOARD_TEXT_SIZE]) {
    size_t size = reader_left(reader);
    const uint8_t *text = read_view(reader, size);
    if (!text || size >= BOARD_TEXT_SIZE) {
        reader_fail(reader);
        return;
    }
    memcpy(out, text, size);
    for (size_t i = 0; i < size; i++)
        if (!is_printable(text[i])) reader_fail(reader);
}

static void read_message(struct reader *reader, struct board_message *out) {
    uint8_t subject = read_u8(reader);
    out->subject = (enum board_subject)subject;
    out->id = read_u8(reader);
    out->at_ms = read_u64(reader);
    out->size = reader_left(reader);
    if (subject >= BOARD_SUBJECTS || out->size > BOARD_MESSAGE_MAX) {
        reader_fail(reader);
        return;
    }
    read_bytes(reader, out->data, out->size);
}

bool board_pair_decode(const uint8_t *data, size_t size, struct board_packet *out) {
    struct reader reader = reader_over(data, size);
    memset(out, 0, sizeof *out);
    uint8_t type = read_u8(&reader);
    if (type >= BOARD_PACKET_TYPES) return false;
    out->type = (enum board_packet_type)type;
    if (has_count(out->type)) out->count = read_u32(&reader);
    if (has_text(out->type)) read_text(&reader, out->text);
    if (has_message(out->type)) read_message(&reader, &out->message);
    return reader_finished(&reader);
}

/* --- Subjects --- */

void board_pair_subject(const char *cluster, enum board_subject subject, uint8_t id,
                        char out[static BOARD_SUBJECT_SIZE]) {
    snprintf(out, BOARD_SUBJECT_SIZE, "gochat.%s.%s.%u", cluster, words[subject], id);
}

void board_pair_all(const char *cluster, char out[static BOARD_SUBJECT_SIZE]) {
    snprintf(out, BOARD_SUBJECT_SIZE, "gochat.%s.*.*", cluster);
}

/* Rather made anew and compared than taken apart: so nothing else can pass. */
bool board_pair_read_subject(const char *text, const char *cluster, enum board_subject *subject, uint8_t *id) {
    char expected[BOARD_SUBJECT_SIZE];
    const char *last = strrchr(text, '.');
    unsigned number = 0;
    if (!last || strlen(last) > 4) return false;
    for (const char *digit = last + 1; *digit; digit++) {
        if (*digit < '0' || *digit > '9') return false;
        number = 10 * number + (unsigned)(*digit - '0');
    }
    if (number > UINT8_MAX) return false;
    for (unsigned i = 0; i < BOARD_SUBJECTS; i++) {
        board_pair_subject(cluster, (enum board_subject)i, (uint8_t)number, expected);
        if (strcmp(text, expected) != 0) continue;
        *subject = (enum board_subject)i;
        *id = (uint8_t)number;
        return true;
    }
    return false;
}
