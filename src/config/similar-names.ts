/** The number of names that a message suggests. */
const suggestions = 3

/** Returns the names that are closest to a mistyped one, closest first. */
export const similarNames = (typed: string, names: readonly string[]): string[] => names
  .map((name) => ({ name, distance: editDistance(typed, name) }))
  .sort((one, other) => one.distance - other.distance)
  .slice(0, suggestions)
  .map(({ name }) => name)

/** Returns the number of characters that have to be inserted, removed or replaced to turn one string into another. */
function editDistance (one: string, other: string): number {
  let row = Array.from({ length: other.length + 1 }, (_, index) => index)
  for (const [index, character] of Array.from(one).entries()) {
    const next = [index + 1]
    for (const [column, otherCharacter] of Array.from(other).entries()) {
      const [diagonal = 0, above = 0] = row.slice(column)
      const left = next.at(-1) ?? 0
      next.push(Math.min(above + 1, left + 1, diagonal + (character === otherCharacter ? 0 : 1)))
    }
    row = next
  }
  return row.at(-1) ?? 0
}
