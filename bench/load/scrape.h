/* A bootnode's own counters: a page of Prometheus text over HTTP, samples without labels or summed over labels. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "common/address.h"
#include "common/attributes.h"

struct scrape;

/* GET /metrics; waits 2 s at most for each step. NULL with `why`, which names the address. */
MUST_USE struct scrape *scrape_fetch(const struct address *from, char *why, size_t why_size);
/* Pure: parses a body. NULL with `why` naming the line. */
MUST_USE struct scrape *scrape_parse(const char *text, char *why, size_t why_size);
/* False when there is no such sample. */
MUST_USE bool scrape_value(const struct scrape *scrape, const char *name, double *out);
void scrape_destroy(struct scrape *scrape);
