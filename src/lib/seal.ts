import { createCipheriv, createDecipheriv, createHmac, hkdfSync, randomBytes } from 'node:crypto';
import { PlumblineError } from './errors.ts';
import { Secret } from './secret.ts';

const version = 'v1';
const cipher = 'aes-256-gcm';
const keyBytes = 32;
const nonceBytes = 12;
const tagBytes = 16;

/**
 * Seals texts with AES-256-GCM, and hashes them with HMAC-SHA256 so that they can be compared without
 * being known. Both are bound to a context, the identity of what the text belongs to: the same text
 * elsewhere has another hash, and a sealed text that was moved elsewhere does not open. Encryption
 * and hash have keys of their own, both derived from the one that is given.
 */
export class SealingKey {
  /** Tells keys apart and says nothing about them; 16 hex digits. */
  readonly id: string;
  readonly #seal: Uint8Array;
  readonly #hash: Uint8Array;

  /** Throws a TypeError unless the key has 32 bytes. */
  constructor(key: Uint8Array) {
    if (key.length !== keyBytes) throw new TypeError(`a sealing key has ${keyBytes} bytes`);
    const derived = (purpose: string, length: number) =>
      new Uint8Array(hkdfSync('sha256', key, '', `plumbline/${purpose}/${version}`, length));
    this.id = Buffer.from(derived('id', 8)).toString('hex');
    this.#seal = derived('seal', keyBytes);
    this.#hash = derived('hash', keyBytes);
  }

  /** A key that nobody else has. */
  static random(): SealingKey {
    return new SealingKey(randomBytes(keyBytes));
  }

  /** `hmac-sha256:`, the id of the key, and 64 hex digits. */
  hash(value: Secret, context: string): string {
    const mac = createHmac('sha256', this.#hash).update(`${context}\0${value.reveal()}`);
    return `hmac-sha256:${this.id}:${mac.digest('hex')}`;
  }

  /** An envelope `v1.KEY-ID.NONCE.CIPHERTEXT`; the same value never has the same one twice. */
  seal(value: Secret, context: string): string {
    const nonce = randomBytes(nonceBytes);
    const sealing = createCipheriv(cipher, this.#seal, nonce, { authTagLength: tagBytes });
    sealing.setAAD(Buffer.from(context));
    const text = [sealing.update(value.reveal(), 'utf8'), sealing.final(), sealing.getAuthTag()];
    return [version, this.id, base64(nonce), base64(Buffer.concat(text))].join('.');
  }

  /** Throws SECRET_KEY for an envelope of another key or place, and for a damaged one. */
  open(envelope: string, context: string): Secret {
    const [of, id, nonce = '', sealed = ''] = envelope.split('.');
    if (of !== version || id !== this.id)
      throw new PlumblineError('SECRET_KEY', 'the value was sealed with another key', {
        hint: 'give the key that it was sealed with as PLUMBLINE_SECRET_KEY',
      });
    const bytes = Buffer.from(sealed, 'base64url');
    try {
      const options = { authTagLength: tagBytes };
      const opening = createDecipheriv(
        cipher,
        this.#seal,
        Buffer.from(nonce, 'base64url'),
        options,
      );
      opening.setAAD(Buffer.from(context));
      opening.setAuthTag(bytes.subarray(bytes.length - tagBytes));
      const text = [opening.update(bytes.subarray(0, bytes.length - tagBytes)), opening.final()];
      return new Secret(Buffer.concat(text).toString('utf8'));
    } catch (cause) {
      throw new PlumblineError('SECRET_KEY', 'the sealed value is damaged or belongs elsewhere', {
        hint: 'give the secret its value again',
        cause,
      });
    }
  }
}

/** The id of the key that a hash was made with. */
export function keyIdOf(hash: string): string | undefined {
  return /^hmac-sha256:([0-9a-f]{16}):[0-9a-f]{64}$/.exec(hash)?.[1];
}

/** A key as people write it: 32 bytes in base64 or hex. Undefined for anything else. */
export function parseSealingKey(text: string): SealingKey | undefined {
  const trimmed = text.trim();
  if (/^[0-9a-f]{64}$/i.test(trimmed)) return new SealingKey(Buffer.from(trimmed, 'hex'));
  if (!/^[A-Za-z0-9+/_-]{43}=?$/.test(trimmed)) return undefined;
  const bytes = Buffer.from(trimmed, 'base64');
  return bytes.length === keyBytes ? new SealingKey(bytes) : undefined;
}

/** A new key as it is written to a file. */
export function newSealingKeyText(): string {
  return randomBytes(keyBytes).toString('base64');
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64url');
}
