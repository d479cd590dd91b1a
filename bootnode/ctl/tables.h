/* Answers of the control socket as people read them: what stands alone as aligned lines, what there is several of as a
 * table under a heading, with an empty line before each but what comes first. What a number is stands in its name:
 * …_seconds, …_bytes, …_percent (doc/control.md). "lines" are lines; other texts of which there are several stand in
 * one. */
#pragma once

#include <jansson.h>
#include <stdio.h>

/* The members of `object`, in their order. */
void tables_print(const json_t *object, FILE *out);
/* How one value is shown, by its member's name; malloc'd, NULL without memory. Nothing in it moves a cursor. */
char *tables_value(const char *name, const json_t *value);
