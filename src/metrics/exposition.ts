import { numberText, type Family, type Sample } from './families.ts'

/** The media type of Prometheus's text format, version 0.0.4. */
export const expositionType = 'text/plain; version=0.0.4; charset=utf-8'

/** Writes metrics in Prometheus's text format. */
export const expose = (families: Iterable<Family>): string => Array.from(families, textOf).join('')

function textOf ({ name, help, type, samples }: Family): string {
  const lines = Array.from(samples(), (sample) => `${name}${sampleText(sample)}\n`)
  return `# HELP ${name} ${escape(help)}\n# TYPE ${name} ${type}\n${lines.join('')}`
}

function sampleText ({ suffix = '', labels, value }: Sample): string {
  const texts = Object.entries(labels).map(([name, text]) => `${name}="${escape(text).replaceAll('"', '\\"')}"`)
  return `${suffix}${texts.length === 0 ? '' : `{${texts.join(',')}}`} ${numberText(value)}`
}

const escape = (text: string): string => text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n')
