/* The public addresses of a bootnode that has none of its own, as it is behind a port forward or a cloud's 1:1 NAT:
 * what operators say of them, and what follows for those who are told.
 *
 * Pure. Made before any worker starts, constant while they run. */
#pragma once

#include <ifaddrs.h>
#include <stdbool.h>
#include <stddef.h>

#include "common/address.h"
#include "common/attributes.h"

#define PUBLIC_ADDRESSES_MAX 16

struct public_addresses {
    struct {
        struct address local; /* ports are zero; all zero: any of this machine's, of the same family */
        struct address public;
    } items[PUBLIC_ADDRESSES_MAX];
    size_t count;
};

/* From "PUBLIC" or "LOCAL=PUBLIC", IP addresses alone, separated by commas; nothing is none. A PUBLIC alone is there
 * once for each family. False when malformed. */
MUST_USE bool public_address_parse(const char *text, struct public_addresses *out);
/* What the interfaces say, where operators say nothing: the first public address of each family. */
void public_address_of_machine(const struct ifaddrs *interfaces, struct public_addresses *out);
/* Somebody whom the bootnode sees at `seen`: if that is an address of its own machine or network (loopback, private),
 * where others may reach him, which is the bootnode's first public IP of that family with his port. Else `seen`. */
struct address public_address_of_client(const struct public_addresses *addresses, const struct address *seen);
/* One of our own addresses as the Internet has it; itself where nothing is known, or where it is public. */
struct address public_address_of_local(const struct public_addresses *addresses, const struct address *local);
/* Whether the IP is one of ours, as the Internet has it. */
bool public_address_is_own(const struct public_addresses *addresses, const struct address *address);
