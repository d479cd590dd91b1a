/* Whom the doctor asks: the bootnodes, with the addresses that their names stand for. A name that is not found now is
 * tried again until the time is out; one that is known does not wait long for the others. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "client/helper/helper.h"
#include "client/keys/bootnodes.h"
#include "common/why.h"

#define SERVERS_OTHERS_MS 2000 /* for the names of the others, once one is known */

/* `list` as bootnodes_name takes it. Returns how many bootnodes were written, some of which may have no address; 0 with
 * one line in `why`: no address is known after `timeout_ms`. What is tried again or left out is told on standard error,
 * a line for each bootnode. */
size_t servers_find(const char *list, uint64_t timeout_ms, struct helper *helper,
                    struct bootnode out[static BOOTNODES_MAX], struct why *why);
