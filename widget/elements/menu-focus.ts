/** Where the keyboard goes when a menu opens: to the first of it that is shown and can be used. */
export function focusMenu(root: ParentNode): void {
  const controls = [...root.querySelectorAll<HTMLElement>('.menu :is(button, select):enabled')];
  controls.find((control) => control.checkVisibility())?.focus();
}

/** Before a menu closes: the keyboard, where it is in it, goes back to the button that opened it. */
export function leaveMenu(root: ShadowRoot | null): void {
  if (!root?.activeElement?.closest('.menu')) return;
  root.querySelector<HTMLElement>('[aria-expanded="true"]')?.focus();
}

/** Whether the keyboard is nowhere else in the page, as after what had it is gone. */
export function hasKeyboard(host: Element): boolean {
  const root = host.getRootNode();
  const { activeElement } = root instanceof ShadowRoot ? root : document;
  if (activeElement === host) return true;
  // Of a tree in which nothing has it: the page around may.
  if (root instanceof ShadowRoot) return activeElement === null && hasKeyboard(root.host);
  return activeElement === null || activeElement === document.body;
}
