/* The MC146818 real-time clock, read consistently although it ticks meanwhile. */
#include "io.h"
#include "string.h"
#include "workload.h"

/* Registers and bits as in Motorola's MC146818A datasheet. */
#define CMOS_INDEX 0x70
#define CMOS_DATA 0x71

#define REGISTER_A 0x0a
#define REGISTER_B 0x0b
#define REGISTER_D 0x0d
#define A_UPDATE_IN_PROGRESS 0x80
#define B_BINARY 0x04
#define B_24_HOURS 0x02
#define D_VALID 0x80
#define HOUR_PM 0x80

#define READINGS 160
#define ATTEMPTS 10
#define UIP_READS 100000		/* an update takes 2 ms */

enum { SECONDS = 0, MINUTES = 2, HOURS = 4, DAY = 7, MONTH = 8, YEAR = 9 };

struct rtc_time {
	unsigned char second, minute, hour, day, month, year;
};

/* Bit 7 of the index masks the NMI on a PC; it stays clear. */
static unsigned char cmos_read(unsigned char reg)
{
	outb_p(reg, CMOS_INDEX);
	return inb_p(CMOS_DATA);
}

/** After UIP was seen clear, the registers stand still for at least 244 us. */
static int wait_for_no_update(void)
{
	for (unsigned reads = 0; reads < UIP_READS; reads++) {
		struct io_count before = io_count;
		if (!(cmos_read(REGISTER_A) & A_UPDATE_IN_PROGRESS))
			return 1;
		io_count_wait_since(&before);
	}
	return 0;
}

static struct rtc_time read_registers(void)
{
	struct rtc_time time = {
		.second = cmos_read(SECONDS),
		.minute = cmos_read(MINUTES),
		.hour = cmos_read(HOURS),
		.day = cmos_read(DAY),
		.month = cmos_read(MONTH),
		.year = cmos_read(YEAR),
	};

	return time;
}

static unsigned char from_bcd(unsigned char value)
{
	return (value >> 4) * 10 + (value & 0x0f);
}

static void decode(struct rtc_time *time, unsigned char mode)
{
	unsigned char pm = !(mode & B_24_HOURS) && (time->hour & HOUR_PM);

	time->hour &= ~HOUR_PM;
	if (!(mode & B_BINARY)) {
		time->second = from_bcd(time->second);
		time->minute = from_bcd(time->minute);
		time->hour = from_bcd(time->hour);
		time->day = from_bcd(time->day);
		time->month = from_bcd(time->month);
		time->year = from_bcd(time->year);
	}
	if (!(mode & B_24_HOURS))
		time->hour = time->hour % 12 + (pm ? 12 : 0);
}

/**
 * One consistent reading. Should the guest have been held up beyond the 244 us, an update may have come
 * in between: then the seconds differ, and all is read again.
 */
static void rtc_read(struct rtc_time *time, struct outcome *outcome)
{
	for (unsigned attempt = 0; attempt < ATTEMPTS; attempt++) {
		struct io_count before = io_count;

		if (!wait_for_no_update()) {
			fail(outcome, "UIP stays set");
			return;
		}
		*time = read_registers();
		if (cmos_read(SECONDS) == time->second) {
			decode(time, cmos_read(REGISTER_B));
			return;
		}
		io_count_wait_since(&before);
	}
	fail(outcome, "no two readings agree");
}

static void check_range(const struct rtc_time *time, struct outcome *outcome)
{
	if (time->second > 59 || time->minute > 59 || time->hour > 23 || time->day < 1 || time->day > 31 ||
	    time->month < 1 || time->month > 12 || time->year > 99)
		fail(outcome, "no such time: year %u month %u day %u, %u:%u:%u", time->year, time->month,
		     time->day, time->hour, time->minute, time->second);
}

static unsigned second_of_day(const struct rtc_time *time)
{
	return (time->hour * 60 + time->minute) * 60 + time->second;
}

static void run(struct outcome *outcome)
{
	struct rtc_time last, now;

	if (!(cmos_read(REGISTER_D) & D_VALID)) {
		fail(outcome, "register D: the clock is not valid");
		return;
	}
	rtc_read(&last, outcome);
	for (unsigned i = 1; i < READINGS && !failed(outcome); i++) {
		rtc_read(&now, outcome);
		check_range(&now, outcome);
		if (now.day == last.day && second_of_day(&now) < second_of_day(&last))
			fail(outcome, "the clock goes back: %u:%02u:%02u", now.hour, now.minute, now.second);
		last = now;
	}
}

const struct workload rtc_workload = { "rtc", run };
