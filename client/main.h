/* The client program: `gochat --mode client …`. */
#pragma once

/* Returns the process's exit status (design §2): 0, 1 it could not start, 2 wrong usage, 3 and 4 as engine.h says. */
int client_main(int argc, char **argv);
