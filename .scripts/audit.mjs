// Known vulnerabilities in what users install, as the registry tells them.
import { npm } from './run.mjs';

/** Below these a check does not fail: npm tells them at every install. */
const SERIOUS = new Set(['high', 'critical']);

/** Longer than a registry takes, milliseconds. */
const TIMEOUT = 30_000;

/**
 * Asks the registry.
 * @returns {Promise<{ problems: string[], note?: string }>} see {@link readReport}
 */
export async function audit() {
  const args = ['audit', '--omit=dev', '--json', '--fetch-retries=0'];
  const { code, output } = await npm(args, { quiet: true, timeout: TIMEOUT });
  return readReport(code, output);
}

/**
 * What `npm audit --json` says. A registry need not have an endpoint for audits, and there may be no network: then nothing is
 * known, which is told and is no failure of the code that is checked.
 * @param {number} code with which npm ended
 * @param {string} output of it; warnings may stand around the report
 * @returns {{ problems: string[], note?: string }} one problem a package
 */
export function readReport(code, output) {
  const report = parse(output);
  if (report?.vulnerabilities) {
    const problems = Object.values(report.vulnerabilities)
      .filter(({ severity }) => SERIOUS.has(severity))
      .map(describe);
    return { problems };
  }
  const reason =
    report?.message || report?.error?.summary || firstLine(output) || `npm ended with code ${code}`;
  return { problems: [], note: `The registry could not be asked for known vulnerabilities: ${reason}` };
}

function describe({ name, severity, range, via = [], fixAvailable }) {
  const titles = via.map((cause) =>
    typeof cause === 'string' ? `through ${cause}` : `${cause.title} (${cause.url})`,
  );
  const fix = fixAvailable ? 'Run "npm audit fix".' : 'There is no fix yet: replace it.';
  return `${[name, range].filter(Boolean).join(' ')}: ${severity}, ${titles.join('; ')}. ${fix}`;
}

function parse(output) {
  const start = output.indexOf('{');
  const end = output.lastIndexOf('}');
  try {
    return JSON.parse(output.slice(start, end + 1));
  } catch {
    return undefined;
  }
}

const firstLine = (text) => text.trim().split('\n')[0];
