import * as z from 'zod/mini';
import { logFormats, logLevels } from '../lib/log.ts';
import { parseDuration } from './duration.ts';

/*
 * Written with the functions of zod, not with its methods: every link of a chain makes a schema of its
 * own, and every command waits until all of them are made.
 */

type Schema = z.core.$ZodType;

/** With a line for the documentation. The schema must be nobody else's: it has one description. */
function described<T extends Schema>(schema: T, description: string): T {
  z.globalRegistry.add(schema, { description });
  return schema;
}

/** A setting that may be absent. */
function optional<T extends Schema>(schema: T, description: string) {
  return described(z.optional(schema), description);
}

/** A setting with what applies where it is absent. */
function preset<T extends Schema>(
  schema: T,
  value: z.core.util.NoUndefined<z.core.output<T>>,
  description: string,
) {
  return described(z._default(schema, value), description);
}

/** A map that may be absent, as if it were empty. */
function section<T extends z.core.$ZodLooseShape>(shape: T) {
  return z.prefault(z.strictObject(shape), {} as never);
}

/** Text on one line that says something. */
function line(most: number) {
  return z
    .string()
    .check(
      z.minLength(1, 'must not be empty'),
      z.maxLength(most, `must be at most ${most} characters`),
      z.regex(/^[^\p{Cc}]*$/u, 'must be one line without control characters'),
    );
}

/** Shared by all that may be absent: what they are described by is a schema of their own around it. */
const file = line(4096);
const secret = line(4096);

const wrongDuration = 'must be a duration such as 500ms, 60s, 5m, 1h or 30d';

/** A length of time as text, within limits given in milliseconds. */
function duration(least: number, most: number) {
  return z.string().check(
    z.maxLength(20, { error: wrongDuration, abort: true }),
    z.regex(/^\d+(?:\.\d+)?(?:ms|s|m|h|d)$/, { error: wrongDuration, abort: true }),
    z.refine(
      (text) => {
        const length = parseDuration(text);
        return length >= least && length <= most;
      },
      `must be from ${least} ms to ${most / 60_000} m`,
    ),
  );
}

const hour = 3_600_000;
const day = 24 * hour;

const host = z
  .string()
  .check(
    z.maxLength(253, 'must be at most 253 characters'),
    z.regex(/^[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?(?::\d{1,5})?$/, 'must be a host name'),
  );

const variable = z
  .string()
  .check(
    z.maxLength(200),
    z.regex(/^[A-Za-z_][A-Za-z0-9_]*$/, 'must be the name of an environment variable'),
  );

const account = z
  .string()
  .check(
    z.maxLength(50, 'must be at most 50 characters'),
    z.regex(
      /^[A-Za-z0-9]+(?:[-_][A-Za-z0-9]+)*$/,
      'must be letters and digits, in words joined by - or _',
    ),
  );

const ssh = z.strictObject({
  keyFile: described(line(4096), 'Private key, readable by this user alone.'),
  knownHostsFile: described(line(4096), 'Host keys to trust; no other host is spoken to.'),
});

const credentials = z.strictObject({
  username: optional(line(255), 'User name for https.'),
  password: optional(secret, 'Password for https, in clear text.'),
  passwordEnv: optional(variable, 'Environment variable with the password.'),
  passwordFile: optional(file, 'File that holds the password.'),
  token: optional(secret, 'Access token for https, in clear text.'),
  tokenEnv: optional(variable, 'Environment variable with the token.'),
  tokenFile: optional(file, 'File that holds the token.'),
  ssh: optional(ssh, 'Key for ssh.'),
});

const git = z.strictObject({
  url: described(line(2048), 'Repository: https://, ssh:// or user@host:path.'),
  branch: optional(line(250), 'Branch to follow; main without tag or commit.'),
  tag: optional(line(250), 'Tag to follow.'),
  commit: optional(line(64), 'Commit to stay at, all 40 digits.'),
  path: optional(line(2048), 'Folder inside the repository; all of it when absent.'),
  depth: optional(
    z.int().check(z.gte(1), z.lte(1_000_000)),
    'How many commits to fetch; 1 when absent.',
  ),
  timeout: preset(duration(1000, hour), '30s', 'Longest time of one call of git.'),
  allowFile: preset(z.boolean(), false, 'Allow a repository on this machine.'),
  allowInsecure: preset(z.boolean(), false, 'Allow plain http.'),
  credentials: optional(credentials, 'How to sign in at the repository.'),
  verify: optional(
    z.strictObject({
      mode: described(z.enum(['ssh', 'gpg']), 'Kind of signature a commit must bear.'),
      signersFile: described(line(4096), 'Allowed signers of ssh-keygen, or public keys of gpg.'),
    }),
    'Hold every revision whose commit is not signed by one of these.',
  ),
});

type RiskWord = 'exposure' | 'capability' | 'cost' | 'behaviour' | 'cosmetic';

function countLimit(what: string) {
  return described(z.int().check(z.gte(0), z.lte(1_000_000)), `Most ${what} of a window.`);
}

function percentLimit(what: string) {
  const description = `Largest part of its records in ${what} of a window.`;
  return described(z.number().check(z.gte(0), z.lte(100)), description);
}

/** How much of something; without a default nothing limits it. */
function limit(what: string) {
  return section({
    count: z.optional(countLimit(what)),
    percent: z.optional(percentLimit(what)),
  });
}

function verdict(word: RiskWord) {
  const description = `Whether changes of ${word} wait for approval.`;
  return preset(z.enum(['auto', 'hold']), 'auto', description);
}

const source = z.strictObject({
  name: described(
    z
      .string()
      .check(
        z.maxLength(50, 'must be at most 50 characters'),
        z.regex(
          /^[a-z0-9]+(?:[-_][a-z0-9]+)*$/,
          'must be lower-case letters and digits, in words joined by - or _',
        ),
      ),
    'Name of the source; the records it owns remember it.',
  ),
  directory: optional(file, 'Folder with manifests.'),
  git: optional(git, 'A Git repository.'),
  account: optional(account, 'Account that its records belong to; the general one when absent.'),
  allow: optional(
    z.strictObject({
      kinds: optional(
        z.array(line(50)).check(z.maxLength(100)),
        'Kinds it may declare; all when absent.',
      ),
      names: optional(
        z
          .string()
          .check(
            z.maxLength(50),
            z.regex(
              /^[a-z0-9]+(?:_[a-z0-9]+)*_?$/,
              'must be the beginning of a name, such as support_',
            ),
          ),
        'How the names of all it declares must begin.',
      ),
    }),
    'What the committers of this source may declare.',
  ),
  interval: preset(duration(100, 24 * hour), '60s', 'Time from the end of a run to the next look.'),
  schedule: optional(line(200), 'Cron expression of further looks.'),
  prune: preset(z.boolean(), false, 'Delete what is no longer declared.'),
  drift: preset(
    z.enum(['enforce', 'report']),
    'enforce',
    'Repair records that were changed by hand, or only tell.',
  ),
  history: preset(
    z.enum(['follow', 'hold']),
    'follow',
    'Follow a branch whose history was rewritten, or hold it.',
  ),
  adopt: preset(
    z.boolean(),
    false,
    'May change and take over records that nobody owns; equal ones are always taken over.',
  ),
  allowEmpty: preset(z.boolean(), false, 'An empty source may delete everything it owns.'),
  webhook: optional(
    z.strictObject({
      secret: optional(
        secret,
        'Secret that the sender of a webhook proves to know, in clear text.',
      ),
      secretEnv: optional(variable, 'Environment variable with the secret.'),
      secretFile: optional(file, 'File that holds the secret.'),
    }),
    'Take webhooks of the repository as hints to look.',
  ),
  limits: described(
    section({
      deletes: section({
        count: z._default(countLimit('deletes'), 10),
        percent: z._default(percentLimit('deletes'), 20),
      }),
      updates: limit('updates'),
      exposure: limit('changes of exposure'),
      window: preset(duration(60_000, 30 * day), '24h', 'Time over which they are counted.'),
    }),
    'What may be done within a window without being approved.',
  ),
  policy: described(
    section({
      exposure: verdict('exposure'),
      capability: verdict('capability'),
      cost: verdict('cost'),
      behaviour: verdict('behaviour'),
      cosmetic: verdict('cosmetic'),
    } satisfies Record<RiskWord, unknown>),
    'Whether changes go on by themselves, by what they put at stake.',
  ),
  fight: described(
    section({
      window: preset(
        duration(60_000, 30 * day),
        '1h',
        'Time in which the third change of a field by somebody else stops its repair.',
      ),
    }),
    'When to stop repairing what somebody else keeps changing.',
  ),
});

const listen = z.string().check(
  z.maxLength(300),
  z.regex(/^(?:\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9.-]+):\d{1,5}$/, {
    error: 'must be an address and a port, such as 127.0.0.1:8080',
    abort: true,
  }),
  z.refine(
    (text) => Number(text.slice(text.lastIndexOf(':') + 1)) < 65_536,
    'must have a port up to 65535',
  ),
);

const endpoint = section({
  driver: preset(
    z.enum(['record', 'webhook']),
    'record',
    'What deployed means: the column alone, or what an address confirms.',
  ),
  url: optional(line(2048), 'Address that deployments are posted to.'),
  key: optional(secret, 'Key that signs what is posted, in clear text.'),
  keyEnv: optional(variable, 'Environment variable with the key.'),
  keyFile: optional(file, 'File that holds the key.'),
  timeout: preset(duration(100, hour), '10s', 'Longest time of one answer.'),
  patience: preset(duration(1000, hour), '60s', 'Longest time that one run waits for all answers.'),
  undeployTimeout: preset(
    duration(0, 24 * hour),
    '15m',
    'How long a record to delete waits for its endpoint to confirm.',
  ),
  allowInsecure: preset(z.boolean(), false, 'Allow plain http to other machines.'),
});

/** The configuration as it is written. Rules across settings are in `rules.ts`, where both places are known. */
export const configSchema = z.strictObject({
  database: preset(
    z
      .string()
      .check(
        z.maxLength(4096, 'must be at most 4096 characters'),
        z.regex(
          /^sqlite:[^\p{Cc}]+$/u,
          'must be sqlite: and a file, such as sqlite:data/plumbline.db',
        ),
      ),
    'sqlite:data/plumbline.db',
    'Database of the records.',
  ),
  account: preset(account, 'default', 'Account that the records belong to.'),
  sources: z._default(z.array(source).check(z.maxLength(100, 'must be at most 100 sources')), []),
  http: section({
    listen: preset(listen, '127.0.0.1:8080', 'Address and port of health, metrics and API.'),
    token: optional(secret, 'Token that callers must send, in clear text.'),
    tokenEnv: optional(variable, 'Environment variable with the token.'),
    tokenFile: optional(file, 'File that holds the token.'),
  }),
  secrets: described(
    section({
      directory: optional(file, 'Folder whose files a Secret may name; without it none may.'),
    }),
    'Where the values of secrets may come from.',
  ),
  journal: section({
    keep: preset(
      duration(0, 3650 * day),
      '0s',
      'How long entries of the journal are kept; 0s for ever.',
    ),
  }),
  trash: section({
    keep: preset(duration(0, 3650 * day), '30d', 'How long a deleted record can be restored.'),
  }),
  platform: described(
    section({
      scheme: preset(
        z.enum(['http', 'https']),
        'https',
        'Of the addresses in the status of a client.',
      ),
      domain: optional(
        host,
        'Host of the platform, such as platform.example.com; without it none is derived.',
      ),
      apiDomain: optional(
        host,
        'That the hosts of clients lie below; api. and the domain without it.',
      ),
      accountNumber: optional(account, 'Told in place of the account.'),
      username: preset(line(255), 'plumbline', 'Told as the user of every record.'),
    }),
    'Where clients run, for their status alone; nothing is asked there.',
  ),
  endpoint: described(endpoint, 'What follows when a record is deployed or undeployed.'),
  log: section({
    level: preset(z.enum(logLevels), 'info', 'Least important line to write.'),
    format: preset(
      z.enum(logFormats),
      'auto',
      'Lines of JSON or for people; auto: for people on a terminal.',
    ),
  }),
});

/** A valid file with its defaults filled in, still as texts. */
export type ConfigText = z.output<typeof configSchema>;
export type SourceText = ConfigText['sources'][number];
