/* Keeping: the sockets that the service manager has for the next process (handed.h, ops/service_manager.h).
 *
 * As long as the manager has a socket, it stays in its group, whoever else closed it. So where kept ones do not suit
 * this process, the manager lets go of them before new ones are made, and waits for nothing else. */
#pragma once

#include <stddef.h>

#include "bootnode/handed.h"
#include "bootnode/ops/service_manager.h"
#include "bootnode/socket_groups.h"
#include "bootnode/worker.h"

/* Before sockets are opened: has the manager let go of groups that do not suit so many workers. */
void keeping_let_go_of_unsuited(struct service_manager *manager, const struct handed *handed, size_t workers);
/* After that: what nobody took has an address that is not listened on any more, and it shall be free. */
void keeping_let_go_of_unused(struct service_manager *manager, struct handed *handed);
/* Has the manager keep all of ours, which the workers have by now: so the next process serves what comes until then,
 * also where this one does not end by itself. */
void keeping_begin(struct service_manager *manager, const struct socket_groups *sockets, const struct worker *workers);
