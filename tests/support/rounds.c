#include "tests/support/rounds.h"

#include <stdlib.h>

unsigned rounds_of(unsigned rounds) {
    const char *text = getenv("GOCHAT_SHARE");
    const unsigned long share = text ? strtoul(text, NULL, 10) : 1;
    return rounds > share && share > 0 ? (unsigned)(rounds / share) : 1;
}
