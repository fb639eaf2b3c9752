import type { LogFormat, LogLevel } from '../lib/log.ts';
import type { SealingKey } from '../lib/seal.ts';
import type { Secret } from '../lib/secret.ts';
import type { SourceText } from './schema.ts';

/** The configuration as the rest of the program sees it: defaults filled in, paths absolute, secrets read. */
export interface Config {
  /** `sqlite:` and an absolute path, or `sqlite::memory:`. */
  readonly database: string;
  readonly account: string;
  readonly sources: readonly SourceConfig[];
  readonly http: {
    readonly listen: { readonly host: string; readonly port: number };
    readonly token?: Secret;
  };
  readonly secrets: {
    /** Without it no file is a source of secret values. */
    readonly directory?: string;
    /** Without it the key is in a file beside the database. */
    readonly key?: SealingKey;
  };
  readonly journal: {
    /** Milliseconds that entries are kept; 0 for ever. */
    readonly keep: number;
  };
  readonly trash: {
    /** Milliseconds that a deleted record is kept. */
    readonly keep: number;
  };
  /** What the status of clients is made of; see `Platform`. */
  readonly platform: {
    readonly scheme: 'http' | 'https';
    readonly domain?: string;
    readonly apiDomain?: string;
    readonly accountNumber?: string;
    readonly username: string;
  };
  readonly endpoint:
    | { readonly driver: 'record' }
    | {
        readonly driver: 'webhook';
        readonly url: string;
        readonly key: Secret;
        /** Milliseconds, like the others. */
        readonly timeout: number;
        readonly patience: number;
        readonly undeployTimeout: number;
      };
  readonly log: { readonly level: LogLevel; readonly format: LogFormat };
}

export interface SourceConfig {
  readonly name: string;
  /** That its records belong to. */
  readonly account: string;
  readonly location: { readonly directory: string } | { readonly git: GitLocation };
  /** What the sender of a webhook must know; without it none is taken. */
  readonly webhook?: Secret;
  readonly rhythm: {
    /** Milliseconds from the end of a run to the next look. */
    readonly interval: number;
    /** A cron expression. */
    readonly schedule?: string;
  };
  readonly policy: {
    readonly prune: boolean;
    readonly drift: 'enforce' | 'report';
    readonly adopt: boolean;
    readonly allowEmpty: boolean;
    readonly limits: {
      readonly deletes: Limit;
      readonly updates: Limit;
      readonly exposure: Limit;
      /** Milliseconds. */
      readonly window: number;
    };
    readonly classes: SourceText['policy'];
    /** Milliseconds. */
    readonly fightWindow: number;
    readonly history: 'follow' | 'hold';
    readonly allow?: { readonly kinds?: readonly string[]; readonly names?: string };
  };
}

interface Limit {
  readonly count?: number | undefined;
  readonly percent?: number | undefined;
}

export interface GitLocation {
  readonly url: string;
  readonly ref:
    | { readonly branch: string }
    | { readonly tag: string }
    | { readonly commit: string };
  readonly path?: string;
  readonly depth?: number;
  readonly timeoutMs: number;
  readonly allowFile: boolean;
  readonly allowInsecure: boolean;
  readonly credentials?: GitSignIn;
  /** Whose signature a commit must bear. */
  readonly verify?: { readonly mode: 'ssh' | 'gpg'; readonly signersFile: string };
}

export type GitSignIn =
  | { readonly username: string; readonly password: Secret }
  | { readonly keyFile: string; readonly knownHostsFile: string };
