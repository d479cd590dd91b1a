/* The user's home directory, and where programs keep their files below it. No function of these keeps state, so any
 * thread may call them. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "common/attributes.h"

/* $HOME where that is an absolute path, else what the password database has: a service without User= (systemd.exec(5))
 * and `env -i` have no HOME. False where neither says it, or it is too long for `out`. */
MUST_USE bool home_directory(char *out, size_t size);
/* As the shell does: "~" and "~/x" are the home directory and below it, "~name" and "~name/x" that of another user; any
 * other path stays as it is. False where there is no such home, or it is too long for `out`. */
MUST_USE bool home_expand(const char *path, char *out, size_t size);
/* "/gochat" in the folder that `variable` names or, where that is unset or a relative path, in `below` the home
 * directory, as in home_place("XDG_DATA_HOME", ".local/share", …): the XDG Base Directory Specification. False as for
 * home_directory. */
MUST_USE bool home_place(const char *variable, const char *below, char *out, size_t size);
