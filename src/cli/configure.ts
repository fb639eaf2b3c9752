import type { Config } from '../config/config.ts';
import type { ConfigFlags } from '../config/layers.ts';
import { type LoadedConfig, loadConfig } from '../config/load.ts';
import { failpoint } from '../lib/failpoint.ts';
import { type Invocation, textOption } from './invocation.ts';
import { problemsOnErr } from './problems-text.ts';

/** The configuration of this command line; its warnings are told on standard error. Throws CONFIG_ errors. */
export async function configure(invocation: Invocation): Promise<Config> {
  const { terminal } = invocation;
  const { config, warnings } = await loadedConfig(invocation);
  failpoint('config.read');
  if (warnings.length > 0) terminal.err(problemsOnErr(warnings, terminal));
  return config;
}

/** The configuration of this command line with its warnings untold. Throws CONFIG_ errors. */
export function loadedConfig(invocation: Invocation): Promise<LoadedConfig> {
  const file = textOption(invocation, 'config');
  return loadConfig({
    ...(file === undefined ? {} : { file }),
    environment: invocation.terminal.environment,
    flags: configFlags(invocation),
    cwd: invocation.terminal.workingFolder,
  });
}

function configFlags(invocation: Invocation): ConfigFlags {
  const flags: Record<string, string> = {};
  const options = { database: 'database', account: 'account', logLevel: 'log.level' };
  for (const [option, path] of Object.entries(options)) {
    const value = textOption(invocation, option);
    if (value !== undefined) flags[path] = value;
  }
  return flags;
}
