/* A workload: a driver at work, with every byte it moves checked. */
#ifndef WORKLOAD_H
#define WORKLOAD_H

enum verdict { WORKLOAD_OK, WORKLOAD_SKIPPED, WORKLOAD_FAILED };

struct outcome {
	enum verdict verdict;
	/** Why it was skipped or failed. */
	char reason[96];
};

struct workload {
	const char *name;
	/** Runs to the end in bounded time. @outcome comes in as OK; report with fail() and skip(). */
	void (*run)(struct outcome *outcome);
};

/** Marks @outcome as failed. The first reason stays. */
void fail(struct outcome *outcome, const char *text, ...) __attribute__((format(printf, 2, 3)));

/** Marks @outcome as skipped: what it needs is not there. */
void skip(struct outcome *outcome, const char *text, ...) __attribute__((format(printf, 2, 3)));

static inline int failed(const struct outcome *outcome)
{
	return outcome->verdict == WORKLOAD_FAILED;
}

extern const struct workload uart_workload;
extern const struct workload rtc_workload;
extern const struct workload pit_workload;
extern const struct workload ide_workload;
extern const struct workload iotest_workload;

#endif
