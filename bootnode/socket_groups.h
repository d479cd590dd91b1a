/* All UDP sockets of a bootnode, opened before anything else is there: for ports below 1024 and large buffers it may
 * take a right that is then given up. For each address that is listened on there is a group of them, one for each lane
 * of each worker (lanes.h). Where the kernel cannot sort what comes, there is one lane alone.
 *
 * Those that the service manager hands over (handed.h) come first: its own, which take the place of `listen`, and those
 * that a bootnode before this one had it keep.
 *
 * A socket has one owner: it is closed by socket_groups_close until somebody took it. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "bootnode/config.h"
#include "bootnode/handed.h"
#include "bootnode/lanes.h"
#include "bootnode/public_address.h"
#include "bootnode/stun_alternate.h"
#include "common/attributes.h"

struct socket_groups {
    const struct bootnode_config *config;
    size_t worker_count;
    struct handed *handed;                /* what is taken from; borrowed */
    bool foreign[BOOTNODE_LISTENERS_MAX]; /* the service manager's own sockets, which it has anyway */
    struct address bound[BOOTNODE_LISTENERS_MAX];
    size_t bound_count, listening_count; /* the first are those of `listen` */
    bool steered;                        /* all groups are */
    struct stun_alternate stun;
    int descriptors[BOOTNODE_LISTENERS_MAX][BOOTNODE_WORKERS_MAX][LANE_COUNT]; /* -1: not opened, or taken */
};

/* Takes what it has use for from `handed`. False with the reason in the log. socket_groups_close is due either way. */
MUST_USE bool socket_groups_open(struct socket_groups *sockets, const struct bootnode_config *config,
                                 size_t worker_count, struct handed *handed);
/* The worker's sockets in the group of that listener, which are the caller's from now on; -1 where there is none. */
void socket_groups_take(struct socket_groups *sockets, size_t listener, size_t worker, int out[static LANE_COUNT]);
void socket_groups_close(struct socket_groups *sockets);
/* The addresses of `listen` as they came out, "A, B", for people. */
void socket_groups_name(const struct socket_groups *sockets, char *out, size_t size);
/* Warns where clients are told of an alternate address that they cannot reach, given the public ones. */
void socket_groups_warn_of_alternate(const struct socket_groups *sockets, const struct public_addresses *outside);
