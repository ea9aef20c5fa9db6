import { html, type Html } from './html.js'

/** What stands where there is no number. */
export const NO_NUMBER = '–'

/** A number to read: fixed decimals, `–` for null, NaN and infinities. */
export function formatNumber(value: number | null | undefined, decimals: number = 3): string {
  return typeof value === 'number' && Number.isFinite(value) ? fixed(value, decimals) : NO_NUMBER
}

/** The same as markup that keeps every digit: `<data value="0.8712345">0.871</data>`. */
export function numberCell(value: number | null | undefined, decimals: number = 3): Html {
  if (typeof value !== 'number' || !Number.isFinite(value)) return html`${NO_NUMBER}`
  return html`<data value="${value}">${fixed(value, decimals)}</data>`
}

/** A count with thousands apart: `24,592,224`. */
export function formatCount(value: number): string {
  return Number.isFinite(value) ? value.toLocaleString('en-US', { maximumFractionDigits: 1 }) : NO_NUMBER
}

/** Seconds as `41 s` or `3 min 05 s` or `2 h 05 min`. */
export function formatDuration(seconds: number): string {
  if (!Number.isFinite(seconds) || seconds < 0) return NO_NUMBER
  if (seconds < 9.95) return `${seconds.toFixed(1)} s`
  const whole = Math.round(seconds)
  if (whole < 60) return `${whole} s`
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${String(whole % 60).padStart(2, '0')} s`
  const minutes = Math.round(whole / 60)
  return `${Math.floor(minutes / 60)} h ${String(minutes % 60).padStart(2, '0')} min`
}

/** With a minus sign, not a hyphen, and no negative zero. */
function fixed(value: number, decimals: number): string {
  const text = Math.abs(value).toFixed(decimals)
  return value < 0 && Number(text) !== 0 ? `−${text}` : text
}
