#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <dirent.h>
#include <limits.h>
#include <poll.h>
#include <semaphore.h>
#include <stdio.h>
#include <unistd.h>

#include "client/events.h"
#include "client/ports/port_mapping.h"
#include "common/clock.h"
#include "common/log.h"

#define OURS 9000
#define PATIENCE_MS 20000

/* A gateway that answers when it is let. */
struct gateway {
    sem_t asked, answers, unmapped;
    bool hangs; /* on unmap, too, until it is let */
};

static struct gateway gateway;
static struct queue answers;

static enum port_answer map(void *context, const struct port_request *request, struct port_grant *out) {
    struct gateway *asked = context;
    sem_post(&asked->asked);
    while (sem_wait(&asked->answers) != 0) continue;
    (void)address_parse("203.0.113.21", request->external, &out->external);
    out->lease_s = request->lease_s;
    return PORT_GRANTED;
}

static void unmap(void *context, uint16_t port, uint16_t external) {
    struct gateway *asked = context;
    while (asked->hangs && sem_wait(&asked->answers) != 0) continue;
    if (port == OURS && external == OURS) sem_post(&asked->unmapped);
}

static const struct port_protocol protocol = {.name = "fake", .context = &gateway, .map = map, .unmap = unmap};

/* By its name, since sanitizers have threads of their own. */
static bool is_running(void) {
    bool found = false;
    char path[sizeof "/proc/self/task//comm" + NAME_MAX], name[16];
    DIR *folder = opendir("/proc/self/task");
    assert_non_null(folder);
    for (const struct dirent *entry; !found && (entry = readdir(folder));) {
        snprintf(path, sizeof path, "/proc/self/task/%s/comm", entry->d_name);
        FILE *file = fopen(path, "r");
        if (!file) continue;
        found = fgets(name, sizeof name, file) && strcmp(name, "ports\n") == 0;
        fclose(file);
    }
    closedir(folder);
    return found;
}

static int start(void **state) {
    gateway.hangs = false;
    sem_init(&gateway.asked, 0, 0);
    sem_init(&gateway.answers, 0, 0);
    sem_init(&gateway.unmapped, 0, 0);
    assert_int_equal(queue_init(&answers, 0), 0);
    *state = port_mapping_create_with(&protocol, &answers, OURS);
    return *state ? 0 : -1;
}

/* Nobody joins the thread, but it must end. */
static int end(void **state) {
    (void)state;
    uint64_t deadline = clock_monotonic_ms() + PATIENCE_MS;
    while (is_running())
        if (clock_monotonic_ms() > deadline) return -1;
    queue_destroy(&answers);
    return 0;
}

static struct address take_answer(void) {
    struct address mapped;
    struct pollfd wanted = {.fd = queue_event(&answers), .events = POLLIN};
    if (queue_settle(&answers)) assert_int_equal(poll(&wanted, 1, PATIENCE_MS), 1);
    struct input *input = (struct input *)queue_pop(&answers);
    assert_non_null(input);
    assert_int_equal(input->type, INPUT_PORT_MAPPED);
    assert_in_range(input->address_count, 0, 1);
    mapped = input->addresses[0]; /* zeroed where there is none */
    input_destroy(input);
    return mapped;
}

static void assert_mapped(void) {
    struct address mapped = take_answer();
    char text[ADDRESS_TEXT_SIZE];
    assert_string_equal(address_format(&mapped, text), "203.0.113.21:9000");
}

static void what_is_granted_is_told_and_given_back(void **state) {
    struct port_mapping *mapping = *state;
    port_mapping_want(mapping, true);
    port_mapping_want(mapping, true);
    sem_post(&gateway.answers);
    assert_mapped();
    port_mapping_destroy(mapping);
    assert_int_equal(sem_trywait(&gateway.unmapped), 0);
    assert_null(queue_pop(&answers));
}

static void nothing_is_asked_before_it_is_wanted(void **state) {
    struct port_mapping *mapping = *state;
    port_mapping_again(mapping);
    port_mapping_want(mapping, false);
    port_mapping_destroy(mapping);
    assert_int_not_equal(sem_trywait(&gateway.asked), 0);
}

static void what_is_not_wanted_any_more_is_given_back(void **state) {
    struct port_mapping *mapping = *state;
    port_mapping_want(mapping, true);
    sem_post(&gateway.answers);
    assert_mapped();
    port_mapping_want(mapping, false);
    assert_int_equal(take_answer().port, 0);
    assert_int_equal(sem_wait(&gateway.unmapped), 0);
    port_mapping_destroy(mapping);
}

static void nobody_waits_for_a_gateway_that_does_not_answer(void **state) {
    struct port_mapping *mapping = *state;
    port_mapping_want(mapping, true);
    assert_int_equal(sem_wait(&gateway.asked), 0);
    port_mapping_destroy(mapping);
    sem_post(&gateway.answers); /* granted too late: given back all the same, told nobody */
    assert_int_equal(sem_wait(&gateway.unmapped), 0);
    assert_null(queue_pop(&answers));
}

static void giving_back_may_take_only_so_long(void **state) {
    struct port_mapping *mapping = *state;
    port_mapping_want(mapping, true);
    sem_post(&gateway.answers);
    assert_mapped();
    gateway.hangs = true;
    uint64_t before = clock_monotonic_ms();
    port_mapping_destroy(mapping);
    assert_true(clock_monotonic_ms() - before >= PORT_GIVE_BACK_MS);
    assert_int_not_equal(sem_trywait(&gateway.unmapped), 0);
    sem_post(&gateway.answers);
    assert_int_equal(sem_wait(&gateway.unmapped), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_is_granted_is_told_and_given_back, start, end),
        cmocka_unit_test_setup_teardown(nothing_is_asked_before_it_is_wanted, start, end),
        cmocka_unit_test_setup_teardown(what_is_not_wanted_any_more_is_given_back, start, end),
        cmocka_unit_test_setup_teardown(nobody_waits_for_a_gateway_that_does_not_answer, start, end),
        cmocka_unit_test_setup_teardown(giving_back_may_take_only_so_long, start, end),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    log_set_level(LOG_LEVEL_WARNING);
    return cmocka_run_group_tests_name("port_mapping", tests, NULL, NULL);
}
