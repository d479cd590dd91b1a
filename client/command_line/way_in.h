/* How one gets into the room: with a file that has its secret, by a passphrase, or by making it. These exclude each
 * other, and a room has one secret. And where the passphrase of our own key comes from. */
#pragma once

#include "client/command_line/given.h"
#include "client/config.h"

/* Behind the invite and the settings, which are in `config` already. */
void way_in_apply(struct given *given, struct client_config *config);
