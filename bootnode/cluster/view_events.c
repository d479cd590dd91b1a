#include "bootnode/cluster/view_events.h"

void view_events_add(struct view *view, struct view_event event) {
    if (view->event_count == VIEW_EVENTS_MAX)
        view->events_left_out++;
    else
        view->events[view->event_count++] = event;
}
