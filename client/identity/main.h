/* The program behind `gochat --mode identity`: shows our key, backs it up, restores it, and puts a passphrase on it. */
#pragma once

/* Takes all of the command line, --mode included. Returns the exit status: 0; 1 where it could not be done, because of
 * a file; 2 for what is wrong with flags, words or passphrases. */
int identity_main(int argc, char **argv);
