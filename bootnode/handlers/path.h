/* PATH and MOVE: a session moves to a new address only after a cookie sent there came back, sealed. */
#pragma once

#include "bootnode/context.h"

/* A valid beat of this session came from another address than its own: sends PATH there. */
void path_offer(struct context *context, const struct packet *packet, const struct session *session,
                uint64_t session_id);
void handle_move(struct context *context, const struct packet *packet);
