/* A view as it is kept over restarts: its members, when it was so, and whose it was. Codec; the file is view_file.h's.
 *
 * The bytes end with a hash over them and the cluster's name, so that half a record, and one of another cluster, is
 * none. It keeps nobody from writing one who may write the file. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bootnode/cluster/homes.h"
#include "common/attributes.h"

#define VIEW_RECORD_NODE_MAX (4 + 7 + 19)
#define VIEW_RECORD_SIZE_MAX (27 + CLUSTER_NODES_MAX * VIEW_RECORD_NODE_MAX + 32)

struct view_record {
    uint64_t wall_ms; /* when it was so */
    uint64_t number;  /* of two records the higher one is the later */
    uint8_t own_id;
    size_t count;
    struct cluster_node nodes[CLUSTER_NODES_MAX]; /* by id, each once */
};

MUST_USE size_t view_record_encode(const struct view_record *record, const char *cluster, uint8_t *out,
                                   size_t capacity);
/* Whatever follows the record is not looked at. */
MUST_USE bool view_record_decode(const uint8_t *data, size_t size, const char *cluster, struct view_record *out);
