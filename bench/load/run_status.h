/* What a row, or a phase of it, came to. */
#pragma once

enum run_status { RUN_OK = 0, RUN_DISAGREED = 1, RUN_USAGE = 2, RUN_UNANSWERED = 3 };
