/*
 * One row of the reference of fields, and the rows that many fields have alike. The rows of each kind
 * stand in the tests that go through them.
 */

/** How a cell holds a value; a `name` is the id of the record of that name, `names` and `texts` are rows of a table of their own. */
export type Cell =
  | 'text'
  | 'integer'
  | 'real'
  | 'boolean'
  | 'json'
  | 'timestamp'
  | 'name'
  | 'names'
  | 'texts';

/** What a field takes, what it refuses and why, what absent means, and where its record keeps it. */
export interface Row {
  readonly path: string;
  /** As `column` of the main table, or `table.column` of another. */
  readonly column: string;
  readonly cell: Cell;
  readonly takes: readonly unknown[];
  readonly refuses?: readonly (readonly [value: unknown, code?: string, at?: string])[];
  readonly default?: unknown;
  /** What its cell holds where nothing is said, if not the default. */
  readonly emptyCell?: unknown;
  /** What else must be said for the values to make sense. */
  readonly beside?: Readonly<Record<string, unknown>>;
  /** What must be said where the field is absent. */
  readonly instead?: Readonly<Record<string, unknown>>;
  readonly required?: true;
}

export const wrongType = 'MANIFEST_WRONG_TYPE';
export const badName = 'MANIFEST_BAD_NAME';
export const badValue = 'MANIFEST_BAD_VALUE';
export const long = (length: number) => 'x'.repeat(length);

export const words = (path: string, column: string, most = 255): Row => ({
  path,
  column,
  cell: 'text',
  takes: ['some text', long(most)],
  refuses: [[long(most + 1)], [1, wrongType], [true, wrongType], [['a'], wrongType]],
});

export const flag = (path: string, column: string, absent?: boolean): Row => ({
  path,
  column,
  cell: 'boolean',
  takes: [true, false],
  refuses: [
    ['yes', wrongType],
    ['true', wrongType],
    [1, wrongType],
  ],
  default: absent,
});

export const whole = (path: string, column: string, least: number, absent?: number): Row => ({
  path,
  column,
  cell: 'integer',
  takes: [least, 1000, 2_147_483_647],
  refuses: [[least - 1], [1.5, wrongType], ['5', wrongType], [true, wrongType], [3_000_000_000]],
  default: absent,
});

export const port = (path: string, column: string): Row => ({
  path,
  column,
  cell: 'integer',
  takes: [1, 5432, 65_535],
  refuses: [[0], [65_536], [80.5, wrongType], ['80', wrongType]],
});

export const address = (path: string, column: string): Row => ({
  path,
  column,
  cell: 'text',
  takes: ['https://example.com/a?b=c', 'http://example.com', `https://example.com/${long(180)}`],
  refuses: [
    ['ftp://example.com'],
    ['example.com'],
    [`https://example.com/${long(181)}`],
    [''],
    [1, wrongType],
  ],
});

export const name = (path: string, column: string): Row => ({
  path,
  column,
  cell: 'name',
  takes: ['some_name', 'n1', long(50)],
  refuses: [['Some Name', badName], [''], [long(51), badName], [1, wrongType]],
});

export const technical = (path: string, column: string): Row => ({
  path,
  column,
  cell: 'text',
  takes: ['db-1.example_x', 'a', long(63)],
  refuses: [['-a'], ['a-'], ['a b'], ['a..b'], [''], [`${long(64)}.a`], [1, wrongType]],
});

export const temperature = (path: string, column: string, absent?: number): Row => ({
  path,
  column,
  cell: 'real',
  takes: [0, 0.25, 1],
  refuses: [[-0.1], [1.1], ['0.5', wrongType], [true, wrongType]],
  default: absent,
});

export const host = (path: string, column: string): Row => ({
  path,
  column,
  cell: 'text',
  takes: ['proxy.example.com', 'proxy', long(63)],
  refuses: [['a_b.example'], ['https://a.example'], ['-a'], [''], [long(64)], [1, wrongType]],
});

/** One of some words, and nothing that only looks like one of them. */
export const choice = (
  path: string,
  column: string,
  takes: readonly string[],
  refuses: readonly string[],
): Row => ({
  path,
  column,
  cell: 'text',
  takes,
  refuses: [...refuses.map((it) => [it] as const), [''], [1], [true]],
});

/** Where a key or certificate is, or a public one itself; never a private key. */
export const publicText = (path: string, column: string): Row => ({
  path,
  column,
  cell: 'text',
  takes: ['/etc/ssl/it.pem', '-----BEGIN CERTIFICATE-----\nabc\n-----END CERTIFICATE-----\n'],
  refuses: [
    ['-----BEGIN RSA PRIVATE KEY-----\nabc\n-----END RSA PRIVATE KEY-----'],
    [long(65_537)],
    [1, wrongType],
  ],
});
