/** How numbers and times are written for people. */

const MINUTE = 60;
const HOUR = 60 * MINUTE;

/**
 * Time counting up: `0:07`, `12:34`, `1:02:03`.
 *
 * @param seconds negative and fractional values are taken down to a whole, non-negative number
 */
export function formatElapsed(seconds: number): string {
  const whole = Math.max(0, Math.floor(seconds));
  const hours = Math.floor(whole / HOUR);
  const minutes = Math.floor((whole % HOUR) / MINUTE);
  const rest = String(whole % MINUTE).padStart(2, '0');
  return hours > 0 ? `${hours}:${String(minutes).padStart(2, '0')}:${rest}` : `${minutes}:${rest}`;
}

/** A length of time in words: `8 seconds`, `3 minutes 12 seconds`, `1 hour 5 minutes`. */
export function formatDuration(seconds: number): string {
  const whole = Math.max(0, Math.floor(seconds));
  const hours = Math.floor(whole / HOUR);
  const minutes = Math.floor((whole % HOUR) / MINUTE);
  const rest = whole % MINUTE;
  const parts =
    hours > 0
      ? [count(hours, 'hour'), minutes > 0 && count(minutes, 'minute')]
      : [minutes > 0 && count(minutes, 'minute'), (rest > 0 || minutes === 0) && count(rest, 'second')];
  return parts.filter(Boolean).join(' ');
}

/** A number in little room: `987`, `1.2K`, `45K`, `3.1M`. Not by Intl: to make the first format takes longer than to render a player. */
export function formatCompact(value: number): string {
  const [unit, letter] = value < 1000 ? [1, ''] : value < 999_950 ? [1e3, 'K'] : [1e6, 'M'];
  return `${Math.round((value / unit) * 10) / 10}${letter}`;
}

/** A short time: `0.4 s`, `12.0 s`. */
export function formatSeconds(seconds: number): string {
  return `${seconds.toFixed(1)} s`;
}

/** `1 viewer`, `2 viewers`. */
export function count(value: number, noun: string): string {
  return `${value} ${noun}${value === 1 ? '' : 's'}`;
}
