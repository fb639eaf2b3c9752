import type { Test } from './tap.ts';
import { World } from './world.ts';

export type Json = Readonly<Record<string, unknown>>;

export function yaml(kind: string, name: string, spec: Json): string {
  const metadata = { name, description: `The ${name}`, version: '1.0.0' };
  return `${JSON.stringify({ apiVersion: 'smarter.sh/v1', kind, metadata, spec }, null, 2)}\n`;
}

export const secretYaml = (name: string, config: Json) => yaml('Secret', name, { config });
export const fromEnv = (env: string) => ({ valueFrom: { env } });
export const fromFile = (file: string) => ({ valueFrom: { file } });
export const connectionYaml = (name: string, password: string) =>
  yaml('SqlConnection', name, {
    connection: { dbEngine: 'django.db.backends.mysql', hostname: 'h', database: 'd', password },
  });

/** A world with other variables from now on, as after a restart. */
export function again(t: Test, world: World, environment: Readonly<Record<string, string>>): World {
  const next = new World(t, environment);
  Object.defineProperty(next, 'folder', { value: world.folder });
  Object.assign(next.environment, {
    PLUMBLINE_DATABASE: world.environment['PLUMBLINE_DATABASE'],
    PLUMBLINE_SOURCE: world.environment['PLUMBLINE_SOURCE'],
  });
  return next;
}
