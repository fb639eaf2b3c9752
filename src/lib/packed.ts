import { onDemand } from './on-demand.ts';

const zlib = onDemand<typeof import('node:zlib')>('node:zlib');

/** As fast as it gets; texts that say almost the same become a quarter even so. */
const level = 1;

let latest: { readonly of: PackedTexts; readonly texts: readonly string[] } | undefined;

/**
 * Texts without a line break, packed together: for so many that all of them fill the memory, while few
 * are looked at at a time. Whoever asks for one mostly asks for its neighbours next, so the texts that
 * were unpacked last are remembered.
 */
export class PackedTexts {
  readonly #bytes: Uint8Array;

  constructor(texts: readonly string[]) {
    // A copy: what zlib gives is a piece of something larger.
    this.#bytes = new Uint8Array(zlib().deflateRawSync(texts.join('\n'), { level }));
  }

  at(index: number): string {
    if (latest?.of !== this) {
      const texts = zlib().inflateRawSync(this.#bytes).toString('utf8').split('\n');
      latest = { of: this, texts };
    }
    return latest.texts[index] as string;
  }
}
