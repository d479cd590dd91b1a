/* The server: makes everything, in order, serves until a signal, takes everything down in reverse. */
#pragma once

#include "bootnode/cluster/board.h"
#include "bootnode/handed.h"
#include "bootnode/settings.h"
#include "common/attributes.h"

/* Serves until SIGTERM or SIGINT; SIGUSR2 logs the counters. Takes what it has use for from `handed`, and closes the
 * rest. `board` is that of the cluster, started already, or NULL without one. The process may have no other thread yet.
 * Returns the exit status: 0, or 1 after one line on standard error that says what could not be started. */
MUST_USE int server_run(const struct bootnode_config *config, const struct bootnode_settings *source,
                        struct handed *handed, struct board *board);
