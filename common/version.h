/* Which GoChat this is: for people, metrics and packages. */
#pragma once

#define GOCHAT_VERSION "0.1"
