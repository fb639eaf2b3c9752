import { Resources } from '../reconcile/resources.ts';
import type { Assembly } from './assemble.ts';

/** The records of the configured account, with all that a person does to them by hand. */
export function resourcesOf({ ports, config }: Pick<Assembly, 'ports' | 'config'>): Resources {
  return new Resources(ports, config.account);
}
