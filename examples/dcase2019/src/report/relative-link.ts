/**
 * A link to a file beside the report, or null where the path is not relative: a scheme such as `javascript:`, a drive, a host or an absolute path.
 *
 * @param path with forward slashes; any other character may be part of a name and is percent-encoded
 */
export function relativeLink(path: string): string | null {
  if (path === '' || path.startsWith('/') || path.startsWith('\\') || /^[A-Za-z][A-Za-z\d+.-]*:/.test(path)) return null
  // encodeURIComponent refuses lone surrogates, and takes care of colons, quotes and backslashes inside names.
  return path
    .replace(/\p{Cs}/gu, '\u{fffd}')
    .split('/')
    .map(encodeURIComponent)
    .join('/')
}
