/* What the client, the sender and the doctor are told when they start: the settings of a file, an invite, and flags,
 * each over the one before it; and whether all that goes together. */
#pragma once

#include "client/config.h"
#include "common/attributes.h"

enum command_line_result {
    COMMAND_LINE_RUN,
    COMMAND_LINE_DONE /* --help was printed */,
    COMMAND_LINE_BAD /* exit 2 */
};
/* Defaults, then --config FILE or, without it, the user's own file, then an invite, then the other flags. Problems: one
 * line each on standard error. An invite is wiped from `argv`, which others on this machine can see; it may also come
 * as the first line of standard input, for the word "-". The mode is what the arguments say: --mode send takes other
 * flags, and words, whose text the caller frees, whatever the result; --mode doctor needs no room. What is missing or
 * out of range (no --room, no --bootnode, a bad key) is a problem here already; names are not resolved here. */
MUST_USE enum command_line_result command_line_read(int argc, char **argv, struct client_config *out);
