/* The process that libnats runs in (board.h says why there is one), and the one that starts it anew when it dies
 * (board_keeper.h). What they were forked with they leave behind: command line, environment, descriptors but their end
 * of the pair; they ignore what a terminal or a service manager sends to all of a service, since they end with their
 * bootnode.
 *
 * The keeper reads the files, as the bootnode's user. The process enters a sandbox of its own: sockets of TCP and for
 * name servers, what looks names up, the file of credentials where that is one that libnats reads itself, and
 * certificates of the machine where no others are named. Only then it says that it is ready, and libnats starts
 * its threads.
 *
 * Its first thread reads the pair and publishes; another one (board_link.h) keeps a connection. */
#pragma once

#include "bootnode/config.h"

/* Never returns: the process ends when the pair does. `socket` is its end. */
_Noreturn void board_process_main(int socket, const struct bootnode_config *config, int argc, char **argv);
