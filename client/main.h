/* The client program: `gochat --mode client …`, and `--mode send …`, which is one that says something and leaves. */
#pragma once

/* Returns the process's exit status (gochat(1)): 0, 1 it could not start, 2 wrong usage, 1, 3 and 4 as engine.h says.
 */
int client_main(int argc, char **argv);
