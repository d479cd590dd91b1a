/* A line of the control socket: what is taken holds, and is the same when it is written and read again. The first byte
 * chooses whether it is a line of JSON or the words of a command line. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "bootnode/ops/control_request.h"

#define WORDS_MAX 4

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool condition) {
    if (!condition) abort();
}

/* Written and read, it is what it was. */
static void check_taken(const struct control_request *request) {
    struct control_request again;
    struct why why;
    require(control_request_holds(request));
    char *line = control_request_write(request);
    require(line && strlen(line) < CONTROL_REQUEST_MAX);
    require(control_request_read(line, strlen(line), &again, &why) && control_request_holds(&again));
    char *second = control_request_write(&again);
    require(second && strcmp(line, second) == 0);
    free(line);
    free(second);
}

static void check_words(const uint8_t *data, size_t size) {
    struct control_request request;
    struct why why = {""};
    const char *words[WORDS_MAX];
    size_t count = 0;
    char *copy = malloc(size + 1), *rest = copy;
    require(copy);
    memcpy(copy, data, size);
    copy[size] = '\0';
    for (char *word; count < WORDS_MAX && (word = strsep(&rest, " "));) words[count++] = word;
    if (control_request_parse(words, count, NULL, &request, &why))
        check_taken(&request);
    else
        require(why.text[0] != '\0');
    free(copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct control_request request;
    struct why why = {""};
    if (size > 0 && data[0] == '!') {
        check_words(data + 1, size - 1);
        return 0;
    }
    if (control_request_read((const char *)data, size, &request, &why))
        check_taken(&request);
    else
        require(why.text[0] != '\0');
    return 0;
}
