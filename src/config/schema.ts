import * as z from 'zod';
import { logFormats, logLevels } from '../lib/log.ts';
import { parseDuration } from './duration.ts';

/** Text on one line that says something. */
function line(most: number) {
  // All at once: every further link of a chain would make a schema of its own.
  return z
    .string()
    .check(
      z.minLength(1, 'must not be empty'),
      z.maxLength(most, `must be at most ${most} characters`),
      z.regex(/^[^\p{Cc}]*$/u, 'must be one line without control characters'),
    );
}

const wrongDuration = 'must be a duration such as 500ms, 60s, 5m, 1h or 30d';

/** A length of time as text, within limits given in milliseconds. */
function duration(least: number, most: number) {
  return z
    .string()
    .check(
      z.maxLength(20, { error: wrongDuration, abort: true }),
      z.regex(/^\d+(?:\.\d+)?(?:ms|s|m|h|d)$/, { error: wrongDuration, abort: true }),
    )
    .refine(
      (text) => {
        const length = parseDuration(text);
        return length >= least && length <= most;
      },
      `must be from ${least} ms to ${most / 60_000} m`,
    );
}

const hour = 3_600_000;
const day = 24 * hour;
const file = line(4096);
const host = z
  .string()
  .check(
    z.maxLength(253, 'must be at most 253 characters'),
    z.regex(/^[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?(?::\d{1,5})?$/, 'must be a host name'),
  );
const variable = z
  .string()
  .max(200)
  .regex(/^[A-Za-z_][A-Za-z0-9_]*$/, 'must be the name of an environment variable');

const account = z
  .string()
  .max(50, 'must be at most 50 characters')
  .regex(
    /^[A-Za-z0-9]+(?:[-_][A-Za-z0-9]+)*$/,
    'must be letters and digits, in words joined by - or _',
  );

const ssh = z
  .strictObject({
    keyFile: file.meta({ description: 'Private key, readable by this user alone.' }),
    knownHostsFile: file.meta({ description: 'Host keys to trust; no other host is spoken to.' }),
  })
  .meta({ description: 'Key for ssh.' });

const credentials = z
  .strictObject({
    username: line(255).optional().meta({ description: 'User name for https.' }),
    password: line(4096).optional().meta({ description: 'Password for https, in clear text.' }),
    passwordEnv: variable
      .optional()
      .meta({ description: 'Environment variable with the password.' }),
    passwordFile: file.optional().meta({ description: 'File that holds the password.' }),
    token: line(4096).optional().meta({ description: 'Access token for https, in clear text.' }),
    tokenEnv: variable.optional().meta({ description: 'Environment variable with the token.' }),
    tokenFile: file.optional().meta({ description: 'File that holds the token.' }),
    ssh: ssh.optional(),
  })
  .meta({ description: 'How to sign in at the repository.' });

const git = z
  .strictObject({
    url: line(2048).meta({ description: 'Repository: https://, ssh:// or user@host:path.' }),
    branch: line(250)
      .optional()
      .meta({ description: 'Branch to follow; main without tag or commit.' }),
    tag: line(250).optional().meta({ description: 'Tag to follow.' }),
    commit: line(64).optional().meta({ description: 'Commit to stay at, all 40 digits.' }),
    path: line(2048)
      .optional()
      .meta({ description: 'Folder inside the repository; all of it when absent.' }),
    depth: z
      .int()
      .min(1)
      .max(1_000_000)
      .optional()
      .meta({ description: 'How many commits to fetch; 1 when absent.' }),
    timeout: duration(1000, hour)
      .default('30s')
      .meta({ description: 'Longest time of one call of git.' }),
    allowFile: z
      .boolean()
      .default(false)
      .meta({ description: 'Allow a repository on this machine.' }),
    allowInsecure: z.boolean().default(false).meta({ description: 'Allow plain http.' }),
    credentials: credentials.optional(),
    verify: z
      .strictObject({
        mode: z.enum(['ssh', 'gpg']).meta({ description: 'Kind of signature a commit must bear.' }),
        signersFile: file.meta({
          description: 'Allowed signers of ssh-keygen, or public keys of gpg.',
        }),
      })
      .optional()
      .meta({ description: 'Hold every revision whose commit is not signed by one of these.' }),
  })
  .meta({ description: 'A Git repository.' });

type RiskWord = 'exposure' | 'capability' | 'cost' | 'behaviour' | 'cosmetic';

/** How much of something; without a default nothing limits it. */
function limit(what: string, defaults?: { readonly count: number; readonly percent: number }) {
  const count = z
    .int()
    .min(0)
    .max(1_000_000)
    .meta({ description: `Most ${what} of a window.` });
  const percent = z
    .number()
    .min(0)
    .max(100)
    .meta({ description: `Largest part of its records in ${what} of a window.` });
  return z
    .strictObject({
      count: defaults === undefined ? count.optional() : count.default(defaults.count),
      percent: defaults === undefined ? percent.optional() : percent.default(defaults.percent),
    })
    .prefault({});
}

function verdict(word: RiskWord) {
  return z
    .enum(['auto', 'hold'])
    .default('auto')
    .meta({ description: `Whether changes of ${word} wait for approval.` });
}

const source = z.strictObject({
  name: z
    .string()
    .max(50, 'must be at most 50 characters')
    .regex(
      /^[a-z0-9]+(?:[-_][a-z0-9]+)*$/,
      'must be lower-case letters and digits, in words joined by - or _',
    )
    .meta({ description: 'Name of the source; the records it owns remember it.' }),
  directory: file.optional().meta({ description: 'Folder with manifests.' }),
  git: git.optional(),
  account: account
    .optional()
    .meta({ description: 'Account that its records belong to; the general one when absent.' }),
  allow: z
    .strictObject({
      kinds: z
        .array(line(50))
        .max(100)
        .optional()
        .meta({ description: 'Kinds it may declare; all when absent.' }),
      names: z
        .string()
        .max(50)
        .regex(/^[a-z0-9]+(?:_[a-z0-9]+)*_?$/, 'must be the beginning of a name, such as support_')
        .optional()
        .meta({ description: 'How the names of all it declares must begin.' }),
    })
    .optional()
    .meta({ description: 'What the committers of this source may declare.' }),
  interval: duration(100, 24 * hour)
    .default('60s')
    .meta({ description: 'Time from the end of a run to the next look.' }),
  schedule: line(200).optional().meta({ description: 'Cron expression of further looks.' }),
  prune: z.boolean().default(false).meta({ description: 'Delete what is no longer declared.' }),
  drift: z
    .enum(['enforce', 'report'])
    .default('enforce')
    .meta({ description: 'Repair records that were changed by hand, or only tell.' }),
  history: z.enum(['follow', 'hold']).default('follow').meta({
    description: 'Follow a branch whose history was rewritten, or hold it.',
  }),
  adopt: z.boolean().default(false).meta({
    description:
      'May change and take over records that nobody owns; equal ones are always taken over.',
  }),
  allowEmpty: z
    .boolean()
    .default(false)
    .meta({ description: 'An empty source may delete everything it owns.' }),
  webhook: z
    .strictObject({
      secret: line(4096).optional().meta({
        description: 'Secret that the sender of a webhook proves to know, in clear text.',
      }),
      secretEnv: variable.optional().meta({ description: 'Environment variable with the secret.' }),
      secretFile: file.optional().meta({ description: 'File that holds the secret.' }),
    })
    .optional()
    .meta({ description: 'Take webhooks of the repository as hints to look.' }),
  limits: z
    .strictObject({
      deletes: limit('deletes', { count: 10, percent: 20 }),
      updates: limit('updates'),
      exposure: limit('changes of exposure'),
      window: duration(60_000, 30 * day)
        .default('24h')
        .meta({ description: 'Time over which they are counted.' }),
    })
    .prefault({})
    .meta({ description: 'What may be done within a window without being approved.' }),
  policy: z
    .strictObject({
      exposure: verdict('exposure'),
      capability: verdict('capability'),
      cost: verdict('cost'),
      behaviour: verdict('behaviour'),
      cosmetic: verdict('cosmetic'),
    } satisfies Record<RiskWord, unknown>)
    .prefault({})
    .meta({ description: 'Whether changes go on by themselves, by what they put at stake.' }),
  fight: z
    .strictObject({
      window: duration(60_000, 30 * day)
        .default('1h')
        .meta({
          description:
            'Time in which the third change of a field by somebody else stops its repair.',
        }),
    })
    .prefault({})
    .meta({ description: 'When to stop repairing what somebody else keeps changing.' }),
});

/** The configuration as it is written. Rules across settings are in `rules.ts`, where both places are known. */
export const configSchema = z.strictObject({
  database: z
    .string()
    .max(4096, 'must be at most 4096 characters')
    .regex(/^sqlite:[^\p{Cc}]+$/u, 'must be sqlite: and a file, such as sqlite:data/plumbline.db')
    .default('sqlite:data/plumbline.db')
    .meta({ description: 'Database of the records.' }),
  account: account.default('default').meta({ description: 'Account that the records belong to.' }),
  sources: z.array(source).max(100, 'must be at most 100 sources').default([]),
  http: z
    .strictObject({
      listen: z
        .string()
        .max(300)
        .regex(/^(?:\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9.-]+):\d{1,5}$/, {
          error: 'must be an address and a port, such as 127.0.0.1:8080',
          abort: true,
        })
        .refine(
          (text) => Number(text.slice(text.lastIndexOf(':') + 1)) < 65_536,
          'must have a port up to 65535',
        )
        .default('127.0.0.1:8080')
        .meta({ description: 'Address and port of health, metrics and API.' }),
      token: line(4096)
        .optional()
        .meta({ description: 'Token that callers must send, in clear text.' }),
      tokenEnv: variable.optional().meta({ description: 'Environment variable with the token.' }),
      tokenFile: file.optional().meta({ description: 'File that holds the token.' }),
    })
    .prefault({}),
  secrets: z
    .strictObject({
      directory: file.optional().meta({
        description: 'Folder whose files a Secret may name; without it none may.',
      }),
    })
    .prefault({})
    .meta({ description: 'Where the values of secrets may come from.' }),
  journal: z
    .strictObject({
      keep: duration(0, 3650 * day)
        .default('0s')
        .meta({ description: 'How long entries of the journal are kept; 0s for ever.' }),
    })
    .prefault({}),
  trash: z
    .strictObject({
      keep: duration(0, 3650 * day)
        .default('30d')
        .meta({ description: 'How long a deleted record can be restored.' }),
    })
    .prefault({}),
  platform: z
    .strictObject({
      scheme: z
        .enum(['http', 'https'])
        .default('https')
        .meta({ description: 'Of the addresses in the status of a client.' }),
      domain: host.optional().meta({
        description:
          'Host of the platform, such as platform.example.com; without it none is derived.',
      }),
      apiDomain: host.optional().meta({
        description: 'That the hosts of clients lie below; api. and the domain without it.',
      }),
      accountNumber: account.optional().meta({
        description: 'Told in place of the account.',
      }),
      username: line(255)
        .default('plumbline')
        .meta({ description: 'Told as the user of every record.' }),
    })
    .prefault({})
    .meta({ description: 'Where clients run, for their status alone; nothing is asked there.' }),
  endpoint: z
    .strictObject({
      driver: z.enum(['record', 'webhook']).default('record').meta({
        description: 'What deployed means: the column alone, or what an address confirms.',
      }),
      url: line(2048).optional().meta({ description: 'Address that deployments are posted to.' }),
      key: line(4096)
        .optional()
        .meta({ description: 'Key that signs what is posted, in clear text.' }),
      keyEnv: variable.optional().meta({ description: 'Environment variable with the key.' }),
      keyFile: file.optional().meta({ description: 'File that holds the key.' }),
      timeout: duration(100, hour)
        .default('10s')
        .meta({ description: 'Longest time of one answer.' }),
      patience: duration(1000, hour)
        .default('60s')
        .meta({ description: 'Longest time that one run waits for all answers.' }),
      undeployTimeout: duration(0, 24 * hour)
        .default('15m')
        .meta({
          description: 'How long a record to delete waits for its endpoint to confirm.',
        }),
      allowInsecure: z.boolean().default(false).meta({
        description: 'Allow plain http to other machines.',
      }),
    })
    .prefault({})
    .meta({ description: 'What follows when a record is deployed or undeployed.' }),
  log: z
    .strictObject({
      level: z
        .enum(logLevels)
        .default('info')
        .meta({ description: 'Least important line to write.' }),
      format: z
        .enum(logFormats)
        .default('auto')
        .meta({ description: 'Lines of JSON or for people; auto: for people on a terminal.' }),
    })
    .prefault({}),
});

/** A valid file with its defaults filled in, still as texts. */
export type ConfigText = z.output<typeof configSchema>;
export type SourceText = ConfigText['sources'][number];

/** JSON Schema of the configuration file, for editors. */
export function configJsonSchema(): Record<string, unknown> {
  return z.toJSONSchema(configSchema, { io: 'input' }) as Record<string, unknown>;
}
