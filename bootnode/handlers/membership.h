/* What members say about themselves and each other: UPDATE (new candidates), INTRODUCE (both sides shall punch again),
 * LEAVE. */
#pragma once

#include "bootnode/context.h"

void handle_update(struct context *context, const struct packet *packet);
void handle_introduce(struct context *context, const struct packet *packet);
void handle_leave(struct context *context, const struct packet *packet);
