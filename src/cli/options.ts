import { logLevels } from '../lib/log-level.ts';

/** An option as commander writes it: `-o, --output <format>`. */
export interface OptionDefinition {
  readonly flags: string;
  readonly summary: string;
  readonly choices?: readonly string[];
  readonly default?: string;
  /** May be given more than once. */
  readonly repeats?: true;
}

export const report: OptionDefinition = {
  flags: '-o, --output <format>',
  summary: 'how to print the report',
  choices: ['text', 'json', 'markdown', 'junit'],
  default: 'text',
};

export const listing: OptionDefinition = {
  flags: '-o, --output <format>',
  summary: 'how to print the list',
  choices: ['table', 'wide', 'json', 'yaml', 'name'],
  default: 'table',
};

export const single: OptionDefinition = {
  flags: '-o, --output <format>',
  summary: 'how to print it',
  choices: ['yaml', 'json'],
  default: 'yaml',
};

export const tableOrJson: OptionDefinition = {
  flags: '-o, --output <format>',
  summary: 'how to print it',
  choices: ['table', 'json'],
  default: 'table',
};

export const files: OptionDefinition = {
  flags: '-f, --file <path>',
  summary: 'a manifest file or a folder of them; - reads standard input',
  repeats: true,
};

/** Options that every command takes. */
export const commonOptions: readonly OptionDefinition[] = [
  { flags: '--config <file>', summary: 'configuration file (default config/plumbline.yaml)' },
  { flags: '--database <url>', summary: 'database, such as sqlite:data/plumbline.db' },
  { flags: '--account <name>', summary: 'account the records belong to' },
  {
    flags: '--log-level <level>',
    summary: 'how much to log',
    choices: logLevels,
  },
];
