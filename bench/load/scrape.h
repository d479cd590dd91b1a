/* A bootnode's own counters: a page of Prometheus text over HTTP, samples without labels or summed over labels. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "common/address.h"
#include "common/attributes.h"
#include "common/why.h"

struct scrape;

/* GET /metrics; waits 2 s at most for each step. NULL with `why`, which names the address. */
MUST_USE struct scrape *scrape_fetch(const struct address *from, struct why *why);
/* Pure: parses a body. NULL with `why` naming the line. */
MUST_USE struct scrape *scrape_parse(const char *text, struct why *why);
/* False when there is no such sample. */
MUST_USE bool scrape_value(const struct scrape *scrape, const char *name, double *out);
/* Sums; of the uptimes the least, which tells of any that was restarted. `from` is used up. False without memory. */
MUST_USE bool scrape_add(struct scrape *into, struct scrape *from);
void scrape_destroy(struct scrape *scrape);
