/** Users and items of the benchmarks that ask a running server for lists. */
export const CATALOGUE = { rows: 6_000, columns: 20_108, entries: 440_000 }

/** The path that is asked for, by the number of the request: every user in turn. */
export const pathOf = (request: number): string =>
  `/v1/recommendations/u${(request * 7) % CATALOGUE.rows}?model=music`
