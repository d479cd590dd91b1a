/* Whom the doctor asks: the addresses that the bootnodes' names stand for. A name that is not found now is tried again
 * until the time is out; one that is known does not wait long for the others. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "client/helper/helper.h"
#include "client/keys/bootnodes.h"
#include "common/why.h"

#define SERVERS_OTHERS_MS 2000 /* for the names of the others, once one is known */

/* `list` as bootnodes_name takes it. Returns how many addresses were written; 0 with one line in `why`: none is known
 * after `timeout_ms`. What is tried again or left out is told on standard error, a line for each bootnode. */
size_t servers_find(const char *list, uint64_t timeout_ms, struct helper *helper,
                    struct address out[static BOOTNODES_MAX * BOOTNODE_ADDRESSES], struct why *why);
