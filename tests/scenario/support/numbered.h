/* People who count, so that what others heard can be judged, and how they are reached. */
#pragma once

#include "tests/scenario/support/world.h"

/* "NAME 1", "NAME 2" … */
void say_numbered(struct person *person, unsigned from, unsigned to);
/* All that the author said so, up to `most`? Fails the test where one came twice or out of turn. */
bool heard_all(const struct person *person, const struct person *author, unsigned most);
/* By what the person was last told; one that was never connected is not. */
bool is_relayed(const struct person *person, const struct person *other);
