/* The nodes that a cluster names to a client: the homes of its room's bucket, best first, then those that are next in
 * rank. Part of COOKIE and of NOTICE. PROTOCOL.md §2.2. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/address.h"
#include "common/bytes.h"

#define HOMES_MAX 4 /* nodes that are named */
#define HOME_ADDRESSES_MAX 2
#define HOME_MAX (2 + 7 + 19) /* bytes of one: an IPv4 and an IPv6 address */
#define HOMES_SIZE_MAX (1 + HOMES_MAX * HOME_MAX)

struct home {
    uint8_t node;
    uint8_t address_count; /* 1 … HOME_ADDRESSES_MAX */
    struct address addresses[HOME_ADDRESSES_MAX];
};

struct named_homes {
    uint8_t
        replicas;  /* so many of the first are the homes; 0: the bootnode is in no cluster, and nothing else counts */
    uint8_t count; /* 1 … HOMES_MAX; fewer than `replicas` where fewer live */
    uint8_t node;  /* which one says so */
    struct home list[HOMES_MAX];
};

/* `replicas` and `count` stand elsewhere, and are read before: then 1 … HOMES_MAX each, which these check. Two nodes of
 * one id are malformed, as are two addresses of one family for a node. */
void read_homes(struct reader *reader, struct named_homes *homes);
void write_homes(struct writer *writer, const struct named_homes *homes);
/* Bytes that write_homes writes. */
size_t homes_size(const struct named_homes *homes);
