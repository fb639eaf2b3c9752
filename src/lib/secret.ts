import { createHash, timingSafeEqual } from 'node:crypto';
import { inspect } from 'node:util';

/** What every output shows in place of a secret. */
export const mask = '********';

/** A string that prints as a mask wherever it is printed, logged, inspected or put into JSON. */
export class Secret {
  readonly #value: string;

  constructor(value: string) {
    this.#value = value;
  }

  /** The clear text; call it only where it leaves for its one purpose. */
  reveal(): string {
    return this.#value;
  }

  toString(): string {
    return mask;
  }

  toJSON(): string {
    return mask;
  }

  [inspect.custom](): string {
    return mask;
  }
}

/** Whether two texts are equal, in a time that tells neither their length nor where they first differ. */
export function isSameSecret(given: string, expected: string): boolean {
  const [a, b] = [given, expected].map((it) => createHash('sha256').update(it).digest());
  return timingSafeEqual(a as Buffer, b as Buffer);
}
