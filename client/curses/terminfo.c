#include "client/curses/terminfo.h"

#include <curses.h>
#include <term.h>
#include <unistd.h>

bool terminfo_can_draw(const char *type) {
    int error;
    if (setupterm(type, STDOUT_FILENO, &error) != OK) return false;
    bool can = cursor_address != NULL;
    del_curterm(cur_term);
    return can;
}

void terminfo_no_wrapping(void) {
    auto_right_margin = FALSE;
}
