/** Days and seconds of the proleptic Gregorian calendar in UTC, the way an MC146818 splits them. */
export interface CalendarTime {
  second: number;
  minute: number;
  hour: number;
  /** 1 is Sunday. */
  weekday: number;
  day: number;
  /** 1-12. */
  month: number;
  /** With century: 2007. */
  year: number;
}

/** Splits seconds since 1970-01-01 UTC. */
export function toCalendar(seconds: number): CalendarTime {
  const date = new Date(seconds * 1000);
  return {
    second: date.getUTCSeconds(),
    minute: date.getUTCMinutes(),
    hour: date.getUTCHours(),
    weekday: date.getUTCDay() + 1,
    day: date.getUTCDate(),
    month: date.getUTCMonth() + 1,
    year: date.getUTCFullYear(),
  };
}

/** Seconds since 1970-01-01 UTC; the weekday is not looked at. Values out of range carry over. */
export function fromCalendar(time: CalendarTime): number {
  const date = new Date(0);
  date.setUTCFullYear(time.year, time.month - 1, time.day);
  date.setUTCHours(time.hour, time.minute, time.second);
  return Math.floor(date.getTime() / 1000);
}
