import { expect } from 'chai';

const PAGES = ['index', 'broadcast', 'watch', 'both', 'own-element'];

/** A page of the demo in a frame of some width, without its scripts. */
async function open(name: string, width: number): Promise<HTMLIFrameElement> {
  const frame = document.createElement('iframe');
  frame.sandbox.add('allow-same-origin');
  Object.assign(frame.style, { width: `${width}px`, height: '800px', border: '0' });
  frame.src = `/demo/${name}.html`;
  const loaded = new Promise((resolve) => frame.addEventListener('load', resolve));
  document.body.append(frame);
  await loaded;
  return frame;
}

describe('the demo', () => {
  afterEach(() => document.body.replaceChildren());

  for (const name of PAGES) {
    it(`has the choice of a stream in line with what ${name}.html shows, in every width`, async () => {
      const frame = await open(name, 1440);
      for (const width of [1440, 1024, 320]) {
        frame.style.width = `${width}px`;
        const { document: page } = frame.contentWindow!;
        const lead = page.querySelector('main h1')!.getBoundingClientRect();
        const form = page.querySelector('footer .stream')!.getBoundingClientRect();
        expect(form.left, `${width}`).to.equal(lead.left);
        expect(page.documentElement.scrollWidth, `nothing beside the page of ${width}`).to.equal(width);
      }
    });
  }
});
