import type { JsonObject } from '../../lib/json.ts';
import type { ColumnType } from '../../manifest/kind.ts';
import type { LiveRecord } from '../../manifest/record.ts';

const flags = ['is_active', 'is_flagged', 'is_deprecated', 'is_suspended', 'is_verified'] as const;

/** When each has happened, and by whom; nothing while it has not. */
const notes = {
  ownership_requested: 'text',
  contact_email_verified: 'timestamp',
  support_email_verified: 'timestamp',
  tos_accepted_at: 'timestamp',
  tos_accepted_by: 'text',
} as const satisfies Record<string, ColumnType>;

/**
 * How a provider stands with the platform that offers its models. The columns belong to the server:
 * the platform writes them with plain SQL, and no manifest, plan or export can hold them.
 */
export const standingColumns: Readonly<Record<string, ColumnType>> = {
  ...Object.fromEntries(flags.map((it) => [it, 'boolean' as const])),
  ...notes,
};

/** The standing as the reference platform names it; a provider that nobody has looked at has no flag. */
export function standingOf({ columns }: LiveRecord): JsonObject {
  const is = (flag: (typeof flags)[number]) => columns[flag] === 1;
  const note = (name: keyof typeof notes) => (columns[name] ?? null) as string | null;
  const accepted = note('tos_accepted_at') !== null && note('tos_accepted_by') !== null;
  const objected = is('is_deprecated') || is('is_suspended') || is('is_flagged');
  return {
    ...Object.fromEntries(flags.map((it) => [it, is(it)])),
    ...Object.fromEntries(Object.keys(notes).map((it) => [it, note(it as keyof typeof notes)])),
    can_activate: is('is_verified') && accepted && !objected,
  };
}
