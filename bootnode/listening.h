/* What to listen on: the sockets that serve what `listen` names, in any order and combination. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "common/address.h"
#include "common/attributes.h"
#include "common/ini_table.h"

struct listening {
    struct address address;
    bool ipv6_alone; /* [::], where 0.0.0.0 with the same port has a socket of its own */
    bool missing;    /* this machine does not have the address now */
};

/* Fills in one for each address, `missing` for none; 0.0.0.0 comes first, so that whoever looks for an IPv4 address
 * finds it before a [::] that has none. Returns how many. */
size_t listening_plan(const struct ini_address_list *list, struct listening out[static INI_ADDRESS_LIST_MAX]);
/* For a machine without IPv6, where [::] is 0.0.0.0. False: that is listened on anyway. */
MUST_USE bool listening_without_ipv6(const struct ini_address_list *list, struct listening *item);
/* Whether this machine has the address now, whatever the port. Opens a socket and closes it. */
bool listening_is_here(const struct address *address);
