import type { ReactiveController, ReactiveControllerHost } from 'lit';

/** An element, as far as a controller sees it. */
export class Host implements ReactiveControllerHost {
  readonly updateComplete = Promise.resolve(true);
  readonly #controllers = new Set<ReactiveController>();

  addController(controller: ReactiveController): void {
    this.#controllers.add(controller);
  }

  removeController(controller: ReactiveController): void {
    this.#controllers.delete(controller);
  }

  requestUpdate(): void {
    queueMicrotask(() => {
      for (const controller of this.#controllers) controller.hostUpdated?.();
    });
  }

  connect(): void {
    for (const controller of this.#controllers) controller.hostConnected?.();
  }

  disconnect(): void {
    for (const controller of this.#controllers) controller.hostDisconnected?.();
  }
}

/** Resolves at the first event of a type after which the test holds, or at once where it holds already. */
export async function until(target: EventTarget, type: string, test: () => boolean): Promise<void> {
  if (test()) return;
  await new Promise<void>((resolve) => {
    const listener = (): void => {
      if (!test()) return;
      target.removeEventListener(type, listener);
      resolve();
    };
    target.addEventListener(type, listener);
  });
}
