#pragma once

/* How many of so many rounds a test does, at least one: all of them, but under valgrind (GOCHAT_SHARE=8: one in eight).
 * What that looks for is in a few rounds as in many. */
unsigned rounds_of(unsigned rounds);
