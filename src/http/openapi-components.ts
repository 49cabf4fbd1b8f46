import { problemMediaType } from './problem-reply.ts'

/** The parts of an OpenAPI document that contain, or may contain, references. */
export interface SharedDocument {
  paths?: Record<string, Record<string, Operation>>
  components?: Record<string, unknown>
}

interface Operation {
  parameters?: (Parameter | Reference)[]
  responses?: Record<string, Response | Reference>
}

interface Parameter {
  readonly name: string
}

interface Response {
  headers?: Record<string, unknown>
  readonly content?: Readonly<Record<string, { readonly examples?: object }>>
}

interface Reference {
  readonly $ref: string
}

/** A place in the document, and a name for the component that its value may become. */
interface Place {
  readonly holder: Record<string, unknown>
  readonly key: string
  readonly name: string
}

/**
 * Moves the headers, the parameters and the problem responses that are repeated to the document's components, in place. If
 * several values have the same name, the most frequent one gets the name itself, and the others get a numeric suffix.
 *
 * - A header has its own name.
 * - A parameter is named after itself, such as `AwsCredentialId`.
 * - A response is named after the codes of its problems, such as `NotFoundOrSecretNotFound`.
 */
export function shareComponents (document: SharedDocument): void {
  // The routes' own schemas may be part of the document, and must not change.
  document.paths = structuredClone(document.paths ?? {})
  const operations = Object.values(document.paths).flatMap((path) => Object.values(path))
  const responses = operations.flatMap(({ responses = {} }) => Object.values(responses)) as Response[]
  document.components = {
    ...document.components,
    headers: share('headers', responses.flatMap(({ headers }) => placesIn(headers, (name) => name))),
    parameters: share('parameters', operations.flatMap(({ parameters = [] }) =>
      placesIn(parameters, (_key, parameter) => pascalCase((parameter as Parameter).name)))),
    responses: share('responses', operations.flatMap(({ responses = {} }) =>
      placesIn(responses, (_key, response) => nameOf(response as Response))))
  }
}

function placesIn (holder: object = {}, nameOf: (key: string, value: unknown) => string | undefined): Place[] {
  return Object.entries(holder).flatMap(([key, value]: [string, unknown]) => {
    const name = nameOf(key, value)
    return name === undefined ? [] : [{ holder: holder as Record<string, unknown>, key, name }]
  })
}

/** Returns the name of a response with problems, or undefined for any other response. */
function nameOf ({ content = {} }: Response): string | undefined {
  const codes = Object.keys(content[problemMediaType]?.examples ?? {})
  return codes.length === 0 ? undefined : codes.map(pascalCase).join('Or')
}

const pascalCase = (text: string): string => text.replace(/(?:^|-)([a-z])/g, (_, letter: string) => letter.toUpperCase())

/** Replaces the values that are repeated with references. Returns the components, sorted by name. */
function share (section: string, places: readonly Place[]): Record<string, unknown> {
  const components: [string, unknown][] = []
  for (const [name, candidates] of Map.groupBy(places, (place) => place.name)) {
    const variants = Map.groupBy(candidates, ({ holder, key }) => JSON.stringify(holder[key]))
    const repeated = Array.from(variants).filter(([, { length }]) => length > 1)
      .sort(([, one], [, other]) => other.length - one.length)
    for (const [index, [json, equal]] of repeated.entries()) {
      const ownName = index === 0 ? name : `${name}${index + 1}`
      components.push([ownName, JSON.parse(json)])
      for (const { holder, key } of equal) holder[key] = { $ref: `#/components/${section}/${ownName}` } satisfies Reference
    }
  }
  return Object.fromEntries(components.sort(([one], [other]) => one < other ? -1 : 1))
}

/** Matches the references that `inlineComponents` replaces with the components. References to schemas stay. */
const inlined = /^#\/components\/(headers|parameters|responses)\/([^/]+)$/

/** Returns a copy of the document in which the headers, parameters and responses are written out wherever they are used. */
export function inlineComponents<Document extends { paths?: unknown, components?: unknown }> (document: Document): Document {
  const { headers, parameters, responses, ...components } = document.components as Record<string, Record<string, unknown>>
  const sections: Record<string, Record<string, unknown> | undefined> = { headers, parameters, responses }
  const inline = (value: unknown): unknown => {
    if (typeof value !== 'object' || value === null) return value
    if (Array.isArray(value)) return value.map(inline)
    const [, section = '', name = ''] = inlined.exec(String((value as Partial<Reference>).$ref)) ?? []
    if (section !== '') return inline(sections[section]?.[name])
    return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, inline(member)]))
  }
  return { ...document, components, paths: inline(document.paths) }
}
