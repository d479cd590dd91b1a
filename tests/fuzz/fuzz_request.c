/* What request_parse takes is within the limits that the engine and the events count on. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "client/ui/request.h"
#include "common/text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool condition) {
    if (!condition) abort();
}

/* A ref comes back in events. */
static void check_ref(const struct request *request) {
    json_t *ref = *request->ref ? json_loads(request->ref, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL) : NULL;
    require(memchr(request->ref, '\0', sizeof request->ref) != NULL);
    require(!*request->ref || json_is_string(ref) || json_is_integer(ref));
    json_decref(ref);
}

static void check(const struct request *request) {
    require(request->type == REQUEST_SAY || request->type == REQUEST_COMMAND);
    require(request->size > 0 && request->size <= MESSAGE_TEXT_MAX && request->text[request->size] == '\0');
    require(text_is_utf8(request->text, request->size));
    require((request->kind == CHAT_PRIVATE) == (request->to != NULL));
    require(request->kind == CHAT_TEXT || request->kind == CHAT_ACTION || request->kind == CHAT_PRIVATE);
    if (request->type == REQUEST_COMMAND)
        require(request->text[0] == '/' && strlen(request->text) == request->size && request->kind == CHAT_TEXT);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct request request;
    struct why why = {""};
    bool parsed = request_parse((const char *)data, size, &request, &why);
    check_ref(&request);
    require(parsed || *why.text);
    if (parsed) check(&request);
    request_clear(&request);
    return 0;
}
