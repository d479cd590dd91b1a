/* A service manager as small as a test needs it: starts one program, hears what it has to say, keeps its sockets, and
 * starts it again with them. In the place of systemd, whose protocol it speaks (sd_notify(3), sd_listen_fds(3)).
 *
 *     service_manager [--watchdog MS] [--keep N] [--socket ADDR:PORT] [--count N] [--path FILE] -- COMMAND …
 *
 * --socket binds a UDP socket for the program, --count so many of them that share it; --keep is how many sockets it
 * keeps at most; --path names the socket it listens on, which has an abstract name else. It takes lines: start; signal
 * NUMBER; again NUMBER (the signal, and a start as soon as the program is gone); list; quit (which kills the program).
 * It says: told TEXT (newlines as spaces); kept COUNT; forgot COUNT; started PID; exited STATUS (128 and the signal);
 * list COUNT NAMES. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdalign.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/address.h"
#include "common/udp.h"
#include "common/why.h"

#define MOST 1024
#define NAME_SIZE 256
#define FIRST 3

struct kept {
    int descriptor;
    char name[NAME_SIZE];
};

static struct {
    struct kept own[MOST], kept[MOST];
    size_t own_count, kept_count, keep_most;
    const char *watchdog_ms, *path;
    char notify[128];
    int socket, signals;
    char **command;
    pid_t process;
    bool start_again;
} manager = {.keep_most = MOST, .process = -1};

static void fail(const char *what) {
    perror(what);
    exit(1);
}

static void say(const char *text) {
    puts(text);
    fflush(stdout);
}

/* --- What it keeps --- */

static uint64_t cookie_of(int socket) {
    uint64_t cookie = 0;
    socklen_t size = sizeof cookie;
    (void)getsockopt(socket, SOL_SOCKET, SO_COOKIE, &cookie, &size);
    return cookie;
}

static bool is_kept(int descriptor) {
    for (size_t i = 0; i < manager.kept_count; i++)
        if (cookie_of(manager.kept[i].descriptor) == cookie_of(descriptor)) return true;
    return false;
}

/* Prepends, as systemd does, so that the order in which they come back is none that anybody could rely on. */
static void keep(int descriptor, const char *name) {
    if (manager.kept_count >= manager.keep_most || is_kept(descriptor)) {
        close(descriptor);
        return;
    }
    memmove(manager.kept + 1, manager.kept, manager.kept_count * sizeof *manager.kept);
    manager.kept[0].descriptor = descriptor;
    snprintf(manager.kept[0].name, NAME_SIZE, "%s", name);
    printf("kept %zu\n", ++manager.kept_count);
    fflush(stdout);
}

static void forget(const char *name) {
    size_t left = 0;
    for (size_t i = 0; i < manager.kept_count; i++) {
        if (strcmp(manager.kept[i].name, name) == 0)
            close(manager.kept[i].descriptor);
        else
            manager.kept[left++] = manager.kept[i];
    }
    printf("forgot %zu\n", manager.kept_count - left);
    fflush(stdout);
    manager.kept_count = left;
}

static void list(void) {
    printf("list %zu", manager.kept_count);
    for (size_t i = 0; i < manager.kept_count; i++) printf(" %s", manager.kept[i].name);
    say("");
}

/* --- What it hears --- */

static void find_name(const char *text, char out[static NAME_SIZE]) {
    const char *at = strstr(text, "FDNAME=");
    snprintf(out, NAME_SIZE, "%s", at ? at + strlen("FDNAME=") : "stored");
    out[strcspn(out, "\n")] = '\0';
}

static int descriptor_of(struct msghdr *message) {
    int descriptor = -1;
    for (struct cmsghdr *header = CMSG_FIRSTHDR(message); header; header = CMSG_NXTHDR(message, header))
        if (header->cmsg_level == SOL_SOCKET && header->cmsg_type == SCM_RIGHTS)
            memcpy(&descriptor, CMSG_DATA(header), sizeof descriptor);
    return descriptor;
}

static void hear(void) {
    char text[4096], name[NAME_SIZE];
    alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof(int))];
    struct iovec vector = {.iov_base = text, .iov_len = sizeof text - 1};
    struct msghdr message = {
        .msg_iov = &vector, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
    ssize_t size = recvmsg(manager.socket, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
    if (size < 0) return;
    text[size] = '\0';
    int descriptor = descriptor_of(&message);
    find_name(text, name);
    if (strstr(text, "BARRIER=1")) {
        close(descriptor);
    } else if (strstr(text, "FDSTOREREMOVE=1")) {
        forget(name);
    } else if (descriptor >= 0) {
        keep(descriptor, name);
    } else {
        for (char *at = text; *at; at++)
            if (*at == '\n') *at = ' ';
        printf("told %s\n", text);
        fflush(stdout);
    }
}

/* --- The program --- */

static void set_number(const char *name, unsigned long number) {
    char text[32];
    snprintf(text, sizeof text, "%lu", number);
    setenv(name, text, 1);
}

/* Above all that they shall become. */
static int out_of_the_way(int descriptor, size_t count) {
    int moved = fcntl(descriptor, F_DUPFD_CLOEXEC, FIRST + (int)count);
    if (moved < 0) fail("dup");
    return moved;
}

static void hand_over(void) {
    static int moved[2 * MOST];
    static char names[2 * MOST * NAME_SIZE];
    size_t count = manager.own_count + manager.kept_count, used = 0;
    for (size_t i = 0; i < count; i++) {
        const struct kept *kept = i < manager.own_count ? &manager.own[i] : &manager.kept[i - manager.own_count];
        moved[i] = out_of_the_way(kept->descriptor, count);
        used += (size_t)sprintf(names + used, "%s%s", i > 0 ? ":" : "", kept->name);
    }
    for (size_t i = 0; i < count; i++)
        if (dup2(moved[i], FIRST + (int)i) < 0) fail("dup2");
    if (count == 0) return;
    set_number("LISTEN_FDS", count);
    set_number("LISTEN_PID", (unsigned long)getpid());
    setenv("LISTEN_FDNAMES", names, 1);
}

static void become_program(void) {
    sigset_t none;
    if (!manager.command) exit(2);
    prctl(PR_SET_PDEATHSIG, SIGKILL); /* a test that ends early leaves nobody behind */
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    setenv("NOTIFY_SOCKET", manager.notify, 1);
    if (manager.watchdog_ms) {
        set_number("WATCHDOG_USEC", strtoul(manager.watchdog_ms, NULL, 10) * 1000);
        set_number("WATCHDOG_PID", (unsigned long)getpid());
    }
    dup2(STDERR_FILENO, STDOUT_FILENO);
    hand_over();
    execvp(manager.command[0], manager.command);
    fail(manager.command[0]);
}

static void start(void) {
    manager.start_again = false;
    manager.process = fork();
    if (manager.process < 0) fail("fork");
    if (manager.process == 0) become_program();
    printf("started %d\n", manager.process);
    fflush(stdout);
}

/* What it said before is heard first. */
static void reap(void) {
    struct signalfd_siginfo info;
    int status;
    (void)!read(manager.signals, &info, sizeof info);
    if (manager.process < 0 || waitpid(manager.process, &status, WNOHANG) != manager.process) return;
    manager.process = -1;
    for (struct pollfd more = {.fd = manager.socket, .events = POLLIN}; poll(&more, 1, 0) > 0;) hear();
    if (manager.start_again) start();
    printf("exited %d\n", WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
    fflush(stdout);
}

/* --- What it takes --- */

static void send_signal(const char *number) {
    if (manager.process > 0) kill(manager.process, (int)strtol(number, NULL, 10));
}

static void quit(void) {
    if (manager.process > 0) {
        kill(manager.process, SIGKILL);
        waitpid(manager.process, NULL, 0);
    }
    exit(0);
}

static void obey(char *line) {
    line[strcspn(line, "\n")] = '\0';
    char *argument = strchr(line, ' ');
    argument = argument ? argument + 1 : line + strlen(line);
    if (strncmp(line, "again", 5) == 0) manager.start_again = true;
    if (strncmp(line, "again", 5) == 0 || strncmp(line, "signal", 6) == 0) send_signal(argument);
    if (strcmp(line, "start") == 0) start();
    if (strcmp(line, "list") == 0) list();
    if (strcmp(line, "quit") == 0) quit();
}

/* --- The start --- */

static void listen_to_program(void) {
    struct sockaddr_un name = {.sun_family = AF_UNIX};
    socklen_t size = sizeof name.sun_family;
    if (manager.path) {
        snprintf(name.sun_path, sizeof name.sun_path, "%s", manager.path);
        size = sizeof name;
    }
    manager.socket = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (manager.socket < 0 || bind(manager.socket, (struct sockaddr *)&name, size) != 0) fail("bind");
    size = sizeof name;
    getsockname(manager.socket, (struct sockaddr *)&name, &size);
    size_t length = size - sizeof name.sun_family;
    snprintf(manager.notify, sizeof manager.notify, "%c%.*s", manager.path ? '/' : '@', (int)length - 1,
             name.sun_path + 1);
}

static void bind_own(const char *text, size_t count) {
    struct address address;
    struct why why;
    if (!text) return;
    if (!address_parse(text, 0, &address)) fail(text);
    for (size_t i = 0; i < count && i < MOST; i++) {
        int socket = udp_open(&address, &(struct udp_options){.reuse_port = count > 1}, &why);
        if (socket < 0) fail(why.text);
        fcntl(socket, F_SETFL, fcntl(socket, F_GETFL) & ~O_NONBLOCK); /* as systemd has them */
        manager.own[manager.own_count].descriptor = socket;
        snprintf(manager.own[manager.own_count++].name, NAME_SIZE, "gochat-bootnode.socket");
    }
}

static void read_arguments(int argc, char **argv) {
    const char *socket = NULL;
    size_t count = 1;
    int i = 1;
    for (; i + 1 < argc && strcmp(argv[i], "--") != 0; i += 2) {
        const char *value = argv[i + 1];
        if (strcmp(argv[i], "--watchdog") == 0) manager.watchdog_ms = value;
        if (strcmp(argv[i], "--path") == 0) manager.path = value;
        if (strcmp(argv[i], "--keep") == 0) manager.keep_most = strtoul(value, NULL, 10);
        if (strcmp(argv[i], "--socket") == 0) socket = value;
        if (strcmp(argv[i], "--count") == 0) count = strtoul(value, NULL, 10);
    }
    if (i + 1 >= argc) {
        fputs("usage: service_manager [FLAG VALUE]... -- COMMAND...\n", stderr);
        exit(2);
    }
    manager.command = argv + i + 1;
    bind_own(socket, count);
}

int main(int argc, char **argv) {
    sigset_t child;
    char line[256];
    read_arguments(argc, argv);
    listen_to_program();
    sigemptyset(&child);
    sigaddset(&child, SIGCHLD);
    sigprocmask(SIG_BLOCK, &child, NULL);
    manager.signals = signalfd(-1, &child, SFD_CLOEXEC | SFD_NONBLOCK);
    setvbuf(stdin, NULL, _IONBF, 0);
    struct pollfd wanted[] = {{.fd = manager.socket, .events = POLLIN},
                              {.fd = manager.signals, .events = POLLIN},
                              {.fd = STDIN_FILENO, .events = POLLIN}};
    for (;;) {
        if (poll(wanted, 3, -1) < 0 && errno != EINTR) fail("poll");
        if (wanted[0].revents) hear();
        if (wanted[1].revents) reap();
        if (!wanted[2].revents) continue;
        if (!fgets(line, sizeof line, stdin)) quit();
        obey(line);
    }
}
