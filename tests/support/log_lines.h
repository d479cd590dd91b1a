/* What the code under test logs, line by line, in the plain format and without the log's thread. */
#pragma once

/* From now on lines come here; those of before are forgotten. */
void log_lines_begin(void);
/* The next line, without its newline, until the call after; NULL: there is none. */
const char *log_lines_next(void);
void log_lines_end(void);
