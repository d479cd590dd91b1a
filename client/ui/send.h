/* `gochat --mode send`: says one text, or each line of standard input, in a room, waits until everybody present has
 * acknowledged it all, and leaves. It joins once there is something to say. Nothing on standard output; one line on
 * standard error when the status is not 0, and one where the text is not UTF-8 and had to be repaired.
 *
 * A ghost is somebody who is listed and waited for as everybody is, but has not answered a handshake of ours when the
 * time is over. Whoever knows the room can have one listed, so it makes nothing fail: one line on standard error says
 * who it was. Where there are ghosts alone, nobody is there. */
#pragma once

#include "client/ui/ui.h"

#define SEND_NOTHING 2 /* standard input was empty */
#define SEND_OUTSIDE 1 /* no bootnode let us in, in time, or no member of a private room */

/* Runs to EVENT_FINISHED; the client's exit status, or one of these. */
int send_run(struct ui *ui);
