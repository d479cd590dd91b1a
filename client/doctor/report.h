/* What the doctor says, for people (80 columns) and for programs (one JSON object). */
#pragma once

#include <stdio.h>

#include "client/doctor/diagnosis.h"

void report_to_people(const struct diagnosis *diagnosis, FILE *out);
void report_to_programs(const struct diagnosis *diagnosis, FILE *out);
/* To programs, in its place: nothing could be examined. */
void report_failure(const char *bootnodes, const char *why, int status, FILE *out);
