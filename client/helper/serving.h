/* The helper process at its work: answers requests, each on a thread of its own, since what the libraries do blocks.
 * One gateway is asked one thing at a time. Requests that are none, and those that come while SERVING_AT_ONCE are under
 * way, get no answer. */
#pragma once

/* More than a client has: three questions for each of three look-ups of each bootnode and of the network, a port, and
 * the doctor's. */
#define SERVING_AT_ONCE 64
#define SERVING_FAREWELL_S 1 /* at the end, for giving back what is mapped; then a signal ends the process */

/* Returns when the other side of the socket is closed, and what is mapped given back. Threads may still be at it, for
 * whom nobody waits: the caller ends the process. */
void serving_run(int socket);
