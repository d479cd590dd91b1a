/* Text in what the control socket answers. */
#pragma once

#include <jansson.h>
#include <stddef.h>

/* A new string of what may be of anybody's making (a file's name, an error that repeats what somebody wrote, and was
 * cut somewhere): as text_filter shows it, since JSON has no other text than UTF-8. NULL without memory. */
json_t *control_text(const char *text);
json_t *control_text_part(const char *text, size_t size);
