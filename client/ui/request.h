/* What a program asks of --ui json: a line of input that is a JSON object. doc/json.md has the keys. Pure.
 *
 *   {"say":TEXT,"room":NAME,"to":PEER,"kind":"text"|"action"|"private","ref":STRING|INTEGER}
 *   {"command":TEXT,"room":NAME,"ref":STRING|INTEGER}
 *
 * The text may hold anything that JSON's strings can, newlines and zero bytes too. */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "client/events.h"
#include "client/message/message.h"
#include "common/attributes.h"
#include "common/why.h"

/* The longest text with each of its bytes escaped, and everything around it. */
#define REQUEST_SIZE_MAX (6 * MESSAGE_TEXT_MAX + 8192)

enum request_type { REQUEST_NONE, REQUEST_SAY, REQUEST_COMMAND };

struct request {
    enum request_type type;
    char *text;               /* to be said, or a command with its '/'; zero-terminated, and may have zeros in it */
    size_t size;              /* of the text */
    const char *room;         /* NULL: the current one */
    const char *to;           /* a peer as commands name them; NULL: everybody */
    enum chat_kind kind;      /* CHAT_PRIVATE exactly where there is a `to` */
    char ref[EVENT_REF_SIZE]; /* as JSON; empty: none */
    json_t *object;           /* room and to belong to it */
};

/* Is the line an object, so not to be said as it is? */
bool request_is(const char *line);
/* False with `why`, which names the key and the value; `ref` is then what could be read of it. In both cases
 * request_clear is due. */
MUST_USE bool request_parse(const char *line, size_t size, struct request *out, struct why *why);
void request_clear(struct request *request);
