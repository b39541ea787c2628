/** Composes outside of the page's own thread, whose timers stand still while it is hidden. */
import type { CompositorCommand } from './compositor-messages.js';
import { FrameComposer } from './frame-composer.js';

let composer: FrameComposer | undefined;

onmessage = ({ data: command }: MessageEvent<CompositorCommand>) => {
  switch (command.type) {
    case 'start':
      composer = new FrameComposer(command.size, command.frameRate, command.writable);
      break;
    case 'source':
      composer?.add(command.id, command.readable);
      break;
    case 'release':
      composer?.remove(command.id);
      break;
    case 'show':
      composer?.show(command.main, command.inset);
      break;
  }
};

postMessage({ type: 'ready' });
