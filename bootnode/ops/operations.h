/* What operators may have the server do while it runs. The server fills it in; a signal asks for it, and so does the
 * control socket.
 *
 * Any thread may call that is a registered reader of RCU, online; it may be offline for a while meanwhile. The server
 * does one thing after the other. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct operations {
    void *context;
    /* Reads the settings anew (reload.h). `report`: lines for people, the caller's to free; NULL without memory. */
    bool (*reload)(void *context, char **report);
    /* Reads the files of networks anew, and nothing else; `report` likewise. */
    bool (*reload_lists)(void *context, char **report);
    /* It ends as with SIGTERM, after being a lame duck for so long, or as LAME_DUCK_AUTO says (lame_duck.h). Returns at
     * once. */
    void (*drain)(void *context, uint64_t ms);
};
