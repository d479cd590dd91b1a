/* The program behind `gochat --mode bootnode`. */
#pragma once

/* Takes all of the command line, --mode included. Returns the exit status: 0; 1 when the server could not start; 2 for
 * what is wrong in flags or configuration. */
int bootnode_main(int argc, char **argv);
