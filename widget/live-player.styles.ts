import { css } from 'lit';

/** Layout of the player; what it shares with the broadcaster is in `elements/shared.styles.ts`. */
export const playerStyles = css`
  .box.picture,
  .box.poster {
    background: #000;
  }
  .box.picture:not(:focus-visible)::after {
    content: none;
  }
  .box.quiet {
    cursor: none;
  }
  .poster-image {
    position: absolute;
    inset: 0;
    width: 100%;
    height: 100%;
    object-fit: cover;
    opacity: 0;
    transition: opacity var(--_fade);
    pointer-events: none;
  }
  .poster-image.shown {
    opacity: 1;
  }

  /* Words on a poster get the same scrim as controls on a picture. */
  .poster .panel.shown {
    background: var(--_scrim);
    color: #fff;
  }
  .poster .panel .text {
    color: rgb(255 255 255 / 0.86);
  }
  .poster .panel .emblem {
    background: rgb(255 255 255 / 0.2);
  }
  .panel {
    background: var(--_surface);
  }
  .poster .panel:not(.shown) {
    background: none;
  }
  .skeleton {
    position: absolute;
    inset: 0;
    display: grid;
    place-items: center;
    color: var(--_quiet);
    opacity: 0;
    transition: opacity var(--_fade);
    pointer-events: none;
  }
  .skeleton.shown {
    opacity: 1;
  }
  .poster .skeleton {
    color: #fff;
  }
  .skeleton .icon,
  .busy .icon {
    width: 32px;
    height: 32px;
    stroke-width: 1.5;
  }
  /* Seen on any picture. */
  .poster .skeleton .icon,
  .busy .icon {
    box-sizing: content-box;
    padding: 12px;
    border-radius: 50%;
    background: var(--_scrim);
  }
  .breathing {
    animation: breathe 2.4s ease-in-out infinite alternate;
  }
  @keyframes breathe {
    to {
      background: color-mix(in srgb, var(--_ink) 3%, transparent);
    }
  }
  .busy {
    position: absolute;
    inset: 0;
    display: grid;
    place-items: center;
    color: #fff;
    pointer-events: none;
    /* A short wait is no news. */
    animation: appear var(--_fade) 500ms both;
  }
  @keyframes appear {
    from {
      opacity: 0;
    }
  }

  .big {
    position: absolute;
    inset: 0;
    width: 72px;
    height: 72px;
    margin: auto;
    padding: 0;
    border-radius: 50%;
    background: var(--_scrim);
    color: #fff;
  }
  .big .icon {
    width: 32px;
    height: 32px;
    margin-inline-start: 4px;
  }
  .big:focus-visible,
  .unmute:focus-visible {
    outline: 2px solid #fff;
    outline-offset: 2px;
  }

  .chrome {
    opacity: 0;
    transition: opacity var(--_fade);
  }
  .chrome:not(.shown) .bar {
    pointer-events: none;
  }
  .chrome.shown {
    opacity: 1;
  }
  .bar {
    position: absolute;
    inset: auto 0 0;
    display: flex;
    align-items: center;
    gap: 4px;
    padding: 8px;
    color: #fff;
    isolation: isolate;
  }
  /* Dark enough for 4.5:1 over white for all of the buttons' height, and gone above. */
  .bar::before {
    content: '';
    position: absolute;
    inset: -40px 0 0;
    z-index: -1;
    background: linear-gradient(
      to top,
      rgb(0 0 0 / 0.76),
      rgb(0 0 0 / 0.66) 36px,
      rgb(0 0 0 / 0.56) 56px,
      rgb(0 0 0 / 0.24) 80px,
      transparent
    );
    pointer-events: none;
  }
  .box:not(.picture, .poster) .bar {
    color: var(--_ink);
  }
  .box:not(.picture) .bar::before {
    content: none;
  }
  :host(:not(:fullscreen)) .poster .bar {
    display: none;
  }
  .bar > button,
  .sound > button {
    width: 44px;
    padding: 0;
    border-radius: var(--_radius);
  }
  @media (hover: hover) {
    .bar button:hover {
      background: rgb(255 255 255 / 0.16);
    }
    .bar button.edge:hover {
      background: none;
    }
  }
  .bar > * {
    flex: none;
  }
  .bar > .space {
    flex: 1;
  }
  .bar > .edge {
    width: auto;
    padding: 0 4px;
  }
  .edge .chip:not(.on) {
    background: none;
    box-shadow: inset 0 0 0 1px rgb(255 255 255 / 0.6);
  }
  .edge .chip::before {
    content: '';
    width: 6px;
    height: 6px;
    border-radius: 50%;
    background: currentColor;
  }
  .latency {
    padding-inline: 4px;
    font-size: 0.75rem;
    font-variant-numeric: tabular-nums;
    white-space: nowrap;
  }
  .bar .viewers {
    background: none;
    padding: 0 4px;
  }

  .sound {
    display: flex;
    align-items: center;
  }
  /* A finger has the device's own volume buttons. */
  .volume {
    display: none;
  }
  @media (hover: hover) and (pointer: fine) {
    .volume {
      display: block;
      appearance: none;
      width: 0;
      height: 44px;
      background: none;
      opacity: 0;
      cursor: pointer;
      transition:
        width var(--_fade),
        margin var(--_fade),
        opacity var(--_fade);
    }
    .sound:hover .volume,
    .volume:focus-visible {
      width: 72px;
      margin-inline: 4px 8px;
      opacity: 1;
    }
    .volume::-webkit-slider-runnable-track {
      height: 4px;
      border-radius: 2px;
      background: rgb(255 255 255 / 0.4);
    }
    .volume::-moz-range-track {
      height: 4px;
      border-radius: 2px;
      background: rgb(255 255 255 / 0.4);
    }
    .volume::-moz-range-progress {
      height: 4px;
      border-radius: 2px;
      background: #fff;
    }
    .volume::-webkit-slider-thumb {
      appearance: none;
      width: 16px;
      height: 16px;
      margin-top: -6px;
      border-radius: 50%;
      background: #fff;
    }
    .volume::-moz-range-thumb {
      width: 16px;
      height: 16px;
      border: 0;
      border-radius: 50%;
      background: #fff;
    }
  }

  .banner-area {
    inset: 8px 8px auto;
  }
  .unmute {
    padding: 0 20px 0 16px;
    background: #fff;
    color: #18181b;
    font-weight: 600;
    pointer-events: auto;
    box-shadow: 0 4px 16px rgb(0 0 0 / 0.24);
  }

  .menu {
    inset-inline-end: 8px;
    min-width: min(220px, 100cqw - 16px);
  }
  .cramped {
    display: none;
  }
  @container box (width < 400px) {
    .bar {
      gap: 0;
      padding: 8px 4px;
    }
  }
  @container box (width < 356px) {
    .bar {
      padding: 4px;
    }
    .bar .roomy {
      display: none;
    }
    .bar .cramped {
      display: inline-flex;
    }
  }
  @container box (width < 300px) {
    .bar .latency,
    .edge .chip::before {
      display: none;
    }
    .bar > .edge {
      padding: 0;
    }
  }
  @container box (width >= 356px) {
    .menu {
      display: none;
    }
  }
  @container box (height < 240px) {
    :host(:not(:fullscreen)) .box:not(.picture) .bar {
      display: none;
    }
  }
  @container box (height < 200px) {
    .banner span {
      display: none;
    }
    .big {
      width: 56px;
      height: 56px;
    }
  }

  @media (prefers-reduced-motion: reduce) {
    .breathing {
      animation: none;
    }
  }
`;
