/**
 * Shares registrations: libvirt takes only one for the same events of the same domain on a connection, while here
 * any number of listeners may want them.
 *
 *     listeners -- topic -- one registration with the daemon
 *
 * The first listener of a topic registers it, the last one to leave deregisters it. libvirtd works on the calls of
 * a connection in parallel, so a topic that is being given up is registered anew only after that is done.
 */
import type { LibvirtEvent } from './events.ts';

/** An interest in events. `cancel` ends it: here at once, at the daemon by the time its promise has resolved. */
export interface Subscription {
  cancel(): Promise<void>;
}

/** How a topic is registered with the daemon: calls `listener` with each event, resolves with how to end it. */
export type Register = (listener: (event: LibvirtEvent) => void) => Promise<() => Promise<void>>;

type Listener = (event: LibvirtEvent) => void;

interface Topic {
  /** Each in an object of its own, as a function may be given twice. */
  readonly listeners: Set<{ readonly listener: Listener }>;
  readonly registered: Promise<() => Promise<void>>;
  ending: Promise<void> | undefined;
}

export class Subscriptions {
  private readonly topics = new Map<string, Topic>();

  /** Adds a listener to the topic that `key` names. */
  async add(key: string, register: Register, listener: Listener): Promise<Subscription> {
    let topic = this.topics.get(key);
    while (topic?.ending !== undefined) {
      await topic.ending.catch(() => undefined);
      topic = this.topics.get(key);
    }
    const joined = topic ?? this.open(key, register);
    const entry = { listener };
    joined.listeners.add(entry);
    try {
      await joined.registered;
    } catch (error) {
      if (this.topics.get(key) === joined) this.topics.delete(key);
      throw error;
    }
    return { cancel: () => this.leave(key, joined, entry) };
  }

  private open(key: string, register: Register): Topic {
    const listeners: Topic['listeners'] = new Set();
    const registered = register((event) => {
      for (const { listener } of [...listeners]) deliver(listener, event);
    });
    const topic: Topic = { listeners, registered, ending: undefined };
    this.topics.set(key, topic);
    return topic;
  }

  private async leave(key: string, topic: Topic, entry: { readonly listener: Listener }): Promise<void> {
    if (!topic.listeners.delete(entry) || topic.listeners.size > 0) return;
    const end = await topic.registered;
    // Somebody may have joined meanwhile.
    if (topic.listeners.size > 0 || topic.ending !== undefined) return;
    topic.ending = end().finally(() => this.topics.delete(key));
    await topic.ending;
  }
}

/** A listener that throws is a bug of its owner's: it must surface, but not keep others from their events. */
export function deliver<T>(listener: (value: T) => void, value: T): void {
  try {
    listener(value);
  } catch (error) {
    queueMicrotask(() => {
      throw error;
    });
  }
}
