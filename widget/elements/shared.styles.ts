import { css } from 'lit';

/**
 * What both elements share: colours from two properties and one accent, one radius, an 8-pixel grid, one
 * scale of sizes, buttons, chips, panels and banners.
 */
export const sharedStyles = css`
  :host {
    --_ink: var(--livedrop-ink, #18181b);
    --_surface: var(--livedrop-surface, #f4f4f5);
    --_accent: var(--livedrop-accent, #e11d2e);
    --_radius: var(--livedrop-radius, 12px);
    --_quiet: color-mix(in srgb, var(--_ink) 72%, var(--_surface));
    --_line: color-mix(in srgb, var(--_ink) 12%, transparent);
    --_fill: color-mix(in srgb, var(--_ink) 8%, transparent);
    /* Black under white text: 0.6 keeps 4.5:1 even over a white picture. */
    --_scrim: rgb(0 0 0 / 0.62);
    --_fade: 150ms;

    display: block;
    position: relative;
    box-sizing: border-box;
    width: 100%;
    aspect-ratio: 16 / 9;
    overflow: hidden;
    border-radius: var(--_radius);
    background: var(--_surface);
    color: var(--_ink);
    font-family: inherit;
    font-size: 0.875rem;
    font-weight: 400;
    line-height: 1.4;
    letter-spacing: normal;
    text-align: start;
    -webkit-tap-highlight-color: transparent;
  }
  @supports (color: light-dark(#000, #fff)) {
    :host {
      --_ink: var(--livedrop-ink, light-dark(#18181b, #f4f4f5));
      --_surface: var(--livedrop-surface, light-dark(#f4f4f5, #1c1c1f));
    }
  }
  :host([hidden]) {
    display: none;
  }
  /* Even where the page rounds the corners. */
  :host(:fullscreen) {
    aspect-ratio: auto;
    border-radius: 0 !important;
  }
  :host(:fullscreen) .box::after {
    content: none;
  }

  *,
  *::before,
  *::after {
    box-sizing: border-box;
  }
  [hidden] {
    display: none !important;
  }
  .box {
    position: absolute;
    inset: 0;
    overflow: hidden;
    border-radius: inherit;
    container: box / size;
    outline: none;
  }
  /* A hairline that a light box needs on a light page, above everything and out of the way. */
  .box::after {
    content: '';
    position: absolute;
    inset: 0;
    border-radius: inherit;
    box-shadow: inset 0 0 0 1px var(--_line);
    pointer-events: none;
  }
  video {
    position: absolute;
    inset: 0;
    display: block;
    width: 100%;
    height: 100%;
    object-fit: contain;
    background: #000;
    opacity: 0;
    transition: opacity var(--_fade);
  }
  video.shown {
    opacity: 1;
  }

  .icon {
    display: block;
    flex: none;
  }
  .spin {
    transform-origin: 12px 12px;
    animation: spin 900ms linear infinite;
  }
  @keyframes spin {
    to {
      transform: rotate(1turn);
    }
  }

  button,
  select,
  input {
    font: inherit;
    color: inherit;
    margin: 0;
  }
  button {
    display: inline-flex;
    align-items: center;
    justify-content: center;
    gap: 8px;
    min-width: 44px;
    height: 44px;
    padding: 0 12px;
    border: 0;
    border-radius: var(--_radius);
    background: none;
    white-space: nowrap;
    cursor: pointer;
    touch-action: manipulation;
    transition:
      background-color var(--_fade),
      color var(--_fade),
      opacity var(--_fade);
  }
  button:disabled {
    cursor: default;
    opacity: 0.5;
  }
  button:focus-visible,
  select:focus-visible,
  input:focus-visible,
  .box:focus-visible::after {
    outline: 2px solid currentColor;
    outline-offset: -2px;
    box-shadow: inset 0 0 0 3px rgb(0 0 0 / 0.4);
  }
  /* It still says what is going on. */
  .primary:disabled {
    opacity: 0.72;
  }
  .primary {
    padding: 0 20px;
    background: var(--_ink);
    color: var(--_surface);
    font-weight: 600;
  }
  .primary:focus-visible,
  .secondary:focus-visible {
    outline-color: var(--_ink);
    outline-offset: 2px;
    box-shadow: none;
  }
  .secondary {
    padding: 0 16px;
    background: var(--_fill);
    font-weight: 500;
  }
  @media (hover: hover) {
    .primary:hover:not(:disabled) {
      background: color-mix(in srgb, var(--_ink) 86%, var(--_surface));
    }
    .secondary:hover:not(:disabled) {
      background: color-mix(in srgb, var(--_ink) 14%, transparent);
    }
  }

  .chip {
    display: inline-flex;
    align-items: center;
    gap: 6px;
    height: 24px;
    padding: 0 10px;
    border-radius: min(var(--_radius), 12px);
    background: var(--_scrim);
    color: #fff;
    font-size: 0.75rem;
    font-weight: 500;
    line-height: 1;
    white-space: nowrap;
    font-variant-numeric: tabular-nums;
  }
  .chip .icon {
    width: 14px;
    height: 14px;
  }
  .badge {
    font-weight: 700;
    letter-spacing: 0.04em;
  }
  .badge.on {
    background: var(--_accent);
  }

  .panel {
    position: absolute;
    inset: 0;
    display: flex;
    flex-direction: column;
    align-items: center;
    justify-content: safe center;
    gap: 8px;
    padding: 16px;
    overflow: auto;
    text-align: center;
    text-wrap: balance;
    opacity: 0;
    visibility: hidden;
    transition:
      opacity var(--_fade),
      visibility var(--_fade);
  }
  .panel.shown {
    opacity: 1;
    visibility: visible;
  }
  .panel .emblem .icon {
    width: 24px;
    height: 24px;
  }
  .emblem {
    display: grid;
    place-items: center;
    width: 56px;
    height: 56px;
    margin-bottom: 8px;
    border-radius: 50%;
    background: var(--_fill);
  }
  .title {
    margin: 0;
    font-size: 1rem;
    font-weight: 600;
    line-height: 1.3;
    overflow-wrap: anywhere;
  }
  .text {
    margin: 0;
    max-width: 40ch;
    color: var(--_quiet);
    overflow-wrap: anywhere;
  }
  .actions {
    display: flex;
    flex-wrap: wrap;
    justify-content: center;
    gap: 8px;
    margin-top: 8px;
  }
  @container box (height >= 400px) {
    .title {
      font-size: 1.25rem;
    }
    .emblem {
      width: 64px;
      height: 64px;
    }
  }
  @container box (height < 280px) {
    .emblem {
      display: none;
    }
  }
  @container box (height < 240px) {
    .panel {
      gap: 4px;
      padding: 8px 12px;
    }
  }
  @container box (height < 160px) {
    .panel {
      gap: 4px;
      padding: 8px;
    }
    .title {
      font-size: 0.875rem;
    }
    .text {
      font-size: 0.75rem;
    }
  }

  /* Over the picture, and not in the way of a press on it. */
  .banner-area {
    position: absolute;
    display: flex;
    flex-direction: column;
    align-items: center;
    gap: 8px;
    pointer-events: none;
  }
  .banner {
    display: flex;
    align-items: center;
    gap: 12px;
    max-width: 640px;
    min-height: 44px;
    padding: 8px 16px;
    border-radius: var(--_radius);
    background: rgb(0 0 0 / 0.72);
    color: #fff;
    text-wrap: balance;
  }
  .banner p {
    margin: 0;
  }
  .banner b {
    font-weight: 600;
  }
  @container box (width < 480px) {
    .banner {
      gap: 8px;
      padding: 8px 12px;
      font-size: 0.75rem;
    }
  }

  .menu {
    position: absolute;
    z-index: 2;
    bottom: 64px;
    max-height: calc(100cqh - 72px);
    max-width: calc(100cqw - 16px);
    overflow: auto;
    overscroll-behavior: contain;
    padding: 8px;
    border-radius: var(--_radius);
    background: color-mix(in srgb, var(--_ink) 3%, var(--_surface));
    color: var(--_ink);
    box-shadow:
      0 0 0 1px var(--_line),
      0 8px 32px rgb(0 0 0 / 0.24);
  }
  .menu button {
    width: 100%;
    justify-content: start;
    gap: 12px;
  }
  .menu .row {
    display: flex;
    align-items: center;
    gap: 12px;
    height: 44px;
    padding: 0 12px;
  }
  /* A row that is cut says that there is more. */
  @container box (height < 240px) {
    .menu {
      bottom: 56px;
      max-height: calc(100cqh - 60px);
    }
  }
  @media (hover: hover) {
    .menu button:hover {
      background: var(--_fill);
    }
  }

  @container box (height < 160px) {
    .menu {
      padding: 4px;
    }
  }

  .sr-only {
    position: absolute;
    width: 1px;
    height: 1px;
    overflow: hidden;
    clip-path: inset(50%);
    white-space: nowrap;
  }

  @media (prefers-reduced-motion: reduce) {
    :host {
      --_fade: 0s;
    }
    .spin {
      animation-duration: 4s;
    }
  }
`;
