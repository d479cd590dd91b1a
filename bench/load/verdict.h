/* What did not go as it must: gathered from the fleets, and told as lines for people. */
#pragma once

struct disagreements;
struct fleet;
struct row_facts;

/* What the fleet noticed since this was last called; its counts begin anew. Leaves the row's times alone. */
void verdict_gather(struct fleet *fleet, struct row_facts *out);
/* What must not have happened and did becomes lines, each said once. Pure. */
void verdict_lines(const struct row_facts *facts, struct disagreements *out);
