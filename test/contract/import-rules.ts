import { readdir, readFile } from 'node:fs/promises'
import { dirname, join, normalize, relative } from 'node:path'
import ts from 'typescript'

/** An import in the file `from`. `to` is the imported file or package. The paths of files are relative to the project's root. */
export interface Import {
  from: string
  to: string
}

interface Rule {
  says: string
  forbids: (edge: Import) => boolean
}

const inside = (path: string, ...folders: readonly string[]): boolean => folders.some((folder) => path === folder || path.startsWith(`${folder}/`))

const isFastify = (to: string): boolean => /^(fastify|fastify-plugin|@fastify\/.*)$/.test(to)
const isRedis = (to: string): boolean => to.startsWith('@redis/')
const isAws = (to: string): boolean => to.startsWith('@aws-sdk/')

const rim = ['src/app.ts', 'src/start.ts', 'src/http', 'src/request', 'plugins', 'routes']

const rules: readonly Rule[] = [
  {
    says: 'routes know src and nothing else of the project',
    forbids: ({ from, to }) => inside(from, 'routes') && inside(to, 'routes', 'plugins')
  },
  {
    says: 'a plugin reaches another through Fastify, never by import',
    forbids: ({ from, to }) => inside(from, 'plugins') && inside(to, 'routes', 'plugins')
  },
  {
    says: 'src knows neither plugins nor routes',
    forbids: ({ from, to }) => inside(from, 'src') && inside(to, 'routes', 'plugins')
  },
  {
    says: 'the core knows nothing of Fastify',
    forbids: ({ from, to }) => !inside(from, ...rim) && isFastify(to)
  },
  {
    says: 'only src/aws imports the SDK, and the embedded backend its types',
    forbids: ({ from, to }) => !inside(from, 'src/aws', 'src/local-backend') && isAws(to)
  },
  {
    says: 'only src/aws knows the SDK\'s types and AWS\'s names of secrets',
    forbids: ({ from, to }) => !inside(from, 'src/aws') && inside(to, 'src/aws/types.ts', 'src/aws/names.ts')
  },
  {
    says: 'only src/shared knows the client of Redis',
    forbids: ({ from, to }) => !inside(from, 'src/shared') && isRedis(to)
  },
  {
    says: 'only src/authorization knows Cedar',
    forbids: ({ from, to }) => !inside(from, 'src/authorization') && to.startsWith('@cedar-policy/')
  },
  {
    says: 'only src/tracing/opentelemetry.ts imports OpenTelemetry',
    forbids: ({ from, to }) => to.startsWith('@opentelemetry/') && from !== 'src/tracing/opentelemetry.ts'
  },
  {
    says: 'only src/tracing/open.ts imports src/tracing/opentelemetry.ts, so that it is loaded only if tracing is on',
    forbids: ({ from, to }) => to === 'src/tracing/opentelemetry.ts' && from !== 'src/tracing/open.ts'
  },
  {
    says: 'only src/cli/keyring/helper.ts calls the keyring, because a call blocks its process',
    forbids: ({ from, to }) => to.startsWith('@napi-rs/') && from !== 'src/cli/keyring/helper.ts'
  },
  {
    says: 'environments, authorization, authentication, the cache and src/aws know no use case',
    forbids: ({ from, to }) => inside(from, 'src/environments', 'src/authorization', 'src/authentication', 'src/cache', 'src/aws') && inside(to, 'src/secrets')
  },
  {
    says: 'the embedded backend knows AWS\'s model and protocol, and nothing of the gateway',
    forbids: ({ from, to }) => inside(from, 'src/local-backend') && inside(to, 'src') && !inside(to, 'src/local-backend', 'src/aws-model', 'src/aws-protocol', 'src/command-line')
  },
  {
    says: 'AWS\'s protocol knows AWS\'s model, and neither the gateway nor the embedded backend',
    forbids: ({ from, to }) => inside(from, 'src/aws-protocol') && inside(to, 'src') && !inside(to, 'src/aws-protocol', 'src/aws-model')
  },
  {
    says: 'only the local mode, and the command for it, start the embedded backend',
    forbids: ({ from, to }) => !inside(from, 'src/local-backend', 'src/local-mode', 'src/cli/commands/local.ts') &&
      inside(to, 'src/local-backend')
  }
]

/** Checks a project's folders `src`, `plugins` and `routes`. Returns the imports that break a rule, and the import cycles. */
export async function violations (root: string): Promise<string[]> {
  const imports = await importsOf(root)
  const broken = imports.flatMap((edge) => rules.filter(({ forbids }) => forbids(edge)).map(({ says }) => `${edge.from} → ${edge.to}: ${says}`))
  return [...broken, ...importCycles(imports, folderOf), ...importCycles(imports, (path) => path.endsWith('.ts') ? path : undefined)]
}

/** Returns all imports in a project's folders `src`, `plugins` and `routes`, including dynamic ones. */
export async function importsOf (root: string): Promise<Import[]> {
  const folders = await Promise.all(['src', 'plugins', 'routes'].map(async (folder) => {
    const entries = await readdir(join(root, folder), { recursive: true, withFileTypes: true })
    return entries.filter((entry) => entry.isFile() && entry.name.endsWith('.ts')).map(({ parentPath, name }) => join(parentPath, name))
  }))
  const files = await Promise.all(folders.flat().map(async (file) => {
    const from = relative(root, file)
    const { importedFiles } = ts.preProcessFile(await readFile(file, 'utf8'))
    return importedFiles.map(({ fileName }) => ({ from, to: targetOf(from, fileName) }))
  }))
  return files.flat()
}

/** Returns what an import refers to: a package, or a file relative to the project's root. */
function targetOf (from: string, specifier: string): string {
  if (specifier.startsWith('#')) return `${specifier.slice(1)}.ts`
  return specifier.startsWith('.') ? normalize(join(dirname(from), specifier)) : specifier
}

/** Returns the folder of `src` that contains a file, or the file itself if it is directly in `src`. */
const folderOf = (path: string): string | undefined => /^src\/[^/]+/.exec(path)?.[0]

/**
 * Returns the cycles in which folders, or files, import each other.
 *
 * @param unitOf returns the folder or file that a path belongs to, or undefined to ignore it
 */
function importCycles (imports: readonly Import[], unitOf: (path: string) => string | undefined): string[] {
  const edges = new Map<string, Set<string>>()
  for (const { from, to } of imports) {
    const [one, other] = [unitOf(from), unitOf(to)]
    if (one !== undefined && other !== undefined && one !== other) edges.set(one, (edges.get(one) ?? new Set()).add(other))
  }
  const found = new Set<string>()
  const done = new Set<string>()
  const visit = (node: string, path: readonly string[]): void => {
    const start = path.indexOf(node)
    if (start >= 0) {
      found.add(`${path.slice(start).sort().join(' and ')} import each other in a circle`)
      return
    }
    if (done.has(node)) return
    for (const next of edges.get(node) ?? []) visit(next, [...path, node])
    done.add(node)
  }
  for (const node of edges.keys()) visit(node, [])
  return [...found]
}
