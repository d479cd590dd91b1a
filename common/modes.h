/* What gochat can be: its modes, the flags of each, and the pages of help. The programs themselves know nothing of each
 * other; this is what a user must be told about all of them. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "common/attributes.h"
#include "common/flags.h"
#include "common/why.h"

enum mode { MODE_CLIENT, MODE_SEND, MODE_BOOTNODE, MODE_CTL, MODE_DOCTOR, MODE_IDENTITY, MODES };

#define MODE_FLAGS_MOST 48

/* All modes' flags, MODE_FLAGS_MOST at most; a row's `modes` are bits (1 << MODE_…). */
extern const struct flag_table mode_flags;

struct mode_choice {
    enum mode mode; /* MODE_CLIENT where none is named */
    bool named, help, version;
};

/* What the arguments (argv[1] …) ask for; the last --mode counts, as the last of each flag does. What else is wrong
 * with them is the mode's to say. False with one line in `why`: there is no such mode. */
MUST_USE bool mode_choose(int argc, char *const *argv, struct mode_choice *out, struct why *why);
/* Reads the arguments as this mode's. */
struct flag_reader mode_reader(enum mode mode, int argc, char *const *argv);

/* Reads all of them: `take` gets each flag with its value, and each word (for `name` NULL). False: each fault stands as
 * a line on standard error. */
MUST_USE bool mode_read(enum mode mode, int argc, char *const *argv,
                        void (*take)(void *context, const char *name, const char *value), void *context);

/* Pages, to standard output: one mode's flags, all modes, and what to begin with. */
void mode_print_help(enum mode mode);
void modes_print_help(void);
void modes_print_start(void);
