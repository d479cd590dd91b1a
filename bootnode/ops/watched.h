/* What operators look at: a running server's parts. */
#pragma once

#include <stddef.h>

#include "bootnode/clustering.h"
#include "bootnode/lame_duck.h"
#include "bootnode/liveness.h"
#include "bootnode/node.h"
#include "bootnode/ops/process.h"

struct worker;

/* Borrowed; the workers stay where they are, with their sockets, as long as this is in use. */
struct watched {
    struct node *node;
    const struct worker *workers;
    size_t worker_count;
    const struct process_view *process;
    const struct liveness_watch *liveness; /* NULL: nobody watches */
    struct clustering *clustering;         /* NULL: there is no cluster, or nobody wants to know */
    struct page_visits *visits;            /* who asked the operators' page; NULL: nobody wants to know */
};
