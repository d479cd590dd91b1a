/* What this machine said when it was asked what a name means: a user, a home directory, the number of an interface.
 *
 * A program that has shut itself off from the machine can ask no more, and a system call that tries would end it. But
 * it may read its settings again, which have such names. So whoever asks keeps the answer here, and once the program
 * has sealed the memo, what was asked before is all that is known. Any thread. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

enum memo_kind { MEMO_INTERFACE, MEMO_HOME, MEMO_USER };

#define MEMO_VALUE_SIZE 512

/* True: it was kept, and `value` is filled in, `size` bytes of what is no longer than that. */
bool memo_find(enum memo_kind kind, const char *name, void *value, size_t size);
/* Up to some dozens of short ones; what does not fit is not kept. */
void memo_keep(enum memo_kind kind, const char *name, const void *value, size_t size);
/* From now on the machine is not to be asked. */
void memo_seal(void);
bool memo_sealed(void);
