/* RESET: tells whoever names a session of this node that it does not live any more. Stateless: the token comes from the
 * id alone. */
#pragma once

#include "bootnode/context.h"

void reset_token(const uint8_t reset_key[static 16], uint64_t session_id, uint8_t out[static RESET_TOKEN_SIZE]);
/* To a proven address. */
void reset_send(struct context *context, uint8_t endpoint, const struct address *to, uint64_t session_id);
/* To where the packet came from: only for ids of this node, and in a cluster for those of nodes that
 * are neither in the view nor alive; limited per source, never larger than the packet. */
void reset_answer(struct context *context, const struct packet *packet, uint64_t session_id);
