/* The MC146818 clock (Motorola's datasheet), read while no update is on the way. */
#include "drivers.h"
#include "io.h"

#define CMOS_INDEX 0x70
#define CMOS_DATA 0x71
#define REGISTER_A 0x0a
#define REGISTER_B 0x0b
#define A_UPDATE_IN_PROGRESS 0x80
#define B_BINARY 0x04
#define UIP_READS 100000
#define ATTEMPTS 10

static u8 cmos_read(u8 reg)
{
	outb_p(reg, CMOS_INDEX);
	return inb_p(CMOS_DATA);
}

static u8 from_bcd(u8 value)
{
	return (value >> 4) * 10 + (value & 15);
}

static int read_once(struct rtc_time *time)
{
	u32 reads = 0;

	while (cmos_read(REGISTER_A) & A_UPDATE_IN_PROGRESS)
		if (++reads == UIP_READS)
			return 0;
	time->second = cmos_read(0);
	time->minute = cmos_read(2);
	time->hour = cmos_read(4);
	time->day = cmos_read(7);
	time->month = cmos_read(8);
	time->year = cmos_read(9);
	return cmos_read(0) == time->second;
}

int rtc_read(struct rtc_time *time)
{
	u8 *fields = (u8 *)time;
	u32 attempt = 0;

	while (!read_once(time))
		if (++attempt == ATTEMPTS)
			return 0;
	if (!(cmos_read(REGISTER_B) & B_BINARY))
		for (u32 i = 0; i < sizeof(*time); i++)
			fields[i] = from_bcd(fields[i]);
	return 1;
}
