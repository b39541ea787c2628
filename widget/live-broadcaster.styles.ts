import { css } from 'lit';

/** Layout of the broadcaster; what it shares with the player is in `elements/shared.styles.ts`. */
export const broadcasterStyles = css`
  .box {
    --_tool: var(--_fill);
    --_tool-ink: var(--_ink);
    --_mark: var(--_ink);
    --_mark-ink: var(--_surface);
  }
  .box.picture {
    --_tool: var(--_scrim);
    --_tool-ink: #fff;
    --_mark: #fff;
    --_mark-ink: #18181b;
  }
  video.mirrored {
    transform: scaleX(-1);
  }

  .top {
    position: absolute;
    inset: 8px 8px auto;
    display: flex;
    align-items: center;
    gap: 8px;
    height: 24px;
  }
  .top .end {
    margin-inline-start: auto;
  }
  .box:not(.picture) .chip:not(.on) {
    background: var(--_fill);
    color: var(--_ink);
  }
  /* The panel and the bar share the box: what is centred is centred above the bar. */
  .panel {
    inset: 0 0 60px;
  }

  .bar {
    position: absolute;
    inset: auto 0 0;
    display: flex;
    align-items: center;
    justify-content: space-between;
    gap: 8px;
    padding: 8px;
  }
  .tools {
    display: flex;
    gap: 8px;
  }
  .tool {
    width: 44px;
    padding: 0;
    background: var(--_tool);
    color: var(--_tool-ink);
  }
  .tool.marked {
    background: var(--_mark);
    color: var(--_mark-ink);
  }
  .picture .bar .primary {
    background: #fff;
    color: #18181b;
  }
  /* White on a white picture still has an edge. */
  .picture .bar .primary,
  .picture .tool.marked {
    box-shadow:
      0 0 0 1px rgb(0 0 0 / 0.24),
      0 2px 12px rgb(0 0 0 / 0.24);
  }
  .picture .bar .primary:focus-visible,
  .picture .bar .secondary:focus-visible {
    outline-color: #fff;
  }
  @media (hover: hover) {
    .tool:hover:not(:disabled, .marked) {
      background: color-mix(in srgb, var(--_tool-ink) 16%, var(--_tool));
    }
    .picture .bar .primary:hover:not(:disabled) {
      background: #e4e4e7;
    }
  }

  .confirm {
    flex: 1;
    display: flex;
    flex-wrap: wrap;
    align-items: center;
    justify-content: end;
    gap: 8px;
    margin: -4px;
    padding: 4px;
    border-radius: var(--_radius);
  }
  .picture .confirm {
    color: #fff;
  }
  .question {
    flex: 1;
    padding: 0 12px;
    font-weight: 600;
  }
  /* So dark that a lighter button on it has 4.5:1. */
  .picture .confirm {
    background: rgb(0 0 0 / 0.76);
  }
  .picture .confirm .secondary {
    background: rgb(255 255 255 / 0.2);
  }

  .banner-area {
    inset: 40px 8px auto;
  }
  .banner {
    overflow-wrap: anywhere;
    pointer-events: auto;
    font-variant-numeric: tabular-nums;
  }
  .box:not(.picture) .banner {
    background: color-mix(in srgb, var(--_ink) 8%, var(--_surface));
    color: var(--_ink);
  }
  .banner p {
    flex: 1;
    min-width: 0;
    max-height: calc(100cqh - 116px);
    overflow: auto;
  }
  .banner button {
    margin: -8px -16px -8px -8px;
  }

  .settings {
    inset-inline-start: 8px;
    width: 360px;
  }
  .picker {
    display: grid;
    grid-template-columns: 88px minmax(0, 1fr);
    align-items: center;
    padding-inline-start: 12px;
  }
  .picker + .picker {
    margin-top: 8px;
  }
  .picker span {
    color: var(--_quiet);
    font-weight: 500;
  }
  .picker select {
    width: 100%;
    height: 44px;
    padding: 0 12px;
    border: 1px solid var(--_line);
    border-radius: calc(var(--_radius) - 4px);
    background: var(--_surface);
    text-overflow: ellipsis;
  }
  .cramped {
    display: none;
  }

  @container box (width < 360px) {
    .tools {
      gap: 4px;
    }
    .tools ~ .primary {
      padding: 0 12px;
    }
  }
  @container box (width < 320px) {
    .roomy {
      display: none;
    }
    .cramped {
      display: block;
    }
    .picker {
      grid-template-columns: minmax(0, 1fr);
    }
    .long ~ .elapsed {
      display: none;
    }
  }
  @container box (width < 480px) {
    .question {
      flex-basis: 100%;
      padding: 4px 8px 0;
    }
  }
  /* The buttons below say what to do next: words have the room. */
  @container box (height < 240px) {
    .intro .text,
    .failed .actions {
      display: none;
    }
    .panel.off,
    .panel.asking {
      inset-block-start: 24px;
    }
  }
  @container box (height < 160px) {
    .failed {
      gap: 0;
      padding: 4px 8px;
    }
    .failed .title {
      font-size: 0.75rem;
    }
    .intro .title,
    .asking .text,
    .question {
      display: none;
    }
    .panel .actions {
      margin: 0;
    }
    .confirm button {
      flex: 1;
      padding: 0 8px;
    }
  }
  /* So that what happened is there to its last line: what to do about it is said where there is room. */
  @container box (height < 160px) or ((width < 320px) and (height < 200px)) {
    .banner span,
    .banner > .icon {
      display: none;
    }
    .banner-area {
      inset-block-start: 36px;
    }
    .banner {
      min-height: 0;
      padding: 4px 8px;
      line-height: 1.3;
    }
    /* Nearer to the buttons: two lines, of the smallest box. */
    .banner p {
      max-height: calc(100cqh - 100px);
    }
    /* What is to be read and closed has the room of the line above. */
    .banner-area:has(button) {
      inset: 4px 4px auto;
    }
    .banner-area:has(button) p {
      max-height: calc(100cqh - 68px);
    }
    .picture .banner:has(button) {
      background: #18181b;
    }
    .banner button {
      margin: -8px;
    }
  }
`;
