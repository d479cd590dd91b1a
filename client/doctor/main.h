/* gochat --mode doctor: what to expect from this network. */
#pragma once

int doctor_main(int argc, char **argv);
