/* What a complaint about a line of a configuration file, or about a value, shows of it: its start, and not what may be
 * a password, that is, what stands before the @ of a URL. Logs and terminals are read by others than the file is. Pure.
 */
#pragma once

#define INI_SHOWN_MOST 200 /* bytes */

/* Returns `out`. */
const char *ini_shown(const char *text, char out[static INI_SHOWN_MOST + 1]);
