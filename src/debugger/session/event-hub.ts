import type { SessionEvent } from '../types';

/** Passes events on to listeners. What happens before the first one listens is kept for it. */
export class EventHub {
  private readonly listeners: ((event: SessionEvent) => void)[] = [];
  private waiting: SessionEvent[] = [];

  readonly emit = (event: SessionEvent): void => {
    if (this.listeners.length === 0) this.waiting.push(event);
    for (const listener of this.listeners) listener(event);
  };

  add(listener: (event: SessionEvent) => void): void {
    this.listeners.push(listener);
    const { waiting } = this;
    this.waiting = [];
    for (const event of waiting) listener(event);
  }

  clear(): void {
    this.listeners.length = 0;
    this.waiting = [];
  }
}
