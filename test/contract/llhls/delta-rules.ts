import { ruleName, violations } from '../llhls-rules.js';
import type { RecordedDelta } from './stream-recorder.js';

export interface DeltaRule {
  section: string;
  rule: string;
  /** What is wrong, nothing where all is well. */
  check(delta: RecordedDelta): string[];
}

/** Both were written at one time: their ends are the same, and what they say of other renditions. */
export const isOfOneTime = ({ delta, whole }: RecordedDelta): boolean =>
  delta.hint === whole.hint &&
  delta.ended === whole.ended &&
  JSON.stringify(delta.reports) === JSON.stringify(whole.reports);

const when = (isBroken: boolean, detail: () => string): string[] => (isBroken ? [detail()] : []);

/** Every rule on what a client that asks for `_HLS_skip` is told. */
export const deltaRules: DeltaRule[] = [
  {
    ...{
      section: '§6.2.5.1',
      rule: 'a delta keeps the rules of a playlist, after the one that its client knows',
    },
    check: ({ known, delta }) => violations(delta.text, known.text),
  },
  {
    ...{ section: '§6.2.5.1', rule: 'a delta leaves out only segments that its client knows' },
    check: ({ known, delta }) => {
      const first = delta.mediaSequence;
      const told = known.segments.filter(
        ({ msn, uri }) => uri && msn >= first && msn < first + delta.skipped,
      );
      return when(told.length !== delta.skipped, () => `${delta.skipped} left out, ${told.length} known`);
    },
  },
  {
    ...{ section: '§4.4.5.2', rule: 'what a delta does not leave out is the whole playlist, word by word' },
    check: (pair) => {
      const { delta, whole } = pair;
      if (!isOfOneTime(pair)) return [];
      const at = delta.lines.findIndex((line) => line.startsWith('#EXT-X-SKIP:'));
      const rest = delta.lines.slice(at + 1);
      const head = at === -1 ? [] : delta.lines.slice(0, at);
      const isSame =
        whole.lines.slice(0, head.length).join() === head.join() &&
        (at === -1 ? whole.lines : whole.lines.slice(-rest.length)).join() === rest.join() &&
        delta.skipped + delta.segments.length === whole.segments.length;
      return when(!isSame, () => `segments from ${delta.mediaSequence} on, ${delta.skipped} left out`);
    },
  },
];

/** Every rule that a delta of a stream breaks, in words. */
export const deltaViolations = (deltas: readonly RecordedDelta[], rule: DeltaRule): string[] =>
  deltas.flatMap((delta, index) =>
    rule.check(delta).map((detail) => `delta ${index}: ${ruleName(rule)}: ${detail}`),
  );
