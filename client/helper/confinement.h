/* The helper process leaves behind what it was forked with. */
#pragma once

#define CONFINEMENT_SOCKET 3 /* where its socket is from then on, its only descriptor above the standard three */

/* Called once, in the new process, which has one thread. From then on
 * - it is nobody's job: a session of its own, and what a terminal or a service manager sends to all of a group or a
 *   service is ignored, since it ends with its client;
 * - its descriptors are the socket and 0 to 2, from which nothing is read and to which nothing is written;
 * - its working directory is the root, its name another, its command line that name, and its environment what
 *   resolv.conf(5) and host.conf(5) name;
 * - it is in a sandbox (common/sandbox/sandbox.h) with sockets of UDP and TCP. It can read /etc and where those who
 *   manage networks write the list of name servers, the libraries that the C library may load to look names up, and the
 *   routes that libnatpmp reads; it writes nothing. */
void confinement_enter(int socket, int argc, char **argv);
