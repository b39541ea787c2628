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

let compact: Intl.NumberFormat | undefined;

/** A number in little room: `987`, `1.2K`, `45K`, `3.1M`. */
export function formatCompact(value: number): string {
  // To make the first one takes the browser longer than to render a player.
  if (value < 1000) return String(Math.round(value * 10) / 10);
  compact ??= new Intl.NumberFormat('en', { notation: 'compact', maximumFractionDigits: 1 });
  return compact.format(value);
}

/** A short time: `0.4 s`, `12.0 s`. */
export function formatSeconds(seconds: number): string {
  return `${seconds.toFixed(1)} s`;
}

/** `1 viewer`, `2 viewers`. */
export function count(value: number, noun: string): string {
  return `${value} ${noun}${value === 1 ? '' : 's'}`;
}
