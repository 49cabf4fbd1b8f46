import { Document, isScalar, visit } from 'yaml'

/** The length up to which a list is written in one line. */
const longestLine = 100

/** Returns the OpenAPI document as YAML. References and short lists take one line each. */
export function openApiYaml (document: object): string {
  const yaml = new Document(document, { aliasDuplicateObjects: false })
  visit(yaml, {
    Map (_key, map) {
      const [first] = map.items
      if (map.items.length === 1 && isScalar(first?.key) && first.key.value === '$ref') map.flow = true
    },
    Seq (_key, list) {
      const isShort = JSON.stringify(list).length < longestLine
      if (isShort && list.items.every(isScalar)) list.flow = true
    }
  })
  return yaml.toString({ lineWidth: 0 })
}
