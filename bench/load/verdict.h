/* What did not go as it must, as lines for people: at most DISAGREEMENTS_MAX a row. */
#pragma once

struct fleet;

/* The lines of the row before are gone. */
void verdict_forget(struct fleet *fleet);
/* One more line among the row's disagreements, for what others find: between row_begin and row_end. */
void verdict_add(struct fleet *fleet, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* What must not have happened and did becomes lines. */
void verdict_lines(struct fleet *fleet);
