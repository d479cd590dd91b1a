/* The status page for people: one file of HTML that needs nothing else, and draws what /metrics says. It is part of the
 * program, as bootnode/ops/status_page.html has it. */
#pragma once

#include <stdio.h>

/* What it may do: nothing from elsewhere, and shown in nobody else's frame (Content-Security-Policy). */
#define STATUS_PAGE_POLICY                                                                                             \
    "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data:; connect-src 'self'; "   \
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

void status_page_write(FILE *out);
