#include "bench/load/traffic_dns.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/bytes.h"
#include "common/why.h"
#include "common/wire/packet.h"

#define NAME_MAX_SIZE 255
#define LABEL_MAX 63
#define TYPE_A 1
#define CLASS_IN 1
#define FLAG_RESPONSE 0x8000U
#define CODE_MASK 0x000fU

struct dns {
    struct traffic traffic;
    uint64_t latest;             /* the highest number asked so far */
    uint8_t name[NAME_MAX_SIZE]; /* as on the wire */
    size_t name_size;
};

static bool encode_name(const char *name, struct dns *dns) {
    struct writer writer = writer_over(dns->name, sizeof dns->name);
    for (size_t length; *name; name += length + (name[length] == '.')) {
        length = strcspn(name, ".");
        if (length < 1 || length > LABEL_MAX) return false;
        write_u8(&writer, (uint8_t)length);
        write_bytes(&writer, name, length);
    }
    write_u8(&writer, 0);
    dns->name_size = writer_size(&writer);
    return dns->name_size > 1;
}

/* NOLINTNEXTLINE(readability-non-const-parameter): the shape of traffic.request */
static size_t request(void *context, size_t socket, uint64_t *number, uint64_t now_us, uint8_t *out) {
    (void)socket;
    (void)now_us;
    struct dns *dns = context;
    struct writer writer = writer_over(out, PACKET_MAX);
    dns->latest = *number;
    write_u16(&writer, (uint16_t)*number);
    write_u16(&writer, 0);
    write_u16(&writer, 1); /* question; no answers, authorities, additional records */
    write_zeros(&writer, 6);
    write_bytes(&writer, dns->name, dns->name_size);
    write_u16(&writer, TYPE_A);
    write_u16(&writer, CLASS_IN);
    return writer_size(&writer);
}

/* The id holds the number's low 16 bits: the youngest request with these is meant. */
static uint64_t answer(void *context, size_t socket, const uint8_t *data, size_t size, uint64_t now_us) {
    (void)socket;
    (void)now_us;
    const struct dns *dns = context;
    struct reader reader = reader_over(data, size);
    uint16_t id = read_u16(&reader), flags = read_u16(&reader), questions = read_u16(&reader);
    uint16_t answers = read_u16(&reader), age = (uint16_t)(dns->latest - id);
    bool good = !reader.failed && (flags & FLAG_RESPONSE) && (flags & CODE_MASK) == 0 && questions == 1 && answers > 0;
    return good && age <= dns->latest ? dns->latest - age : TRAFFIC_NO_ANSWER;
}

struct traffic *traffic_dns(const char *name, struct why *why) {
    struct dns *dns = calloc(1, sizeof *dns);
    why_fail(why, "out of memory");
    if (!dns) return NULL;
    dns->traffic = (struct traffic){.request = request, .answer = answer, .destroy = free, .context = dns};
    if (encode_name(name, dns)) return &dns->traffic;
    why_fail(why, "--dns '%s': expected a name of labels of 1 to %d bytes", name, LABEL_MAX);
    free(dns);
    return NULL;
}
