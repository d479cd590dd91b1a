/* The metrics page: the Prometheus text exposition format, version 0.0.4. Pure.
 *
 * How many lines it has depends on the number of workers alone, so whoever fills the bootnode with rooms and sessions
 * does not make it longer; and it names none of them. */
#pragma once

#include <stdio.h>

#include "bootnode/ops/snapshot.h"

#define METRICS_CONTENT_TYPE "text/plain; version=0.0.4; charset=utf-8"

void metrics_write(FILE *out, const struct snapshot *snapshot);
