/* A connection to one of the board's servers, kept by a thread of its own: asked one after the other, from a random one
 * on, and the next one when it breaks.
 *
 * Each connection is a new one for libnats, with its reconnecting switched off. So none of what that does otherwise can
 * be: it gives up after 60 attempts, or at the second refusal of our name; it keeps what is published meanwhile, and
 * sends it late; it follows whatever servers it is told of. Servers are those that the settings name, and no others:
 * each must show a certificate with its name, and who could tell us of a server could also be a false one. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "bootnode/cluster/board_files.h"
#include "bootnode/cluster/board_pair.h"
#include "bootnode/config.h"

#define BOARD_LINK_CONNECT_MS 2000  /* for one server, without looking its name up */
#define BOARD_LINK_TALK_MS 3000     /* for all that both sides say until the connection is used; then it is cut */
#define BOARD_LINK_STUCK_MS 8000    /* then whatever an attempt waits for is cut, a name that is not found as well */
#define BOARD_LINK_PING_MS 1000     /* a server that answers neither of two is gone */
#define BOARD_LINK_WAIT_MIN_MS 250  /* between two rounds in vain: doubled up to the most, */
#define BOARD_LINK_WAIT_MAX_MS 2000 /* and a random part of it up to a half is left out */
#define BOARD_LINK_WRITE_MS 1000    /* what a server does not take by then breaks the connection */

struct board_link;

/* Starts the thread. What it has to say it sends to `socket`, and waits for nobody there. Both arguments live as long
 * as the process. NULL without memory. */
struct board_link *board_link_start(int socket, const struct bootnode_config *config, const struct board_files *files);
/* Publishes, if there is a connection; else it is lost. */
void board_link_publish(struct board_link *link, const struct board_message *message);
/* To be called once a second or so, by one thread: cuts what is stuck, tells what was lost. */
void board_link_watch(struct board_link *link);
