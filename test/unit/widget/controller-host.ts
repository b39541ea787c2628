import type { ReactiveController } from 'lit';

/** An element, as far as a controller sees it. */
export class ControllerHost {
  updates = 0;
  readonly updateComplete = Promise.resolve(true);
  controllers: ReactiveController[] = [];

  addController(controller: ReactiveController): void {
    this.controllers.push(controller);
  }

  removeController(): void {}

  requestUpdate(): void {
    this.updates += 1;
  }

  connect(): void {
    for (const controller of this.controllers) controller.hostConnected?.();
  }

  disconnect(): void {
    for (const controller of this.controllers) controller.hostDisconnected?.();
  }
}
