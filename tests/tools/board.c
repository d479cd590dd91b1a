/* A node's end of the board, by hand: board FILE, a bootnode's settings. A line of standard input is published: "beacon
 * TEXT" or "orders TEXT"; "counters" prints them. What happens is printed, a line each. It ends with its input. */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bootnode/cluster/board.h"
#include "bootnode/settings.h"
#include "common/dumps.h"

static const char *const words[] = {[BOARD_BEACON] = "beacon", [BOARD_ORDERS] = "orders"};

static void print_news(const struct board_news *news) {
    const struct board_message *message = &news->message;
    switch (news->kind) {
    case BOARD_CONNECTED: printf("there %s\n", news->text); break;
    case BOARD_DISCONNECTED: printf("away %s\n", news->text); break;
    case BOARD_ENDED: puts("ended"); break;
    case BOARD_HEARD:
        printf("heard %s %u %.*s\n", words[message->subject], message->id, (int)message->size,
               (const char *)message->data);
        break;
    default: break;
    }
}

static void take_all(struct board *board) {
    static struct board_news news;
    while (board_take(board, &news) != BOARD_NOTHING) print_news(&news);
}

static void obey(struct board *board, char *line) {
    char *text = strchr(line, ' ');
    line[strcspn(line, "\n")] = '\0';
    if (strcmp(line, "counters") == 0)
        printf("counters published %llu heard %llu dropped %llu refused %llu lost %llu\n",
               (unsigned long long)board->published, (unsigned long long)board->heard,
               (unsigned long long)board->dropped, (unsigned long long)board->refused, (unsigned long long)board->lost);
    for (unsigned i = 0; i < BOARD_SUBJECTS && text; i++)
        if (strncmp(line, words[i], strlen(words[i])) == 0)
            puts(board_publish(board, (enum board_subject)i, text + 1, strlen(text + 1)) ? "published" : "dropped");
}

int main(int argc, char **argv) {
    static struct bootnode_config config;
    static char line[2 * BOARD_MESSAGE_MAX];
    struct board board;
    struct why why;
    const struct bootnode_settings settings = {.file = argc == 2 ? argv[1] : NULL};
    setvbuf(stdout, NULL, _IOLBF, 0);
    setvbuf(stdin, NULL, _IONBF, 0); /* else poll(2) would not see a second line */
    if (argc != 2 || bootnode_settings_read(&settings, &config, stderr) > 0) return 2;
    if (!board_start(&board, &config, argc, argv, &why)) {
        fprintf(stderr, "%s\n", why.text);
        return EXIT_FAILURE;
    }
    printf("process %d\n", (int)board.process);
    for (;;) {
        struct pollfd ends[] = {{.fd = STDIN_FILENO, .events = POLLIN},
                                {.fd = board_descriptor(&board), .events = POLLIN}};
        if (poll(ends, 2, -1) < 0) break;
        if (ends[1].revents) take_all(&board);
        if (!ends[0].revents) continue;
        if (!fgets(line, sizeof line, stdin)) break;
        obey(&board, line);
    }
    board_stop(&board);
    puts("stopped");
    return EXIT_SUCCESS;
}
