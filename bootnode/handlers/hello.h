/* HELLO: a client that has proven nothing yet gets a cookie, or is told why not. */
#pragma once

#include "bootnode/context.h"

void handle_hello(struct context *context, const struct packet *packet);
