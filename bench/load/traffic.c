#include "bench/load/traffic.h"

void traffic_destroy(struct traffic *traffic) {
    if (traffic) traffic->destroy(traffic->context);
}
