/* Why an address is let in or kept out: by which network of which list, for operators who are asked. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "bootnode/guard/access_rules.h"
#include "common/address.h"
#include "common/ini_key.h"

#define ACCESS_TEXT_SIZE (INI_TEXT_SIZE + 200)

struct access_reason {
    enum access_rule rule;
    struct prefix prefix; /* the network that says so; not with ACCESS_OPEN */
    bool by_hand;         /* else a file does */
    uint64_t until_ms;    /* by hand */
    uint32_t line;        /* of that file */
    char file[INI_TEXT_SIZE];
    enum access_rule otherwise; /* with ACCESS_ALLOWED: what would hold without that; else ACCESS_OPEN */
};

void access_explain(struct access *access, const struct address *address, struct access_reason *out);
/* A sentence without a full stop, as "denied by 192.0.2.0/24, /etc/gochat/deny.txt:17". Returns `out`. */
char *access_reason_text(const struct access_reason *reason, uint64_t now_ms, char out[static ACCESS_TEXT_SIZE]);
