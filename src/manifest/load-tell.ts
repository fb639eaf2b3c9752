import type { Diagnostic } from '../lib/diagnostic.ts';
import type { ErrorCode } from '../lib/errors.ts';
import type { YamlDocument } from '../lib/yaml.ts';
import type { Path } from '../lib/yaml-document.ts';

/** A problem at a path of a document. */
export function tell(
  document: YamlDocument,
  code: ErrorCode,
  path: Path,
  which: 'key' | 'value',
  { message, hint }: { readonly message: string; readonly hint: string },
  severity: Diagnostic['severity'] = 'error',
): Diagnostic {
  return {
    severity,
    code,
    file: document.file,
    ...document.place(path, which),
    path: path.join('.'),
    message,
    hint,
    frame: document.frameAt(path, which),
  };
}
