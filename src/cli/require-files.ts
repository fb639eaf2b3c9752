import { PlumblineError } from '../lib/errors.ts';

/** The paths of `-f`, of which there must be one. */
export function requireFiles(paths: readonly string[], verb: string): readonly string[] {
  if (paths.length > 0) return paths;
  throw new PlumblineError('USAGE', `${verb} needs to know what`, {
    hint: `name a file or a folder: plumbline ${verb} -f PATH`,
  });
}
