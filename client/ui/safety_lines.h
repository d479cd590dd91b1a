/* A safety number in lines of four groups, so that no terminal breaks one. Pure. */
#pragma once

#include <stdbool.h>

#include "common/attributes.h"
#include "common/names.h"

#define SAFETY_LINE_SIZE 24 /* "12345 67890 12345 67890" and the zero */

/* The line of that number, from 0 on. False: there is none. */
MUST_USE bool safety_line(const char *number, unsigned line, char out[static SAFETY_LINE_SIZE]);
