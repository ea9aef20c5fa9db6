/** A tag as it stands in the page. */
export interface Tag {
  readonly name: string
  readonly attributes: Readonly<Record<string, string>>
}

/** What `readMarkup` found. */
export interface Markup {
  /** Opening tags, in order. */
  readonly tags: readonly Tag[]
  /** Text with its entities resolved, without the style sheet. */
  readonly text: string
}

const VOID = new Set(['meta', 'img', 'br', 'link', 'input'])
const ENTITIES: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', '#39': "'", '#96': '`' }

/**
 * A strict reader of the markup the report may use: every element closed, attributes quoted and not repeated, only the entities that `html`
 * writes, no stray `<`, `>` or `&`. Throws where a browser would have to guess.
 */
export function readMarkup(page: string): Markup {
  const tags: Tag[] = []
  const open: string[] = []
  const text: string[] = []
  let rest = page.replace(/^<!DOCTYPE html>\n/, '')
  if (rest === page) throw new Error('no doctype')
  while (rest !== '') {
    if (open.at(-1) === 'style') {
      const end = rest.indexOf('</style>')
      if (end < 0) throw new Error('style is never closed')
      rest = rest.slice(end)
    }
    const plain = /^[^<]+/.exec(rest)
    if (plain) {
      text.push(resolved(plain[0]))
      rest = rest.slice(plain[0].length)
      continue
    }
    const tag = /^<(\/?)([A-Za-z][\w-]*)((?:\s+[\w:-]+="[^"<>]*")*)\s*(\/?)>/.exec(rest)
    if (!tag) throw new Error(`not a tag: ${rest.slice(0, 80)}`)
    const [whole, closing, name, attributes, selfClosing] = tag
    rest = rest.slice(whole.length)
    if (closing === '/') {
      const expected = open.pop()
      if (expected !== name) throw new Error(`</${name}> closes <${expected}>`)
      continue
    }
    tags.push({ name, attributes: attributesOf(attributes) })
    if (selfClosing === '' && VOID.has(name)) throw new Error(`<${name}> is not closed`)
    if (selfClosing === '') open.push(name)
  }
  if (open.length > 0) throw new Error(`never closed: ${open.join(', ')}`)
  return { tags, text: text.join('') }
}

function attributesOf(text: string): Record<string, string> {
  const attributes: Record<string, string> = {}
  for (const [, name, value] of text.matchAll(/([\w:-]+)="([^"]*)"/g)) {
    if (Object.hasOwn(attributes, name)) throw new Error(`${name} twice in ${text}`)
    attributes[name] = resolved(value)
  }
  return attributes
}

function resolved(text: string): string {
  if (/[>"'`]/.test(text.replaceAll("'", ''))) throw new Error(`a bare character in: ${text.slice(0, 80)}`)
  return text.replaceAll(/&([^;&\s]*;?)/g, (whole, name: string) => {
    const character = ENTITIES[name.replace(/;$/, '')]
    if (character === undefined || !name.endsWith(';')) throw new Error(`not an entity: ${whole}`)
    return character
  })
}
