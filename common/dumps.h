/* Keys stay in this process. */
#pragma once

/* Keeps the process's memory out of core dumps and away from debuggers of the same user. */
void dumps_forbid(void);
