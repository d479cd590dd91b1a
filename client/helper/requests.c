#include "client/helper/requests.h"

#include <string.h>
#include <sys/socket.h>

#include "common/bytes.h"

#define IPV4_AT 12 /* in struct address */
#define IPV4_SIZE 4

static const int families[] = {AF_UNSPEC, AF_INET, AF_INET6};

#define FAMILIES (sizeof families / sizeof *families)

static uint8_t family_index(int family) {
    uint8_t index = 0;
    while (index < FAMILIES && families[index] != family) index++;
    return index;
}

/* One byte before it says how long it is. */
static void write_text(struct writer *writer, const char *text, size_t most) {
    size_t size = strnlen(text, most);
    write_u8(writer, (uint8_t)size);
    for (size_t i = 0; i < size; i++) write_u8(writer, text[i] >= ' ' && text[i] <= '~' ? (uint8_t)text[i] : '?');
}

static bool read_text(struct reader *reader, char *out, size_t capacity) {
    size_t size = read_u8(reader);
    const uint8_t *text = read_view(reader, size);
    if (!text || size >= capacity) return false;
    for (size_t i = 0; i < size; i++)
        if (text[i] < ' ' || text[i] > '~') return false;
    memcpy(out, text, size);
    out[size] = '\0';
    return true;
}

/* --- Requests --- */

static void write_port_request(struct writer *writer, const struct helper_request *request) {
    write_u8(writer, (uint8_t)request->protocol);
    if (request->type == HELPER_EXTERNAL) return;
    write_u16(writer, request->port);
    write_u16(writer, request->external);
    if (request->type == HELPER_MAP) write_u32(writer, request->lease_s);
}

size_t helper_request_encode(const struct helper_request *request, uint8_t *out, size_t capacity) {
    struct writer writer = writer_over(out, capacity);
    write_u8(&writer, (uint8_t)request->type);
    if (request->type != HELPER_LOOK_UP) {
        write_port_request(&writer, request);
        return writer_size(&writer);
    }
    size_t size = strnlen(request->name, sizeof request->name);
    write_u8(&writer, family_index(request->family));
    write_u16(&writer, request->port);
    write_u16(&writer, (uint16_t)size);
    write_bytes(&writer, request->name, size);
    return writer_size(&writer);
}

static bool read_look_up(struct reader *reader, struct helper_request *out) {
    uint8_t family = read_u8(reader);
    out->port = read_u16(reader);
    size_t size = read_u16(reader);
    const uint8_t *name = read_view(reader, size);
    if (family >= FAMILIES || !name || size >= sizeof out->name || memchr(name, '\0', size)) return false;
    out->family = families[family];
    memcpy(out->name, name, size);
    return true;
}

static bool read_port_request(struct reader *reader, struct helper_request *out) {
    uint8_t protocol = read_u8(reader);
    if (protocol >= HELPER_PROTOCOLS) return false;
    out->protocol = (enum helper_protocol)protocol;
    if (out->type == HELPER_EXTERNAL) return true;
    out->port = read_u16(reader);
    out->external = read_u16(reader);
    if (out->type == HELPER_MAP) out->lease_s = read_u32(reader);
    return true;
}

static bool read_request(struct reader *reader, struct helper_request *out) {
    uint8_t type = read_u8(reader);
    if (type >= HELPER_REQUEST_TYPES) return false;
    out->type = (enum helper_request_type)type;
    return (type == HELPER_LOOK_UP ? read_look_up : read_port_request)(reader, out) && reader_finished(reader);
}

bool helper_request_decode(const uint8_t *data, size_t size, struct helper_request *out) {
    struct reader reader = reader_over(data, size);
    memset(out, 0, sizeof *out);
    if (read_request(&reader, out)) return true;
    memset(out, 0, sizeof *out);
    return false;
}

/* --- Answers --- */

static void write_ipv4(struct writer *writer, const struct address *address) {
    write_bytes(writer, address->ip + IPV4_AT, IPV4_SIZE);
}

static struct address read_ipv4(struct reader *reader) {
    struct address address = {.ip = {[10] = 0xff, [11] = 0xff}};
    read_bytes(reader, address.ip + IPV4_AT, IPV4_SIZE);
    return address;
}

static void write_addresses(struct writer *writer, const struct helper_answer *answer) {
    write_u8(writer, (uint8_t)answer->count);
    for (size_t i = 0; i < answer->count; i++)
        write_bytes(writer, answer->addresses[i].ip, sizeof answer->addresses->ip);
    if (answer->count == 0) write_text(writer, answer->error, HELPER_ERROR_SIZE - 1);
}

static void write_mapped(struct writer *writer, const struct helper_answer *answer) {
    write_u8(writer, (uint8_t)answer->port);
    if (answer->port != PORT_GRANTED) return;
    write_ipv4(writer, &answer->grant.external);
    write_u16(writer, answer->grant.external.port);
    write_u32(writer, answer->grant.lease_s);
}

static void write_external(struct writer *writer, const struct helper_answer *answer) {
    write_u8(writer, answer->found);
    if (answer->found) write_bytes(writer, &answer->external, sizeof answer->external);
}

size_t helper_answer_encode(const struct helper_request *request, const struct helper_answer *answer, uint8_t *out,
                            size_t capacity) {
    struct writer writer = writer_over(out, capacity);
    write_u8(&writer, (uint8_t)request->type);
    switch (request->type) {
    case HELPER_LOOK_UP: write_addresses(&writer, answer); break;
    case HELPER_MAP: write_mapped(&writer, answer); break;
    case HELPER_EXTERNAL: write_external(&writer, answer); break;
    default: break;
    }
    return writer_size(&writer);
}

static bool is_of_family(const struct address *address, int family) {
    return family == AF_UNSPEC || address_is_ipv4(address) == (family == AF_INET);
}

static bool read_address(struct reader *reader, int family, struct helper_answer *out) {
    struct address *address = &out->addresses[out->count];
    read_bytes(reader, address->ip, sizeof address->ip);
    for (size_t i = 0; i < out->count; i++)
        if (address_equal(&out->addresses[i], address)) return false;
    out->count++;
    return is_of_family(address, family);
}

static bool read_addresses(struct reader *reader, int family, struct helper_answer *out) {
    size_t count = read_u8(reader);
    if (reader->failed || count > BOOTNODE_ADDRESSES) return false;
    if (count == 0) return read_text(reader, out->error, sizeof out->error);
    while (out->count < count && !reader->failed)
        if (!read_address(reader, family, out)) return false;
    return true;
}

static bool read_mapped(struct reader *reader, struct helper_answer *out) {
    uint8_t port = read_u8(reader);
    if (port > PORT_FAILED) return false;
    out->port = (enum port_answer)port;
    if (port != PORT_GRANTED) return true;
    out->grant.external = read_ipv4(reader);
    out->grant.external.port = read_u16(reader);
    out->grant.lease_s = read_u32(reader);
    return out->grant.external.port != 0;
}

static bool read_external(struct reader *reader, struct helper_answer *out) {
    uint8_t found = read_u8(reader);
    if (found > 1) return false;
    out->found = found != 0;
    if (found) read_bytes(reader, &out->external, sizeof out->external);
    return true;
}

static bool read_answer(struct reader *reader, const struct helper_request *request, struct helper_answer *out) {
    if (read_u8(reader) != request->type) return false;
    switch (request->type) {
    case HELPER_LOOK_UP: return read_addresses(reader, request->family, out);
    case HELPER_MAP: return read_mapped(reader, out);
    case HELPER_EXTERNAL: return read_external(reader, out);
    default: return true;
    }
}

bool helper_answer_decode(const struct helper_request *request, const uint8_t *data, size_t size,
                          struct helper_answer *out) {
    struct reader reader = reader_over(data, size);
    memset(out, 0, sizeof *out);
    if (read_answer(&reader, request, out) && reader_finished(&reader)) return true;
    memset(out, 0, sizeof *out);
    return false;
}
