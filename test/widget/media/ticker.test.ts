import { assert } from 'chai';
import { Ticker } from '../../../widget/media/ticker.js';

const RealWorker = Worker;

describe('Ticker', () => {
  let ticker: Ticker | undefined;

  afterEach(() => {
    ticker?.stop();
    globalThis.Worker = RealWorker;
  });

  /** Resolves with the ms between the ticks. */
  function ticks(count: number, rate: number): Promise<number[]> {
    const times: number[] = [];
    return new Promise((resolve) => {
      ticker = new Ticker(rate, () => {
        times.push(performance.now());
        if (times.length === count + 1) resolve(times.slice(1).map((time, index) => time - times[index]!));
      });
    });
  }

  const mean = (values: number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;

  it('ticks at its rate', async () => {
    const gaps = await ticks(30, 30);
    // A busy machine is late now and then, but never early.
    assert.isAbove(mean(gaps), 25);
    assert.isBelow(mean(gaps), 200);
  });

  it('stops', async () => {
    let count = 0;
    await new Promise<void>((resolve) => {
      ticker = new Ticker(50, () => {
        count += 1;
        resolve();
      });
    });
    ticker!.stop();
    const before = count;
    await new Promise((resolve) => setTimeout(resolve, 100));
    assert.equal(count, before);
  });

  it('does with a worker from a Blob where the script is of another origin', async () => {
    const made: string[] = [];
    globalThis.Worker = class extends RealWorker {
      constructor(url: string | URL, options?: WorkerOptions) {
        made.push(String(url).split(':')[0]!);
        if (made.length === 1) throw new DOMException('another origin', 'SecurityError');
        super(url, options);
      }
    };
    await ticks(5, 30);
    assert.deepEqual(made, ['http', 'blob']);
  });

  it('does with a worker from a Blob where the file is missing', async () => {
    const made: string[] = [];
    globalThis.Worker = class extends RealWorker {
      constructor(url: string | URL, options?: WorkerOptions) {
        made.push(String(url).split(':')[0]!);
        super(made.length === 1 ? '/there-is-no-such.js' : url, options);
      }
    };
    await ticks(5, 30);
    assert.deepEqual(made, ['http', 'blob']);
  });

  it('does with a timer where no worker is allowed', async () => {
    globalThis.Worker = class {
      constructor() {
        throw new DOMException('worker-src', 'SecurityError');
      }
    } as unknown as typeof Worker;
    const gaps = await ticks(5, 30);
    assert.isAbove(mean(gaps), 25);
    assert.isBelow(mean(gaps), 200);
  });
});
