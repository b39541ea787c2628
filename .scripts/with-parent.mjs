// Stops this process when the shell is gone in which npm started it.

const pollInterval = 500;
const parent = process.ppid;

/**
 * npm runs a script in a shell and passes a SIGTERM that it gets on to that shell alone, which dies of it; what the
 * shell ran would go on, unseen. Sends this process a SIGTERM then, unless it had a signal already.
 */
export function stopWithParent() {
  if (!process.env.npm_lifecycle_event || process.platform === 'win32') return;
  const timer = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(timer);
    process.kill(process.pid, 'SIGTERM');
  }, pollInterval);
  timer.unref();
  for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => clearInterval(timer));
}
