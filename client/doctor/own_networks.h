/* What our own interfaces say of an address that we are seen at. Pure, from a list that is handed in. */
#pragma once

#include <ifaddrs.h>
#include <stdbool.h>

#include "common/address.h"

/* Is the address on a network that a running interface is on, be it our own address or a neighbour's? */
bool own_networks_have(const struct ifaddrs *interfaces, const struct address *address);
