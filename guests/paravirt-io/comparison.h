/*
 * One and the same work done in different ways, to be compared: `workload=NAME` on the command line asks
 * for it instead of the sample's own workloads, `driver=native` or `driver=virtio` says how.
 */
#ifndef COMPARISON_H
#define COMPARISON_H

/** The command line asks for a comparison. */
int comparison_wanted(void);

/** Runs what is asked for and prints a line for each. Returns 0 after a failure. */
int comparison_run(void);

#endif
