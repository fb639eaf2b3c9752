import { files, listing, type OptionDefinition, report, single, tableOrJson } from './options.ts';

export interface CommandDefinition {
  readonly name: string;
  /** As commander writes them: `<kind> [name]`. */
  readonly arguments?: string;
  readonly summary: string;
  readonly options?: readonly OptionDefinition[];
  readonly examples: readonly string[];
}

/** Commands that share a first word, such as `token issue` and `token revoke`. */
export interface CommandGroup {
  readonly name: string;
  readonly summary: string;
  readonly commands: readonly CommandDefinition[];
}

/** Every command and group of commands, in the order of the help. */
export const commands: readonly (CommandDefinition | CommandGroup)[] = [
  {
    name: 'run',
    summary: 'watch every source and keep the records true to it, until told to stop',
    examples: ['plumbline run', 'PLUMBLINE_SOURCE=/manifests plumbline run'],
  },
  {
    name: 'sync',
    arguments: '[sources...]',
    summary: 'bring the records to what the sources say, once',
    options: [report],
    examples: ['plumbline sync', 'plumbline sync example -o json'],
  },
  {
    name: 'plan',
    arguments: '[sources...]',
    summary: 'say what a sync would do; exits 2 when it would do something',
    options: [
      report,
      { flags: '--path <dir>', summary: 'plan this folder instead of what the source points at' },
      {
        flags: '--revision <rev>',
        summary:
          'plan this branch, tag or commit of a Git source; a bare name is a branch, else a tag ' +
          '(refs/heads/NAME and refs/tags/NAME say which), a commit needs all its 40 digits',
      },
    ],
    examples: ['plumbline plan', 'plumbline plan platform --revision v1.4.0 -o markdown'],
  },
  {
    name: 'drift',
    arguments: '[sources...]',
    summary: 'say how the records differ from what was last applied; exits 2 when they do',
    options: [report],
    examples: ['plumbline drift', 'plumbline drift -o junit'],
  },
  {
    name: 'validate',
    arguments: '<paths...>',
    summary: 'check manifest files without a database and without configuration',
    options: [
      {
        flags: '-o, --output <format>',
        summary: 'how to print the report',
        choices: ['text', 'json'],
        default: 'text',
      },
    ],
    examples: ['plumbline validate manifests-example', 'plumbline validate clients/support.yaml'],
  },
  {
    name: 'apply',
    summary: 'write records by hand; they belong to no source',
    options: [
      files,
      { flags: '--dry-run', summary: 'say what would be written, and write nothing' },
      report,
    ],
    examples: ['plumbline apply -f key.yaml', 'plumbline apply -f clients --dry-run'],
  },
  {
    name: 'delete',
    arguments: '[kind] [name]',
    summary: 'delete records by hand; a deployed one is undeployed first',
    options: [
      files,
      { flags: '--dry-run', summary: 'say what would be deleted, and delete nothing' },
      report,
    ],
    examples: ['plumbline delete llmclient trial_bot', 'plumbline delete -f trial.yaml'],
  },
  {
    name: 'deploy',
    arguments: '<kind> <name>',
    summary: 'publish a record whose manifest leaves that to you',
    examples: ['plumbline deploy llmclient support_bot'],
  },
  {
    name: 'undeploy',
    arguments: '<kind> <name>',
    summary: 'withdraw a record whose manifest leaves that to you',
    examples: ['plumbline undeploy llmclient support_bot'],
  },
  {
    name: 'get',
    arguments: '<kind> [name]',
    summary: 'list records of a kind; a name may end in *',
    options: [
      listing,
      { flags: '--source <name>', summary: 'only what this source owns; manual: what nobody does' },
      { flags: '--tag <tag>', summary: 'only records with this tag' },
      {
        flags: '--deployed <answer>',
        summary: 'only records that are deployed, or that are not',
        choices: ['yes', 'no'],
      },
      { flags: '--sort <by>', summary: 'in which order', choices: ['name', 'created', 'modified'] },
      { flags: '--descending', summary: 'the other way about' },
      { flags: '--limit <count>', summary: 'at most so many records' },
    ],
    examples: [
      'plumbline get llmclients',
      'plumbline get plugin return_policy -o yaml',
      "plumbline get llmclients 'support_*' --deployed yes --sort modified --descending",
    ],
  },
  {
    name: 'describe',
    arguments: '<kind> <name>',
    summary: 'show one record as a manifest with its status',
    options: [single],
    examples: ['plumbline describe llmclient support_bot'],
  },
  {
    name: 'logs',
    arguments: '<kind> <name>',
    summary: 'show what happened to one record, oldest first',
    options: [
      { flags: '--tail <count>', summary: 'at most so many lines of what is past (default 100)' },
      { flags: '-f, --follow', summary: 'go on with what happens, until told to stop' },
    ],
    examples: ['plumbline logs llmclient support_bot', 'plumbline logs provider openai --follow'],
  },
  {
    name: 'prompt',
    arguments: '<name> <text>',
    summary: 'send one message to a deployed client and print what it answers',
    examples: ['plumbline prompt support_bot "Where is my order?"'],
  },
  {
    name: 'export',
    summary: 'write the live records as manifests',
    options: [
      { flags: '--to <dir>', summary: 'into this folder; without it, to standard output' },
      { flags: '--kind <kind>', summary: 'only records of this kind', repeats: true },
      { flags: '--source <name>', summary: 'only records that this source owns' },
      {
        flags: '--layout <layout>',
        summary: 'a folder for each kind, the files that a source has, or one folder',
        choices: ['kind', 'source', 'flat'],
        default: 'kind',
      },
    ],
    examples: ['plumbline export > all.yaml', 'plumbline export --to backup --layout source'],
  },
  {
    name: 'example',
    arguments: '<kind>',
    summary: 'print a commented manifest to start from',
    examples: ['plumbline example llmclient > clients/new.yaml'],
  },
  {
    name: 'schema',
    arguments: '<kind>',
    summary: "print a kind's JSON Schema for editors; 'config' prints the configuration's",
    examples: ['plumbline schema llmclient', 'plumbline schema config'],
  },
  {
    name: 'status',
    summary: 'show the sources and how their last run ended',
    options: [tableOrJson],
    examples: ['plumbline status', 'plumbline status -o json'],
  },
  {
    name: 'history',
    summary: 'show the journal: what was done, when, by whom and why; newest first',
    options: [
      { flags: '--run <id>', summary: 'only this run' },
      { flags: '--kind <kind>', summary: 'only records of this kind' },
      { flags: '--name <name>', summary: 'only records of this name' },
      { flags: '--source <name>', summary: 'only this source' },
      { flags: '--verb <verb>', summary: 'only this verb, such as update' },
      { flags: '--outcome <outcome>', summary: 'only what ended so, such as failed' },
      { flags: '--actor <actor>', summary: 'only what this person or source did' },
      { flags: '--revision <rev>', summary: 'only this revision; its beginning is enough' },
      { flags: '--since <time>', summary: 'not before this time (ISO 8601), or ago, such as 2h' },
      { flags: '--until <time>', summary: 'before this time, written in the same ways' },
      { flags: '--before <id>', summary: 'only entries older than the one with this id' },
      { flags: '--limit <count>', summary: 'at most so many entries', default: '50' },
      {
        flags: '--follow',
        summary: 'oldest first, and then what is written, as it comes; JSON is a line an entry',
      },
      tableOrJson,
    ],
    examples: [
      'plumbline history --since 2h',
      'plumbline history --kind llmclient --name support_bot',
      'plumbline history --outcome failed --follow',
    ],
  },
  {
    name: 'approve',
    arguments: '[plan]',
    summary: 'let go what a plan holds, as long as neither side has moved since',
    options: [
      { flags: '--list', summary: 'show what waits for approval, and what is approved already' },
      tableOrJson,
    ],
    examples: ['plumbline approve --list', 'plumbline approve 4f2c9e0b7a11'],
  },
  {
    name: 'restore',
    arguments: '[kind] [name]',
    summary: 'bring back a deleted record as it was',
    options: [
      { flags: '--list', summary: 'show what can be restored, and until when' },
      { flags: '--dry-run', summary: 'say what would be restored, and write nothing' },
      {
        flags: '-o, --output <format>',
        summary: 'how to print the report, or the list as JSON',
        choices: ['text', 'json', 'markdown', 'junit'],
        default: 'text',
      },
    ],
    examples: ['plumbline restore --list', 'plumbline restore llmclient support_bot'],
  },
  {
    name: 'suspend',
    arguments: '<source-or-kind> [name]',
    summary: 'leave a source or one record alone until it is resumed',
    options: [
      { flags: '--reason <text>', summary: 'why; status, plan and history show it' },
      { flags: '--for <time>', summary: 'end by itself after this time, such as 30m, 2h or 7d' },
    ],
    examples: [
      'plumbline suspend platform --reason "incident 42" --for 2h',
      'plumbline suspend llmclient support_bot --reason "trying a prompt by hand"',
    ],
  },
  {
    name: 'resume',
    arguments: '<source-or-kind> [name]',
    summary: 'end a suspension',
    examples: ['plumbline resume platform', 'plumbline resume llmclient support_bot'],
  },
  {
    name: 'release',
    arguments: '<source>',
    summary: 'let go of the records of a source that is configured no more',
    examples: ['plumbline release old_platform'],
  },
  {
    name: 'why',
    arguments: '<kind> <name> [field]',
    summary: 'say of each field where its value comes from: file and line, commit, run, or nobody',
    options: [
      {
        flags: '-o, --output <format>',
        summary: 'how to print it',
        choices: ['text', 'json'],
        default: 'text',
      },
    ],
    examples: [
      'plumbline why llmclient support_bot',
      'plumbline why llmclient support_bot spec.config.defaultModel',
    ],
  },
  {
    name: 'token',
    summary: 'issue, rotate, revoke and list the secrets of API keys',
    commands: [
      {
        name: 'issue',
        arguments: '<name>',
        summary: 'give a declared key (SmarterAuthToken) its secret, and show it this once',
        examples: ['plumbline token issue support_key > /run/secrets/support_key'],
      },
      {
        name: 'rotate',
        arguments: '<name>',
        summary: 'give a key a new secret in place of the old one, and show it this once',
        options: [
          {
            flags: '--keep-old-for <time>',
            summary: 'accept the old one for this time too, such as 24h; without it, it ends now',
          },
        ],
        examples: ['plumbline token rotate support_key --keep-old-for 24h'],
      },
      {
        name: 'revoke',
        arguments: '<name>',
        summary: 'end every secret of a key, at once',
        examples: ['plumbline token revoke support_key'],
      },
      {
        name: 'list',
        summary: 'list the keys: whether they have a secret, of when and by whom, and its last use',
        options: [tableOrJson],
        examples: ['plumbline token list', 'plumbline token list -o json'],
      },
    ],
  },
  {
    name: 'secret',
    summary: 'look after the key that values of Secrets are sealed with',
    commands: [
      {
        name: 'rekey',
        summary: 'seal every stored secret with a new key; no daemon may run meanwhile',
        options: [
          {
            flags: '--new-key-file <file>',
            summary:
              'file with the new key (32 bytes in base64 or hex), instead of PLUMBLINE_SECRET_NEW_KEY; ' +
              'without either, a new one is made in the key file beside the database',
          },
        ],
        examples: [
          'plumbline secret rekey',
          'openssl rand -base64 32 > new.key && plumbline secret rekey --new-key-file new.key',
        ],
      },
    ],
  },
  {
    name: 'doctor',
    summary: 'check the installation, the configuration, the database and the sources',
    options: [
      {
        flags: '-o, --output <format>',
        summary: 'how to print it',
        choices: ['text', 'json'],
        default: 'text',
      },
    ],
    examples: ['plumbline doctor'],
  },
  {
    name: 'completion',
    arguments: '<shell>',
    summary: 'print the completion script of a shell: bash, zsh or fish',
    examples: ['source <(plumbline completion bash)'],
  },
];

/** Every command under all the words that call it: `plan`, `token issue`. */
export const everyCommand: readonly CommandDefinition[] = commands.flatMap((it) =>
  'commands' in it
    ? it.commands.map((command) => ({ ...command, name: `${it.name} ${command.name}` }))
    : [it],
);
