import { describe, expect, it } from 'vitest';
import { readReport } from '../../../.scripts/audit.mjs';

const hole = (name: string, severity: string, fixAvailable: boolean) => ({
  ...{ name, severity, fixAvailable, range: '<2.0.0' },
  via: [{ title: `A hole in ${name}`, url: `https://example.com/${name}` }, 'another'],
});
const report = (...holes: { name: string }[]): string =>
  JSON.stringify({
    auditReportVersion: 2,
    vulnerabilities: Object.fromEntries(holes.map((each) => [each.name, each])),
    metadata: {},
  });

describe('the audit', () => {
  it('fails for what is serious, naming each', () => {
    const output = report(hole('a', 'high', true), hole('b', 'moderate', true), hole('c', 'critical', false));
    expect(readReport(1, output)).toEqual({
      problems: [
        'a <2.0.0: high, A hole in a (https://example.com/a); through another. Run "npm audit fix".',
        'c <2.0.0: critical, A hole in c (https://example.com/c); through another. There is no fix yet: replace it.',
      ],
    });
  });

  it('passes where nothing is known, or nothing serious', () => {
    expect(readReport(0, report())).toEqual({ problems: [] });
    expect(readReport(1, report(hole('a', 'low', true)))).toEqual({ problems: [] });
    expect(readReport(1, `npm warn something\n${report(hole('a', 'low', true))}\nnpm warn more`)).toEqual({
      problems: [],
    });
  });

  it.each([
    ['{"message":"405 Method Not Allowed - POST https://registry.example/-/npm/v1/security"}', '405 Method'],
    ['{"error":{"code":"ENOTFOUND","summary":"request to registry.example failed"}}', 'request to registry'],
    ['npm error audit endpoint returned an error', 'npm error audit endpoint'],
    ['', 'npm ended with code 1'],
    ['{"half', '{"half'],
  ])('says that nobody could be asked, and why: %s', (output, reason) => {
    const { problems, note } = readReport(1, output);
    expect(problems).toEqual([]);
    expect(note).toContain(`could not be asked for known vulnerabilities: ${reason}`);
  });
});
