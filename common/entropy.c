#include "common/entropy.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "common/log.h"

/* What libsodium falls back to. */
static bool has_device(void) {
    int device = open("/dev/urandom", O_RDONLY | O_CLOEXEC);
    if (device < 0) return false;
    close(device);
    return true;
}

static bool asks(unsigned flags) {
    char byte;
    ssize_t got;
    do got = getrandom(&byte, sizeof byte, flags);
    while (got < 0 && errno == EINTR);
    return got == sizeof byte;
}

bool entropy_await(const char *area) {
    if (asks(GRND_NONBLOCK)) return true;
    if (errno == EAGAIN) {
        log_warning(area,
                    "waits for the kernel's random numbers: this machine has just started, and has seen little that "
                    "is random");
        if (asks(0)) return true;
    }
    int error = errno;
    if (has_device()) return true;
    log_error(area, "no random numbers: getrandom: %s, and no /dev/urandom", strerror(error));
    return false;
}
