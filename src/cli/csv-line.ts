/** A line of CSV: fields quoted where RFC 4180 asks for it, and otherwise as they are, so that they can be read back. */
export const csvLine = (cells: readonly string[]): string =>
  `${cells.map((cell) => (/[",\n\r]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell)).join(',')}\n`
