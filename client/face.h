/* Which face the client shows: the one place that knows all kinds of UI (ui/ui.h). */
#pragma once

#include "client/ui/ui.h"

/* Runs the UI on its own thread until EVENT_FINISHED; returns its status. */
int face_run(struct ui *ui);
