import { failpointVariable } from '../lib/failpoint.ts';
import { describedAt } from '../lib/shape-keys.ts';
import { configSchema } from './schema.ts';

/** A setting that an environment variable can give. */
export interface Setting {
  /** Dotted path in the file; `sources[]` stands for the one source that the environment speaks of. */
  readonly path: string;
  readonly variable: string;
  /** A list is written with commas. */
  readonly type: 'text' | 'boolean' | 'number' | 'list';
  /** What applies where nobody sets it. */
  readonly default: string | number | boolean | undefined;
  /** One line for the documentation. */
  readonly description: string;
}

/** The one source that the environment can describe has these settings. */
const sourceVariables = {
  directory: 'PLUMBLINE_SOURCE',
  'git.url': 'PLUMBLINE_SOURCE',
  name: 'PLUMBLINE_SOURCE_NAME',
  'git.branch': 'PLUMBLINE_SOURCE_BRANCH',
  'git.tag': 'PLUMBLINE_SOURCE_TAG',
  'git.commit': 'PLUMBLINE_SOURCE_COMMIT',
  'git.path': 'PLUMBLINE_SOURCE_PATH',
  'git.depth': 'PLUMBLINE_SOURCE_DEPTH',
  'git.timeout': 'PLUMBLINE_SOURCE_TIMEOUT',
  'git.allowFile': 'PLUMBLINE_SOURCE_ALLOW_FILE',
  'git.allowInsecure': 'PLUMBLINE_SOURCE_ALLOW_INSECURE',
  'git.verify.mode': 'PLUMBLINE_SOURCE_VERIFY_MODE',
  'git.verify.signersFile': 'PLUMBLINE_SOURCE_VERIFY_SIGNERS_FILE',
  'git.credentials.username': 'PLUMBLINE_SOURCE_USERNAME',
  'git.credentials.password': 'PLUMBLINE_SOURCE_PASSWORD',
  'git.credentials.passwordFile': 'PLUMBLINE_SOURCE_PASSWORD_FILE',
  'git.credentials.token': 'PLUMBLINE_SOURCE_TOKEN',
  'git.credentials.tokenFile': 'PLUMBLINE_SOURCE_TOKEN_FILE',
  'git.credentials.ssh.keyFile': 'PLUMBLINE_SOURCE_SSH_KEY_FILE',
  'git.credentials.ssh.knownHostsFile': 'PLUMBLINE_SOURCE_KNOWN_HOSTS_FILE',
  account: 'PLUMBLINE_SOURCE_ACCOUNT',
  'allow.kinds': 'PLUMBLINE_SOURCE_ALLOW_KINDS',
  'allow.names': 'PLUMBLINE_SOURCE_ALLOW_NAMES',
  interval: 'PLUMBLINE_SOURCE_INTERVAL',
  schedule: 'PLUMBLINE_SOURCE_SCHEDULE',
  'webhook.secret': 'PLUMBLINE_SOURCE_WEBHOOK_SECRET',
  'webhook.secretFile': 'PLUMBLINE_SOURCE_WEBHOOK_SECRET_FILE',
  prune: 'PLUMBLINE_SOURCE_PRUNE',
  drift: 'PLUMBLINE_SOURCE_DRIFT',
  history: 'PLUMBLINE_SOURCE_HISTORY',
  adopt: 'PLUMBLINE_SOURCE_ADOPT',
  allowEmpty: 'PLUMBLINE_SOURCE_ALLOW_EMPTY',
  'limits.deletes.count': 'PLUMBLINE_SOURCE_LIMITS_DELETES_COUNT',
  'limits.deletes.percent': 'PLUMBLINE_SOURCE_LIMITS_DELETES_PERCENT',
  'limits.updates.count': 'PLUMBLINE_SOURCE_LIMITS_UPDATES_COUNT',
  'limits.updates.percent': 'PLUMBLINE_SOURCE_LIMITS_UPDATES_PERCENT',
  'limits.exposure.count': 'PLUMBLINE_SOURCE_LIMITS_EXPOSURE_COUNT',
  'limits.exposure.percent': 'PLUMBLINE_SOURCE_LIMITS_EXPOSURE_PERCENT',
  'limits.window': 'PLUMBLINE_SOURCE_LIMITS_WINDOW',
  'policy.exposure': 'PLUMBLINE_SOURCE_POLICY_EXPOSURE',
  'policy.capability': 'PLUMBLINE_SOURCE_POLICY_CAPABILITY',
  'policy.cost': 'PLUMBLINE_SOURCE_POLICY_COST',
  'policy.behaviour': 'PLUMBLINE_SOURCE_POLICY_BEHAVIOUR',
  'policy.cosmetic': 'PLUMBLINE_SOURCE_POLICY_COSMETIC',
  'fight.window': 'PLUMBLINE_SOURCE_FIGHT_WINDOW',
} as const;

const variables: readonly (readonly [path: string, variable: string])[] = [
  ['database', 'PLUMBLINE_DATABASE'],
  ['account', 'PLUMBLINE_ACCOUNT'],
  ['http.listen', 'PLUMBLINE_HTTP_LISTEN'],
  ['http.token', 'PLUMBLINE_HTTP_TOKEN'],
  ['http.tokenFile', 'PLUMBLINE_HTTP_TOKEN_FILE'],
  ['secrets.directory', 'PLUMBLINE_SECRETS_DIRECTORY'],
  ['journal.keep', 'PLUMBLINE_JOURNAL_KEEP'],
  ['trash.keep', 'PLUMBLINE_TRASH_KEEP'],
  ['platform.scheme', 'PLUMBLINE_PLATFORM_SCHEME'],
  ['platform.domain', 'PLUMBLINE_PLATFORM_DOMAIN'],
  ['platform.apiDomain', 'PLUMBLINE_PLATFORM_API_DOMAIN'],
  ['platform.accountNumber', 'PLUMBLINE_PLATFORM_ACCOUNT_NUMBER'],
  ['platform.username', 'PLUMBLINE_PLATFORM_USERNAME'],
  ['endpoint.driver', 'PLUMBLINE_ENDPOINT_DRIVER'],
  ['endpoint.url', 'PLUMBLINE_ENDPOINT_URL'],
  ['endpoint.key', 'PLUMBLINE_ENDPOINT_KEY'],
  ['endpoint.keyFile', 'PLUMBLINE_ENDPOINT_KEY_FILE'],
  ['endpoint.timeout', 'PLUMBLINE_ENDPOINT_TIMEOUT'],
  ['endpoint.patience', 'PLUMBLINE_ENDPOINT_PATIENCE'],
  ['endpoint.undeployTimeout', 'PLUMBLINE_ENDPOINT_UNDEPLOY_TIMEOUT'],
  ['endpoint.allowInsecure', 'PLUMBLINE_ENDPOINT_ALLOW_INSECURE'],
  ['log.level', 'PLUMBLINE_LOG_LEVEL'],
  ['log.format', 'PLUMBLINE_LOG_FORMAT'],
  ...Object.entries(sourceVariables).map(([path, name]) => [`sources[].${path}`, name] as const),
];

/** What the source of the environment is called where nobody names it. */
export const defaultSourceName = 'default';

/** The types of the schema by what a variable's text is taken for; numbers are the rest. */
const types: Readonly<Record<string, Setting['type']>> = {
  boolean: 'boolean',
  string: 'text',
  enum: 'text',
  array: 'list',
};

/** Every setting with its variable; type, default and description are read off the schema when they are asked for. */
export const settings: readonly Setting[] = variables.map(([path, variable]) => {
  let found: Described | undefined;
  const described = () => {
    found ??= describe(path);
    return found;
  };
  return {
    path,
    variable,
    get type() {
      return described().type;
    },
    get default() {
      return described().default;
    },
    get description() {
      return described().description;
    },
  };
});

/** The variable that says where the file is; it cannot stand in the file itself. */
export const fileVariable = 'PLUMBLINE_CONFIG';

/** The variable with the key that secrets are sealed with; in a file it would lie beside what it opens. */
export const keyVariable = 'PLUMBLINE_SECRET_KEY';

/** The variable with the key that is to take its place. */
export const nextKeyVariable = 'PLUMBLINE_SECRET_NEW_KEY';

/** Every variable that Plumbline reads. */
export const knownVariables: readonly string[] = [
  fileVariable,
  keyVariable,
  nextKeyVariable,
  failpointVariable,
  ...new Set(settings.map((setting) => setting.variable)),
];

/** Settings of which a source or the listener may have one only; a later layer's choice replaces an earlier one's. */
export const alternatives: readonly (readonly string[])[] = [
  ['http.token', 'http.tokenEnv', 'http.tokenFile'],
  ['endpoint.key', 'endpoint.keyEnv', 'endpoint.keyFile'],
  ['secret', 'secretEnv', 'secretFile'].map((name) => `sources[].webhook.${name}`),
  ['sources[].git.branch', 'sources[].git.tag', 'sources[].git.commit'],
  ['password', 'passwordEnv', 'passwordFile', 'token', 'tokenEnv', 'tokenFile', 'ssh'].map(
    (name) => `sources[].git.credentials.${name}`,
  ),
];

type Described = Pick<Setting, 'type' | 'default' | 'description'>;

function describe(path: string): Described {
  const steps = path.split('.').flatMap((it) => (it.endsWith('[]') ? [it.slice(0, -2), 0] : [it]));
  const found = describedAt(configSchema, steps);
  if (found === undefined) throw new Error(`no setting ${path} in the configuration's schema`);
  const value = path === 'sources[].name' ? defaultSourceName : found.default;
  return {
    type: types[found.type] ?? 'number',
    default: value as Setting['default'],
    description: found.description ?? '',
  };
}
