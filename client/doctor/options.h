/* The doctor's flags. What the client has, too, is checked as the client does, and may come from the client's file. */
#pragma once

#include <stdbool.h>

#include "client/config.h"

struct doctor_options {
    struct client_config config; /* bootnode and port count */
    bool json, lifetime;
};

/* As client_config_read. */
enum client_config_result doctor_options_read(int argc, char **argv, struct doctor_options *out);
