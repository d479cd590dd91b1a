/* The program behind `gochat --mode ctl`: asks a running bootnode, through its control socket, and shows its answer. */
#pragma once

/* Takes all of the command line, --mode included. Returns the exit status: 0; 1 when the bootnode could not be asked or
 * could not do it; 2 for what is wrong with flags or words. */
int ctl_main(int argc, char **argv);
