/** The table that `export --format csv` writes: its columns, and its cells as RFC 4180 has them. */
const COLUMNS = [
  ...["time", "position", "stream", "revision", "type", "order_id", "request_id", "account"],
  ...["actor", "action", "base_mint", "quote_mint", "mint", "amount", "amount_units"],
  ...["amount_in", "amount_in_units", "amount_out", "amount_out_units", "price"],
  ...["base_fee_lamports", "priority_fee_lamports", "tip_lamports", "rent_lamports"],
  ...["slippage_bps", "attempt", "reason", "message", "tx_signature", "event_id", "hash"],
] as const;

type Column = (typeof COLUMNS)[number];
export type Cells = { [C in Column]?: string };

/** The first line, with its line end. */
export const CSV_HEAD = `${COLUMNS.join(",")}\r\n`;

/** A plain number may begin with a minus; everything else that a spreadsheet would calculate gets an apostrophe. */
const FORMULA = /^(?:[=+@\t\r]|-(?!\d+(?:\.\d+)?$))/;

/** One cell, quoted where it must be. */
export function csvCell(text: string): string {
  const safe = FORMULA.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

/** A line with its line end; what is absent is empty. */
export const csvRow = (cells: Cells): string =>
  `${COLUMNS.map((column) => csvCell(cells[column] ?? "")).join(",")}\r\n`;
