/* The helper process leaves behind what it was forked with. */
#pragma once

#include "common/apart.h"

#define CONFINEMENT_SOCKET APART_SOCKET

/* Called once, in the new process, which has one thread. From then on it is apart (common/apart.h), and in a sandbox
 * (common/sandbox/sandbox.h) with sockets of UDP and TCP. It can read what looking names up needs, and the routes that
 * libnatpmp reads; it writes nothing. */
void confinement_enter(int socket, int argc, char **argv);
