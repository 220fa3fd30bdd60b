/** Names and texts inside SQL: standard quoting, as DuckDB and every other engine reads it. */

/** `a"b` → `"a""b"`. */
export const sqlName = (name: string): string => `"${name.replaceAll('"', '""')}"`

/** `it's` → `'it''s'`. */
export const sqlText = (text: string): string => `'${text.replaceAll("'", "''")}'`
