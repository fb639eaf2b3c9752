/** What names a record, as the store sees it. */
export type RecordKey = {
  readonly account: string;
  readonly space: string;
  readonly name: string;
};

/** The columns that hold it, in every table that has a row for a record. */
export const keyColumns = ['account', 'space', 'name'];

/** Those columns of one record, and nothing else that may be in the value. */
export function keyOf({ account, space, name }: RecordKey): RecordKey & Record<string, string> {
  return { account, space, name };
}

/** A condition for the rows of these records; they travel as one text, however many there are. */
export function amongKeys(keys: readonly RecordKey[]): [sql: string, bindings: [string]] {
  const list = keys.map(({ account, space, name }) => [account, space, name]);
  return [
    '(account, space, name) IN (SELECT value->>0, value->>1, value->>2 FROM jsonb_each(?))',
    [JSON.stringify(list)],
  ];
}
