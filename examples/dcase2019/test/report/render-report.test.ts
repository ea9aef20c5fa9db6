import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { renderReport } from '../../src/report/render-report.js'
import type { ReportData } from '../../src/report/report-data.js'
import { readMarkup, type Markup } from './read-markup.js'
import { emptyReport, sampleReport } from './sample-report.js'

const read = (data: ReportData): Markup => readMarkup(renderReport(data))
const page = renderReport(sampleReport)
const markup = readMarkup(page)
const exactNumbers = (found: Markup): number[] =>
  found.tags.filter(({ name }) => name === 'data').map(({ attributes }) => Number(attributes['value']))
const links = (found: Markup): string[] =>
  found.tags.flatMap(({ attributes }) => [attributes['src'], attributes['href']]).filter((link) => link !== undefined)
const words = (found: Markup): string => found.text.replaceAll(/\s+/g, ' ')

/** Every string of the data changed the same way, so that names still match. Words that the types list stay. */
function withStrings(data: ReportData, change: (text: string) => string): ReportData {
  const kept = new Set(['model', 'ensemble', 'frames', 'samples', 'spectrogram', 'waveform'])
  const walk = (value: unknown, key: string): unknown => {
    if (typeof value === 'string')
      return (key === 'kind' || key.endsWith('Unit')) && kept.has(value) ? value : key === 'audio' || key === 'path' ? value : change(value)
    if (ArrayBuffer.isView(value)) return value
    if (Array.isArray(value)) return value.map((entry) => walk(entry, key))
    if (value !== null && typeof value === 'object')
      return Object.fromEntries(Object.entries(value).map(([name, entry]) => [name, walk(entry, name)]))
    return value
  }
  return walk(data, '') as ReportData
}

describe('the page', () => {
  test('is well-formed and stands alone: no script, nothing fetched but the clips beside it', () => {
    expect(markup.tags.filter(({ name }) => ['script', 'link', 'iframe', 'object', 'base'].includes(name))).toEqual([])
    expect(markup.tags.flatMap(({ attributes }) => Object.keys(attributes)).filter((name) => name.startsWith('on'))).toEqual([])
    for (const link of links(markup)) expect(link).toMatch(/^(#|data:image\/png;base64,|data\/test\/\w+\.ogg$|[a-z]+\.csv$)/)
    expect(page).not.toMatch(/@import|url\(/)
    expect(Buffer.byteLength(page)).toBeLessThan(300_000)
  })

  test('has every section, each link leads to one', () => {
    const ids = markup.tags.flatMap(({ attributes }) => attributes['id'] ?? [])
    expect(ids).toEqual(['scores', 'training', 'augmentation', 'classes', 'clips', 'settings'])
    expect(links(markup).filter((link) => link.startsWith('#'))).toEqual(ids.map((id) => `#${id}`))
  })

  test('follows light and dark, and prints', () => {
    for (const rule of ['color-scheme: light dark', '@media (prefers-color-scheme: dark)', '@media print']) expect(page).toContain(rule)
  })

  test('is the same for the same data, and for data that went through JSON', () => {
    expect(renderReport(sampleReport)).toBe(page)
    // As the caller may have read it from files: typed arrays become lists.
    const plain = JSON.parse(
      JSON.stringify(sampleReport, (_, value: unknown) => (ArrayBuffer.isView(value) ? Array.from(value as Float32Array) : value)),
    ) as ReportData
    expect(renderReport(plain)).toBe(page)
  })
})

describe('numbers equal the data', () => {
  const numbers = exactNumbers(markup)

  test('scores of every system and set, with intervals', () => {
    for (const { scores } of sampleReport.systems) {
      for (const { overall, low, high } of scores) {
        expect(numbers).toContain(overall)
        expect(markup.text).toContain(`${low?.toFixed(3)} – ${high?.toFixed(3)}`)
      }
    }
    for (const { overall } of sampleReport.references) expect(numbers).toContain(overall)
  })

  test('scores and weights of every class', () => {
    for (const { scores } of sampleReport.systems)
      for (const { perClass } of scores) for (const score of perClass) expect(numbers).toContain(score)
    for (const { weight, label } of sampleReport.classes) {
      expect(numbers).toContain(weight)
      expect(markup.text).toContain(label)
    }
  })

  test('classes stand hardest first, each with its own numbers', () => {
    const rows = page.split('<table class="classes">')[1].split('</table>')[0].split('<tr>').slice(2)
    const ensemble = sampleReport.systems[3].scores[1].perClass as number[]
    const order = sampleReport.classes.map((_, i) => i).sort((a, b) => ensemble[a] - ensemble[b])
    expect(rows).toHaveLength(order.length)
    rows.forEach((row, i) => {
      expect(row).toContain(sampleReport.classes[order[i]].label)
      expect(row).toContain(`<data value="${ensemble[order[i]]}">`)
    })
  })

  test('last losses, best and last validation of every fold', () => {
    for (const { epochs } of sampleReport.runs) {
      for (const loss of epochs[epochs.length - 1].losses) expect(numbers).toContain(loss)
      const validation = epochs.map((epoch) => epoch.validation as number)
      expect(numbers).toContain(validation[validation.length - 1])
      expect(numbers).toContain(Math.max(...validation))
    }
  })

  test('what cross-validation chose, precision of clips, times, counts', () => {
    const { choice, clips, stages, networks } = sampleReport
    for (const estimate of [choice?.estimate, choice?.score, choice?.plain, ...(choice?.models.map((model) => model.estimate) ?? [])])
      expect(numbers).toContain(estimate)
    for (const { precision } of clips.shown) expect(numbers).toContain(precision)
    for (const { seconds } of stages) expect(numbers).toContain(seconds)
    for (const { parameters, paperParameters } of networks)
      for (const count of [parameters, paperParameters]) expect(markup.text).toContain(count.toLocaleString('en-US'))
    expect(words(markup)).toContain('128 of 160 clips are right')
    expect(words(markup)).toContain('4 min 03 s')
  })

  test('lines of the charts: as many points as epochs', () => {
    const lines = markup.tags.filter(({ name }) => name === 'polyline').map(({ attributes }) => attributes['points'].split(' ').length)
    // A: 2 streams × (2 folds + mean), validation 2 folds + mean, all over 80 epochs; B: 3 streams + validation over 30.
    expect(lines.filter((count) => count === 80)).toHaveLength(9)
    expect(lines.filter((count) => count === 30)).toHaveLength(12)
  })
})

describe('what it says', () => {
  test('that the ensemble beats the best single model, or that it does not', () => {
    expect(words(markup)).toContain('The ensemble beats the best single model (B, 0.868) by 0.013 on test.')
    expect(words(markup)).toContain('95 % interval −0.004 to 0.031 (p = 0.140): it includes zero')
    const [a, b, c, ensemble] = sampleReport.systems
    const worse = { ...ensemble, scores: ensemble.scores.map((score) => ({ ...score, overall: 0.8 })) }
    const lost = words(read({ ...sampleReport, comparison: null, systems: [a, b, c, worse] }))
    expect(lost).toContain('The ensemble does not beat the best single model on test: 0.800 against 0.868 (B).')
    expect(lost).not.toContain('The ensemble beats')
  })

  test('that the networks are reduced, or the paper’s own', () => {
    expect(words(markup)).toContain(
      "The networks are the paper's at reduced width and slice length: A with 1/8 of the paper's width and slices of 128 instead of 512 frames",
    )
    const full = sampleReport.networks.map((network) => ({ ...network, width: 1, slice: network.paperSlice }))
    expect(words(read({ ...sampleReport, networks: full }))).toContain("The networks are the paper's, at full width and slice length.")
  })

  test('notes, labels, draws and settings', () => {
    const noted = words(read({ ...sampleReport, notes: ['3 clips were skipped'] }))
    for (const text of [
      '3 clips were skipped',
      'mixup with 03086cc8.ogg: 0.71',
      'Marimba_and_xylophone 0.29',
      '"hopSamples": 347',
      'node-gpu is not installed',
      'left out',
      '0, 16 frames',
    ]) {
      expect(noted).toContain(text)
    }
  })

  test('clips play where a file is given beside the report', () => {
    const players = markup.tags.filter(({ name }) => name === 'audio').map(({ attributes }) => attributes['src'])
    expect(players.toSorted()).toEqual(['data/test/02f4bc20.ogg', 'data/test/031eb9e4.ogg', 'data/test/05857262.ogg'])
  })
})

describe('hostile names stay text', () => {
  const tagNames = markup.tags.map(({ name }) => name)

  test.each([
    '<script>alert(1)</script>',
    '"><img src=x onerror=alert(1)>',
    "' onmouseover='alert(1)",
    '</style></title><b>',
    '&lt;&amp;&#0;',
    '<!-- ',
    ']]>',
    '`${1}`',
    '\u0000\u001B[31m\uD800',
    '\u202Egnp.exe',
  ])('%j', (hostile) => {
    const found = read(withStrings(sampleReport, (text) => `${hostile}${text}`))
    expect(found.tags.map(({ name }) => name)).toEqual(tagNames)
    expect(found.tags.flatMap(({ attributes }) => Object.keys(attributes)).filter((name) => name.startsWith('on'))).toEqual([])
    const shown = ['\u0000', '\u001B', '\uD800'].reduce((text, character) => text.replaceAll(character, '\uFFFD'), hostile)
    expect(found.text).toContain(`${shown}Walk_and_footsteps`)
  })

  test('any string', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 12 }), (prefix) => {
        // A letter behind it keeps different names different when control characters are replaced.
        expect(read(withStrings(sampleReport, (text) => `${prefix}${text}`)).tags.map(({ name }) => name)).toEqual(tagNames)
      }),
      { numRuns: 40 },
    )
  })

  test.each([
    'javascript:alert(1)',
    'JAVASCRIPT:alert(1)',
    'https://example.com/x.ogg',
    '//example.com/x.ogg',
    '/etc/passwd',
    'C:\\x.ogg',
    '\\\\host\\x.ogg',
    'data:text/html,x',
    '',
  ])('%j is no link', (path) => {
    const shown = [{ ...sampleReport.clips.shown[0], audio: path }]
    const found = read({ ...sampleReport, clips: { ...sampleReport.clips, shown }, files: [{ path, about: 'x' }] })
    expect(found.tags.some(({ name }) => name === 'audio')).toBe(false)
    expect(links(found).filter((link) => !link.startsWith('#') && !link.startsWith('data:image/png;base64,'))).toEqual([])
  })

  test('a file name is encoded', () => {
    const shown = [{ ...sampleReport.clips.shown[0], audio: '../a b/"#?%\uD800.wav' }]
    const found = read({ ...sampleReport, clips: { ...sampleReport.clips, shown } })
    expect(found.tags.find(({ name }) => name === 'audio')?.attributes['src']).toBe('../a%20b/%22%23%3F%25%EF%BF%BD.wav')
  })
})

describe('little or no data', () => {
  test('nothing at all', () => {
    const found = read(emptyReport)
    expect(words(found)).toContain('There is no ensemble on test.')
    expect(words(found)).not.toMatch(/NaN|undefined|null|Infinity/)
  })

  test('one epoch of one fold', () => {
    const runs = sampleReport.runs.slice(0, 1).map((run) => ({ ...run, epochs: run.epochs.slice(0, 1), learningRates: [], snapshots: [1] }))
    const found = read({ ...sampleReport, runs })
    expect(found.tags.filter(({ name }) => name === 'polyline')).toEqual([])
    expect(exactNumbers(found)).toContain(runs[0].epochs[0].losses[0])
    expect(JSON.stringify(found)).not.toMatch(/NaN|undefined|Infinity/)
  })

  test('no epoch, no loss, no stream', () => {
    const runs = sampleReport.runs.map((run, i) => ({
      ...run,
      streams: i === 0 ? [] : run.streams,
      epochs: [],
      learningRates: [],
      snapshots: [],
    }))
    expect(words(read({ ...sampleReport, runs }))).toContain('Nothing was recorded.')
  })

  test('numbers that are not there', () => {
    const gone = { overall: null, low: null, high: null, perClass: sampleReport.classes.map(() => null) }
    const systems = sampleReport.systems.map((system) => ({ ...system, scores: system.scores.map((score) => ({ ...score, ...gone })) }))
    const runs = sampleReport.runs.map((run) => ({
      ...run,
      epochs: run.epochs.map((epoch) => ({ ...epoch, losses: [], validation: null, learningRate: null })),
    }))
    const found = read({ ...sampleReport, systems, runs, references: [] })
    expect(words(found)).toContain('Nothing was scored.')
    expect(JSON.stringify(found)).not.toMatch(/NaN|undefined|Infinity/)
  })

  test('numbers that are not finite', () => {
    const systems = sampleReport.systems.map((system) => ({
      ...system,
      scores: system.scores.map((score) => ({ ...score, overall: Number.NaN, perClass: score.perClass.map(() => Number.NaN) })),
    }))
    const runs = sampleReport.runs.map((run) => ({
      ...run,
      epochs: run.epochs.map((epoch, i) => ({ ...epoch, losses: epoch.losses.map((loss) => (i === 3 ? Infinity : loss)) })),
    }))
    const found = read({ ...sampleReport, systems, runs })
    expect(JSON.stringify(found)).not.toMatch(/NaN|undefined|Infinity/)
  })

  test('silent and broken inputs', () => {
    const [first] = sampleReport.augmentations
    const inputs: ReportData['augmentations'][number]['before'][] = [
      { kind: 'spectrogram', data: new Float32Array(12).fill(-100), bins: 3, frames: 4 },
      { kind: 'spectrogram', data: new Float32Array(12).fill(Number.NaN), bins: 3, frames: 4 },
      { kind: 'spectrogram', data: new Float32Array(5), bins: 3, frames: 4 },
      { kind: 'spectrogram', data: [], bins: 0, frames: 0 },
      { kind: 'waveform', samples: new Float32Array(1), sampleRate: 44_100 },
      { kind: 'waveform', samples: new Float32Array(1000).fill(Number.NaN), sampleRate: 44_100 },
      { kind: 'waveform', samples: [], sampleRate: 44_100 },
    ]
    const found = read({ ...sampleReport, augmentations: inputs.map((input) => ({ ...first, before: input, draws: [], labelsAfter: [] })) })
    expect(JSON.stringify(found)).not.toMatch(/NaN|undefined|Infinity/)
    expect(words(found)).toContain('Nothing to show.')
  })
})
