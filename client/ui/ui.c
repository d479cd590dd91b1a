#include "client/ui/ui.h"

#include "client/curses/curses.h"
#include "client/ui/line_ui.h"

static int (*const run_of[])(struct ui *ui) = {
    [UI_PLAIN] = line_ui_run,
    [UI_JSON] = line_ui_run,
    [UI_CURSES] = curses_run,
};

int ui_run(struct ui *ui) {
    return run_of[ui->kind](ui);
}
