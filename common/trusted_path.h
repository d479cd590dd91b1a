/* Files that are named through symbolic links, as secrets of containers are: ..data, which an orchestrator turns to
 * another folder, and a link into it. Who can change a link, or a folder on the way, says what is read; so the way
 * counts only where nobody but root and one user can. */
#pragma once

#include <limits.h>
#include <sys/types.h>

#include "common/attributes.h"

/* The folder, or what is in it, that others can change. */
struct trusted_path_fault {
    char step[PATH_MAX]; /* empty: none of these is the matter, errno says what is */
};

/* Opens what `path` names, for reading, in the end: every step of the way, links included, is looked at first. Each
 * folder on it must be root's or `owner`'s and nobody else's to write; one that is (as /tmp) must be sticky, and what
 * is taken there root's or `owner`'s. Negative: with `fault`, and errno (EPERM where there is a step). */
MUST_USE int trusted_path_open(const char *path, uid_t owner, struct trusted_path_fault *fault);
