/* A process of its own for a library that parses what strangers send: what it leaves behind of the program that it was
 * forked from, and the files that looking names up needs, for its sandbox. */
#pragma once

#include <stdbool.h>

#include "common/sandbox/places.h"

#define APART_SOCKET 3 /* where its socket is from then on, its only descriptor above the standard three */

/* Called once, in the new process, which has one thread; `name` is what it is called from then on; `keep_errors`
 * keeps standard error, for a sandbox that tells (sandbox.h). From then on
 * - it is nobody's job: a session of its own, and what a terminal or a service manager sends to all of a group or a
 *   service is ignored, since it ends with its parent;
 * - its descriptors are the socket and 0 to 2, from which nothing is read and to which nothing is written (a sanitized
 *   build keeps 2, for its reports);
 * - its working directory is the root, its command line its name, and its environment what resolv.conf(5) and
 *   host.conf(5) name.
 * Where that cannot be, it ends. */
void apart_leave(int socket, const char *name, bool keep_errors, int argc, char **argv);
/* What getaddrinfo(3) reads: /etc, where those who manage networks write the list of name servers, and the libraries
 * that the C library may load for it. */
void apart_add_resolver(struct places *places);
