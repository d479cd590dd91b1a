/* An address as a member names it, and as a cluster names its nodes: u8 4 or 6, then 4 or 16 bytes, then the port.
 * PROTOCOL.md §1. They stand here in full for the sake of a room's list, which has a thousand of them. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/address.h"
#include "common/bytes.h"

enum candidate_kind { CANDIDATE_IPV4 = 4, CANDIDATE_IPV6 = 6, CANDIDATE_SEEN = 0x10 };

#define CANDIDATE_IPV4_OFFSET 12 /* of the four bytes within a v4-mapped address */

static inline void read_candidate(struct reader *reader, struct address *out, bool *seen) {
    uint8_t kind = read_u8(reader);
    *out = (struct address){.ip = {[10] = 0xff, [11] = 0xff}};
    *seen = kind & CANDIDATE_SEEN;
    switch (kind & ~CANDIDATE_SEEN) {
    case CANDIDATE_IPV4:
        read_bytes(reader, out->ip + CANDIDATE_IPV4_OFFSET, sizeof out->ip - CANDIDATE_IPV4_OFFSET);
        break;
    case CANDIDATE_IPV6:
        read_bytes(reader, out->ip, sizeof out->ip);
        /* One address, one form: IPv4 has its own, and a scope means nothing here. */
        if (address_is_ipv4(out) || address_scope(out) != 0) reader_fail(reader);
        break;
    default: reader_fail(reader);
    }
    out->port = read_u16(reader);
}

static inline void write_candidate(struct writer *writer, const struct address *candidate, bool seen) {
    const struct address plain = address_unscoped(*candidate);
    size_t skipped = address_is_ipv4(candidate) ? CANDIDATE_IPV4_OFFSET : 0;
    write_u8(writer, (uint8_t)((skipped ? CANDIDATE_IPV4 : CANDIDATE_IPV6) | (seen ? CANDIDATE_SEEN : 0)));
    write_bytes(writer, plain.ip + skipped, sizeof plain.ip - skipped);
    write_u16(writer, candidate->port);
}

static inline size_t candidate_size(const struct address *candidate) {
    return address_is_ipv4(candidate) ? 7 : 19;
}
