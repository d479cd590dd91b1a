/* A command line as somebody types it, read as the client reads it, and what it says of that on the terminal. */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "client/command_line/command_line.h"

#define TOLD_ARGUMENTS_MAX 16
#define TOLD_NOWHERE "/nonexistent" /* no settings of whoever runs the tests */
#define TOLD_NEEDED "--bootnode", "h:1", "--room", "r"

/* Of a room with a secret. */
#define TOLD_INVITE "gochat://chat.example.org/tea#AAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4fTZC7pA"

extern struct client_config told; /* the settings that came of the last one */
extern char told_said[4096];      /* on standard error and standard output */

/* Reads the arguments, NULL at the end, which may be wiped; `folder` is the test's. */
enum command_line_result told_read(const char *folder, const char *const *arguments);
/* An invite and more arguments; it has to be gone from the command line where it counted. */
enum command_line_result told_invited(const char *folder, const char *invite, const char *const *more);
/* Is refused with exactly these lines. */
void told_refused(const char *folder, const char *const *arguments, const char *lines);
/* The settings of the user whose home all this is: client.ini below the folder, until told_clear. */
void told_own_file(const char *folder, const char *text);
/* The teardown beside folder_make. */
int told_clear(void **state);

#define TOLD_READ(...) told_read(*state, (const char *const[]){__VA_ARGS__, NULL})
#define TOLD_REFUSED(lines, ...) told_refused(*state, (const char *const[]){__VA_ARGS__, NULL}, lines)
#define TOLD_INVITED(invite, ...) told_invited(*state, invite, (const char *const[]){__VA_ARGS__, NULL})
