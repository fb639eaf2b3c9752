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
