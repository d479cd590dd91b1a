/* The client shuts itself off from the machine (common/sandbox/sandbox.h) before its threads start and anybody's packet
 * is looked at. Left are
 *   - the data directory, and where people and known_bootnodes are links to, to read and to write;
 *   - the folder of the user's own settings (not of a file that --config names), for /set --save on a screen or in
 * plain;
 *   - to read: the folder of the secret file that the settings name, systemd's credentials (for /join ROOM FILE), and
 *     what the C library and ncurses read late: the time zone, the locale, descriptions of terminals;
 *   - the terminal, which the screen opens once more.
 *
 * Names and gateways are asked for by the helper process, which has shut itself off before (helper/confinement.h). */
#pragma once

#include "client/helper/helper.h"
#include "client/setup.h"
#include "common/attributes.h"

/* False with one line in the log. */
MUST_USE bool enclosure_enter(const struct setup *setup, enum ui_kind kind, const struct helper *helper);
