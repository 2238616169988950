/** Money is a whole number of cents: a float would lose some. */
export type Cents = number

/** `1250` is `12.50 EUR`. */
export function formatMoney(cents: Cents): string {
  return `${(cents / 100).toFixed(2)} EUR`
}
