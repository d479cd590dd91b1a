#include "client/outside.h"

#include <stdio.h>

#include "client/events.h"

void outside_emit(const struct outside *outside, struct event *event) {
    if (outside->ref) snprintf(event->ref, sizeof event->ref, "%s", outside->ref);
    outside->emit(outside->context, event);
}
