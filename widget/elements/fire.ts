/**
 * Dispatches an element's event: it bubbles and leaves shadow roots, so that a page may listen on any ancestor.
 */
export function fire<Detail>(element: HTMLElement, type: string, detail?: Detail): void {
  element.dispatchEvent(new CustomEvent(type, { detail, bubbles: true, composed: true }));
}
