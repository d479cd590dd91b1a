#include "client/outside.h"

#include <stdio.h>

#include "client/events.h"
#include "common/holds.h"

void outside_emit(const struct outside *outside, struct event *event) {
    if (outside->ref) snprintf(event->ref, sizeof event->ref, "%s", outside->ref);
    HOLDS(event_holds(event));
    outside->emit(outside->context, event);
}
